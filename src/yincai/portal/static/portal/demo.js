// The demo's list of accounts: a press fills the sign-in form. Without it, one types.

for (const button of document.querySelectorAll("[data-fills]")) {
  button.addEventListener("click", () => {
    const form = document.querySelector("form.fields");
    form.querySelector("[name=login]").value = button.dataset.fills;
    form.querySelector("[name=password]").value = button.dataset.secret ?? "";
    form.querySelector("button[type=submit]").focus();
    form.scrollIntoView({ block: "center" });
  });
}
