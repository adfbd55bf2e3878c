// Mapping by keyboard: ↑ ↓ between routes, Enter confirms, X says none of ours, / goes to the box for another point.
const rows = () => [...document.querySelectorAll("[data-route]")];

function move(from, step) {
  const all = rows();
  const next = all[all.indexOf(from) + step];
  if (next) next.focus();
}

function typing(target) {
  return target.matches('input:not([type="checkbox"]), textarea, select');
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("[data-route]");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") row.focus();
    return;
  }
  const act = { ArrowDown: () => move(row, 1), ArrowUp: () => move(row, -1), j: () => move(row, 1), k: () => move(row, -1) };
  act.x = () => press(row, "refuse");
  act["/"] = () => row.querySelector("input[list]")?.focus();
  act[" "] = () => row.querySelector('input[type="checkbox"]')?.click();
  act.Enter = () => press(row, "accept");
  if (event.key === "Enter" && event.target !== row) return;
  if (!act[event.key]) return;
  event.preventDefault();
  act[event.key]();
});

function press(row, what) {
  const button = row.querySelector(`[data-do="${what}"]`);
  if (!button) return;
  const all = rows();
  const next = all[all.indexOf(row) + 1];
  button.click();
  if (next) next.focus();
}

// Tick all, or none.
document.querySelectorAll("[data-ticks]").forEach((box) => {
  box.addEventListener("change", () => {
    document.querySelectorAll(`input[name="${box.dataset.ticks}"]`).forEach((each) => {
      each.checked = box.checked;
    });
  });
});
