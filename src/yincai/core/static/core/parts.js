// Small behaviours of the parts: tables that sort by a column, fields that narrow a table while one types, the rail.
// All works without it: the rows are there, in their own order.

function cellValue(row, index, kind) {
  const cell = row.cells[index];
  const text = (cell?.dataset.value ?? cell?.textContent ?? "").trim();
  if (kind !== "number") return text;
  const number = Number.parseFloat(text.replace(/[,\s%]/g, ""));
  return Number.isNaN(number) ? Number.NEGATIVE_INFINITY : number;
}

function sortBy(table, header, index) {
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const kind = header.dataset.sort;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [x, y] = [cellValue(a, index, kind), cellValue(b, index, kind)];
    const order = kind === "number" ? x - y : x.localeCompare(y, "zh-Hans-CN", { numeric: true });
    return down ? -order : order;
  });
  table.tBodies[0].append(...rows);
}

function makeSortable(table) {
  if (!table.tHead || table.dataset.ready) return;
  table.dataset.ready = "1";
  const last = table.tHead.rows[table.tHead.rows.length - 1];
  [...last.cells].forEach((header, index) => {
    if (!header.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(table, header, index));
    header.append(button);
  });
}

function makeFilter(input) {
  if (input.dataset.ready) return;
  input.dataset.ready = "1";
  const table = document.getElementById(input.dataset.filters);
  const count = document.getElementById(`${input.dataset.filters}-count`);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
      if (!row.hidden) shown += 1;
    }
    if (count) count.textContent = `${shown} 行`;
  });
}

function printOnClick(button) {
  if (button.dataset.ready) return;
  button.dataset.ready = "1";
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// The rail scrolls where it is longer than the window: where I am is in sight.
function showWhereIAm(rail) {
  const here = rail?.querySelector("[aria-current]");
  if (!here) return;
  const [box, inside] = [rail.getBoundingClientRect(), here.getBoundingClientRect()];
  if (inside.bottom > box.bottom) rail.scrollTop += inside.bottom - box.bottom + 24;
  if (inside.right > box.right) rail.scrollLeft += inside.right - box.right + 24;
}

export function wake(root) {
  root.querySelectorAll("table[data-sorts]").forEach(makeSortable);
  root.querySelectorAll("input[data-filters]").forEach(makeFilter);
  root.querySelectorAll("button[data-prints]").forEach(printOnClick);
}

showWhereIAm(document.querySelector(".rail"));
wake(document);
document.addEventListener("htmx:load", (event) => wake(event.target));
