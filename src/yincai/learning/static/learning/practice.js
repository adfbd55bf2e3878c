// The pupil's desk: shows the next question, measures the time spent on this one, and when sending fails keeps what was
// typed and says what to do.
const desk = document.getElementById("desk");
const trouble = document.getElementById("trouble");
const LOST = "没有送出去，可能是网络断了。写的都还在，连上以后再交一次。";
const SIGNED_OUT = "登录已经过期，这次没有送出去。请在新窗口重新登录，再回来交一次；写的都还在。";
const BROKEN = "系统出了错，这次没有送出去。写的都还在，请过一会儿再交一次。";
let began = performance.now();
let asked = tokenOnDesk();

function tokenOnDesk() {
  return desk?.querySelector("form[data-answer] input[name=form]")?.value;
}

// A placement puts the next question straight on the desk.
function showAnother() {
  const token = tokenOnDesk();
  if (!token || token === asked) return;
  asked = token;
  began = performance.now();
  showHead(desk.querySelector("form[data-answer]"));
  window.scrollTo({ top: 0 });
}

function showHead(form) {
  if (!form) return;
  document.getElementById("title").textContent = form.dataset.title;
  document.getElementById("progress").textContent = form.dataset.progress;
}

function reveal(event) {
  const link = event.target.closest("[data-next]");
  const next = document.getElementById("next");
  if (!link || !next) return;
  event.preventDefault();
  desk.replaceChildren(...next.childNodes);
  began = performance.now();
  window.htmx?.process(desk);
  desk.dispatchEvent(new CustomEvent("yincai:shown", { bubbles: true }));
  showHead(desk.querySelector("form[data-answer]"));
  window.scrollTo({ top: 0 });
  desk.querySelector(".ask input:not([type=hidden])")?.focus({ preventScroll: true });
}

function spent() {
  return String(Math.round(performance.now() - began));
}

function say(text) {
  trouble.textContent = text;
  trouble.hidden = !text;
  if (text) trouble.scrollIntoView({ block: "nearest" });
}

function cookie(name) {
  return document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
}

// With a keyboard at hand the first answer is typed straight away, as every later one.
if (window.matchMedia("(pointer: fine)").matches) desk?.querySelector(".ask input[type=text]")?.focus({ preventScroll: true });

desk?.addEventListener("click", reveal);
desk?.addEventListener("submit", (event) => {
  const field = event.target.querySelector?.("input[name=spent]");
  if (field) field.value = spent();
}, true);

document.body.addEventListener("htmx:configRequest", (event) => {
  const { parameters, headers } = event.detail;
  parameters.set?.("spent", spent());
  // Who signed in again in another window has a new token: the cookie's is always the right one.
  const token = cookie("csrftoken");
  if (!token) return;
  parameters.delete?.("csrfmiddlewaretoken");
  headers["X-CSRFToken"] = token;
});
document.body.addEventListener("htmx:beforeRequest", () => say(""));
document.body.addEventListener("htmx:sendError", () => say(LOST));
document.body.addEventListener("htmx:timeout", () => say(LOST));
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  const elsewhere = xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(pathInfo.requestPath, location).pathname;
  if (elsewhere || xhr.status === 403) {
    event.detail.shouldSwap = false;
    event.detail.isError = false;
    say(SIGNED_OUT);
  } else if (xhr.status === 400 || xhr.status === 409) {
    // Refused: the fragment says why and what to do.
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  } else if (xhr.status >= 500) {
    say(BROKEN);
  }
});
// The steps behind an answer: what was said of them comes into sight; when they open, the first row is ready.
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt?.id !== "steps") return;
  const steps = document.getElementById("steps");
  const said = steps?.querySelector("[role=status][tabindex]");
  if (said) said.focus({ preventScroll: true });
  else [...(steps?.querySelectorAll("input[name=line]") ?? [])].find((row) => !row.value)?.focus({ preventScroll: true });
  steps?.scrollIntoView({ block: "start" });
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== desk) return;
  const next = desk.querySelector("[data-next]");
  if (next) next.focus({ preventScroll: true });
  else {
    showAnother();
    desk.querySelector(".ask input[type=text]")?.focus({ preventScroll: true });
  }
  if (next) window.scrollTo({ top: 0 });
});
