// The demo's list of accounts: a press fills the form above it. Without it, one types.

for (const button of document.querySelectorAll("[data-fills]")) {
  button.addEventListener("click", () => {
    const form = document.querySelector("form.fields");
    form.querySelector(`[name=${button.dataset.fills}]`).value = button.dataset.value;
    const password = form.querySelector("[name=password]");
    if (password) password.value = button.dataset.secret ?? "";
    form.querySelector("button[type=submit]").focus();
    form.scrollIntoView({ block: "center" });
  });
}
