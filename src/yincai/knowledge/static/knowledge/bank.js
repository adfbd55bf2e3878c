// The item form: fields that belong to the kind of item, and the question as a pupil will see it, while one types.
import { fill } from "./formula.js";

const CHOICES = ["single", "multiple"];

function kindOf(form) {
  return form.querySelector('input[name="kind"]:checked')?.value ?? "single";
}

function showFields(form) {
  const choice = CHOICES.includes(kindOf(form));
  form.querySelectorAll("[data-for]").forEach((part) => {
    part.hidden = (part.dataset.for === "choice") !== choice;
  });
}

async function showOptions(form, seen) {
  const list = seen.querySelector("[data-options]");
  const fields = CHOICES.includes(kindOf(form)) ? [...form.querySelectorAll('input[name^="option_"]')] : [];
  const filled = fields.filter((field) => field.value.trim() !== "");
  const key = form.elements.answer.value.toUpperCase();
  const rows = await Promise.all(
    filled.map(async (field) => {
      const letter = field.name.slice("option_".length);
      const row = document.createElement("li");
      row.className = key.includes(letter) ? "right" : "";
      const mark = document.createElement("b");
      mark.textContent = letter;
      const text = document.createElement("div");
      row.append(mark, text);
      list.parentElement.append(row);
      await fill(text, field.value);
      row.remove();
      return row;
    }),
  );
  list.replaceChildren(...rows);
}

async function show(form, seen) {
  await fill(seen.querySelector("[data-stem]"), form.elements.stem.value || "题干会显示在这里。");
  await showOptions(form, seen);
  const analysis = form.elements.analysis.value;
  seen.querySelector("[data-solution]").hidden = analysis.trim() === "";
  await fill(seen.querySelector("[data-analysis]"), analysis);
}

function wake(form) {
  const seen = document.getElementById(form.dataset.preview);
  let waiting = 0;
  let shown = Promise.resolve();
  const now = () => {
    shown = shown.then(() => show(form, seen)); // one after another: an older text never covers a newer one
  };
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(now, 250);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", () => {
    showFields(form);
    later();
  });
  showFields(form);
  now();
}

document.querySelectorAll("form[data-preview]").forEach(wake);
