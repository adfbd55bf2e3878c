// Formulas: text between `$…$` (inline) or `$$…$$` (displayed) in any element with the class `formula` or the attribute
// `data-formula` is shown by KaTeX, as MathML for readers and as marks for the eye. What cannot be read stays as it was
// typed. Built with the DOM alone, so that the content policy need not open.

const LIBRARY = new URL("../vendor/katex/katex.mjs", import.meta.url);
const STYLE = new URL("../vendor/katex/katex.min.css", import.meta.url);
const MACROS = { "\\uline": "\\underline{#1}", "\\textless": "<", "\\textgreater": ">", "\\textbar": "|" };
const SELECTOR = ".formula, [data-formula]";
let loading = null;

function library() {
  if (!loading) {
    if (!document.querySelector('link[href*="katex"]')) {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = STYLE.href;
      document.head.append(link);
    }
    loading = import(LIBRARY.href).then((module) => module.default);
  }
  return loading;
}

// The text in order, formulas apart from the rest; `\$` is a plain dollar sign.
export function pieces(text) {
  const found = [];
  let at = 0;
  while (at < text.length) {
    const start = nextDollar(text, at);
    if (start < 0) break;
    const mark = text.startsWith("$$", start) ? "$$" : "$";
    const end = text.indexOf(mark, start + mark.length);
    if (end < 0) break;
    if (start > at) found.push({ text: text.slice(at, start) });
    found.push({ tex: text.slice(start + mark.length, end), shown: mark === "$$", source: text.slice(start, end + mark.length) });
    at = end + mark.length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

function nextDollar(text, from) {
  let at = text.indexOf("$", from);
  while (at > 0 && text[at - 1] === "\\") at = text.indexOf("$", at + 1);
  return at;
}

// A fraction within a line stands at full size, as in our textbooks: children read it on a phone.
function sized(piece) {
  return !piece.shown && piece.tex.includes("\\frac") ? `\\displaystyle ${piece.tex}` : piece.tex;
}

function formula(katex, piece) {
  const span = document.createElement("span");
  try {
    katex.render(sized(piece), span, {
      displayMode: piece.shown, throwOnError: true, strict: false, trust: false, macros: { ...MACROS }, output: "htmlAndMathml",
    });
    span.className = piece.shown ? "tex shown" : "tex";
    for (const mark of span.querySelectorAll(".katex-mathml math")) mark.setAttribute("aria-label", piece.tex);
  } catch {
    const code = document.createElement("code");
    code.textContent = piece.source;
    code.title = "这个公式写得不完整，按原文显示";
    return code;
  }
  return span;
}

function textNodes(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, {
    acceptNode: (node) =>
      node.data.includes("$") && !node.parentElement.closest(".tex, .katex, code, textarea, script")
        ? NodeFilter.FILTER_ACCEPT
        : NodeFilter.FILTER_REJECT,
  });
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  return found;
}

export async function render(element) {
  const nodes = textNodes(element);
  if (nodes.length === 0) return;
  const katex = await library();
  for (const node of nodes) {
    if (!node.isConnected) continue;
    const parts = pieces(node.data);
    if (!parts.some((part) => part.tex !== undefined)) continue;
    node.replaceWith(...parts.map((part) => (part.tex === undefined ? part.text.replaceAll("\\$", "$") : formula(katex, part))));
  }
}

// Plain text as paragraphs, formulas shown: what a preview puts in place of what was there.
export async function fill(element, text) {
  const paragraphs = text.split(/\n\s*\n/).map((part) => {
    const p = document.createElement("p");
    part.split("\n").forEach((line, index) => {
      if (index) p.append(document.createElement("br"));
      p.append(line);
    });
    return p;
  });
  const draft = document.createElement("div");
  draft.append(...paragraphs);
  draft.hidden = true;
  element.after(draft);
  await render(draft);
  draft.remove();
  element.replaceChildren(...draft.childNodes);
}

export function wake(root) {
  if (root.matches?.(SELECTOR)) render(root);
  root.querySelectorAll?.(SELECTOR).forEach((element) => render(element));
}

wake(document);
document.addEventListener("htmx:load", (event) => wake(event.target));
document.addEventListener("htmx:afterSwap", (event) => wake(event.target));
