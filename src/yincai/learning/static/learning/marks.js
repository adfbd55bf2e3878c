// The grid of marks: a sign goes to the next cell, arrow keys walk, √ × and Chinese signs are taken as 1 and 0.
const table = document.querySelector("table[data-marks]");
const SAME = { "√": "1", "✓": "1", "对": "1", "×": "0", x: "0", X: "0", "错": "0", "１": "1", "０": "0" };

function cells(row) {
  return [...row.querySelectorAll("td.cell input")];
}

function place(input) {
  const rows = [...table.tBodies[0].rows].filter((row) => cells(row).length);
  const y = rows.indexOf(input.closest("tr"));
  return { rows, y, x: cells(rows[y]).indexOf(input) };
}

function go(input, right, down) {
  const { rows, y, x } = place(input);
  let [column, line] = [x + right, y + down];
  const width = cells(rows[y]).length;
  if (column >= width) [column, line] = [0, line + 1];
  if (column < 0) [column, line] = [width - 1, line - 1];
  const target = rows[line] && cells(rows[line])[column];
  target?.focus();
  target?.select();
}

table?.addEventListener("input", (event) => {
  const input = event.target;
  if (!input.matches("td.cell input") || event.isComposing) return;
  input.value = SAME[input.value] ?? input.value;
  if (input.value === "0" || input.value === "1") go(input, 1, 0);
});

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1], Enter: [0, 1], " ": [1, 0] };
table?.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const back = event.key === "Backspace" && !event.target.value;
  if (!event.target.matches("td.cell input") || (!step && !back)) return;
  event.preventDefault();
  if (back) go(event.target, -1, 0);
  else go(event.target, ...step);
});
