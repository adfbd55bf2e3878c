// A form that shows something only once is sent only once; a button ticks a whole column.

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    setTimeout(() => { button.disabled = true; button.textContent = "正在处理…"; }, 0);
  });
}

for (const button of document.querySelectorAll("button[data-ticks]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const form = button.closest("form");
    for (const box of form.querySelectorAll(`input[name="${button.dataset.ticks}"]`)) box.checked = true;
  });
}
