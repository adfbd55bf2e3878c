// The pupil's desk: reveal the next question, measure the time spent on this one, keep what was typed if sending fails.
const desk = document.getElementById("desk");
let began = performance.now();

function reveal(event) {
  const link = event.target.closest("[data-next]");
  const next = document.getElementById("next");
  if (!link || !next) return;
  event.preventDefault();
  desk.replaceChildren(...next.childNodes);
  began = performance.now();
  window.htmx?.process(desk);
  desk.dispatchEvent(new CustomEvent("yincai:shown", { bubbles: true }));
  const first = desk.querySelector("input:not([type=hidden]), button");
  first?.focus({ preventScroll: false });
  window.scrollTo({ top: 0 });
}

function stamp(event) {
  const form = event.target.closest?.("form[data-answer]");
  const spent = form?.querySelector("input[name=spent]");
  if (spent) spent.value = String(Math.round(performance.now() - began));
}

function failed() {
  let note = document.getElementById("sending-failed");
  if (!note) {
    note = document.createElement("p");
    note.id = "sending-failed";
    note.className = "say wrong";
    note.setAttribute("role", "alert");
    desk.prepend(note);
  }
  note.textContent = "没有送出去，可能是网络断了。你的答案还在，请再按一次“交答案”。";
}

desk?.addEventListener("click", reveal);
desk?.addEventListener("submit", stamp, true);
document.body.addEventListener("htmx:configRequest", (event) => {
  const form = event.target.closest?.("form[data-answer]");
  if (form && event.detail.parameters) event.detail.parameters.set?.("spent", String(Math.round(performance.now() - began)));
});
document.body.addEventListener("htmx:sendError", failed);
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 500) failed();
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  // A refused form (409, 403, 400) comes back as a fragment that says what to do: show it.
  if ([400, 403, 409].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
