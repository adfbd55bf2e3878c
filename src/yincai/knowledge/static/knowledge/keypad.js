// The keypad under an answer field, and the live preview of how the server reads what was typed.
// The server's reading is the only truth: nothing is parsed here. Works by mouse, by touch and by keyboard alone.

const CARET = "‸";
const WAIT = 250;
const OPERAND = /[0-9A-Za-zπ)\]½%²³]$/;
const PREFERENCE = "yincai.keypad";

let katexLoading = null;

function katexFrom(url) {
  katexLoading ??= import(url).then((module) => module.default).catch(() => null);
  return katexLoading;
}

// -- editing

function put(input, text) {
  const place = text.indexOf(CARET);
  const plain = text.replace(CARET, "");
  const room = input.maxLength - input.value.length + (input.selectionEnd - input.selectionStart);
  if (input.maxLength > 0 && plain.length > room) return;
  const start = input.selectionStart ?? input.value.length;
  input.setRangeText(plain, start, input.selectionEnd ?? start, "end");
  if (place >= 0) input.setSelectionRange(start + place, start + place);
  changed(input);
}

function changed(input) {
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function moveTo(input, place) {
  input.setSelectionRange(place, place);
}

function around(input) {
  const at = input.selectionStart;
  return [input.value.slice(0, at), input.value.slice(input.selectionEnd), at];
}

const DEEDS = {
  fraction(input) {
    const [before, after, at] = around(input);
    if (after.startsWith("/")) moveTo(input, at + 1);
    else put(input, OPERAND.test(before) ? "/" : `(${CARET})/()`);
  },
  back(input) {
    const [before, after, at] = around(input);
    if (input.selectionEnd > at) input.setRangeText("", at, input.selectionEnd, "end");
    else {
      const root = before.endsWith("√(") ? 2 : 1;
      const pair = before.endsWith("(") && after.startsWith(")") ? 1 : 0;
      if (before) input.setRangeText("", at - Math.min(root, before.length), at + pair, "end");
    }
    changed(input);
  },
  left(input) {
    const [before, , at] = around(input);
    moveTo(input, Math.max(0, at - (before.endsWith(")/(") ? 3 : 1)));
  },
  right(input) {
    const [, after] = around(input);
    moveTo(input, Math.min(input.value.length, input.selectionEnd + (after.startsWith(")/(") ? 3 : 1)));
  },
};

function press(input, button) {
  if (button.dataset.insert !== undefined) put(input, button.dataset.insert);
  else DEEDS[button.dataset.do]?.(input);
}

// -- moving among the keys with the arrow keys: the pad is one stop of the Tab key

function walk(event, keys) {
  const at = keys.indexOf(document.activeElement);
  if (at < 0) return;
  const columns = getComputedStyle(keys[0].parentElement).gridTemplateColumns.split(" ").length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  const to = event.key === "Home" ? 0 : event.key === "End" ? keys.length - 1 : at + step;
  if (!(to >= 0 && to < keys.length)) return;
  event.preventDefault();
  keys[at].tabIndex = -1;
  keys[to].tabIndex = 0;
  keys[to].focus();
}

// -- the preview

class Preview {
  constructor(input, pad) {
    this.input = input;
    this.shown = pad.querySelector("[data-shown]");
    this.marked = pad.querySelector("[data-marked]");
    this.message = pad.querySelector("[data-message]");
    this.timer = 0;
    this.asking = null;
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  async ask() {
    const typed = this.input.value;
    this.asking?.abort();
    if (!typed.trim() || !this.input.dataset.previewUrl) return this.clear();
    this.asking = new AbortController();
    try {
      const reply = await fetch(this.input.dataset.previewUrl, {
        method: "POST",
        headers: { "X-CSRFToken": this.token(), Accept: "application/json" },
        body: new URLSearchParams({ text: typed, kind: this.input.dataset.kind, unit: this.input.dataset.unit }),
        credentials: "same-origin",
        signal: this.asking.signal,
      });
      if (!reply.ok) return this.clear();
      const read = await reply.json();
      if (this.input.value === typed) await this.show(read, typed);
    } catch (error) {
      if (error.name !== "AbortError") this.clear(); // no line to the server: the answer itself is untouched
    }
  }

  token() {
    return this.input.form?.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  }

  // Another field has the pad now: what was asked for this one must not be shown any more.
  leave() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.clear();
  }

  clear() {
    this.shown.hidden = this.marked.hidden = this.message.hidden = true;
    this.input.removeAttribute("aria-invalid");
  }

  async show(read, typed) {
    this.message.textContent = read.ok ? "" : (read.message ?? "");
    this.message.hidden = read.ok;
    this.marked.hidden = read.ok || read.position === null || read.position === undefined;
    if (!this.marked.hidden) this.mark(typed, read.position);
    if (read.ok) this.input.removeAttribute("aria-invalid");
    else this.input.setAttribute("aria-invalid", "true");
    await this.formula(read);
  }

  // The server counts characters, JavaScript counts UTF-16 units: spread before cutting.
  mark(typed, position) {
    const letters = [...typed];
    const place = document.createElement("mark");
    place.textContent = letters[position] ?? "\u00a0";
    this.marked.replaceChildren(letters.slice(0, position).join(""), place, letters.slice(position + 1).join(""));
  }

  async formula(read) {
    this.shown.hidden = !read.ok || !read.latex;
    if (this.shown.hidden) return;
    const katex = await katexFrom(this.input.dataset.katex);
    const place = document.createElement("span");
    try {
      if (!katex) throw new Error("KaTeX did not load");
      katex.render(read.latex, place, { throwOnError: true, strict: "ignore" });
    } catch {
      place.textContent = read.text || this.input.value;
    }
    this.shown.replaceChildren(place);
  }
}

// -- putting it together

function remembered() {
  try {
    return localStorage.getItem(PREFERENCE) !== "system";
  } catch {
    return true;
  }
}

function remember(on) {
  try {
    localStorage.setItem(PREFERENCE, on ? "pad" : "system");
  } catch {
    // private windows may refuse; the choice then lasts for this page
  }
}

function turn(inputs, grid, toggle, on) {
  grid.hidden = !on;
  for (const input of inputs) input.inputMode = on ? "none" : "text"; // none: the phone's own keyboard stays away while the pad is open
  toggle.setAttribute("aria-expanded", String(on));
  toggle.textContent = on ? "用系统键盘" : "用数学键盘";
}

// One pad may serve several fields: its keys go to the one used last.
function make(pad) {
  const inputs = [...pad.querySelectorAll("input[data-keypad]")];
  if (pad.dataset.ready || inputs.length === 0) return;
  pad.dataset.ready = "1";
  const grid = pad.querySelector("[data-keys]");
  const toggle = pad.querySelector("[data-toggle]");
  const keys = [...grid.querySelectorAll("button")];
  const previews = new Map(inputs.map((input) => [input, new Preview(input, pad)]));
  let input = inputs.find((each) => !each.value) ?? inputs.at(-1);
  keys.forEach((key, index) => (key.tabIndex = index === 0 ? 0 : -1));
  // A press must not take the focus, or the caret and, on a phone, the page would jump.
  grid.addEventListener("pointerdown", (event) => {
    if (!event.target.closest("button")) return;
    event.preventDefault();
    if (document.activeElement !== input) input.focus({ preventScroll: true });
  });
  grid.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) press(input, button);
  });
  grid.addEventListener("keydown", (event) => walk(event, keys));
  for (const each of inputs) {
    each.addEventListener("input", () => previews.get(each).later());
    if (inputs.length > 1) {
      each.addEventListener("focus", () => {
        if (each === input) return;
        previews.get(input).leave();
        input = each;
        previews.get(input).ask();
      });
      each.addEventListener("keydown", (event) => nextRow(event, inputs));
    }
    moveTo(each, each.value.length); // an answer that came back is gone on with at its end
  }
  toggle.hidden = false;
  turn(inputs, grid, toggle, remembered());
  toggle.addEventListener("click", () => {
    const on = grid.hidden;
    remember(on);
    turn(inputs, grid, toggle, on);
    input.blur();
    input.focus();
  });
  if (input.value) previews.get(input).ask();
}

// Enter goes on to the next row; in the last one it sends the form.
function nextRow(event, inputs) {
  const next = inputs[inputs.indexOf(event.target) + 1];
  if (event.key !== "Enter" || event.isComposing || !next) return;
  event.preventDefault();
  next.focus();
}

export function wake(root) {
  const pads = [...(root.querySelectorAll?.("[data-answerpad]") ?? [])];
  if (root.matches?.("[data-answerpad]")) pads.push(root);
  pads.forEach(make);
}

wake(document);
document.addEventListener("htmx:load", (event) => wake(event.target));
document.addEventListener("yincai:shown", (event) => wake(event.target));
