// What pages do better with a script than without. Everything here has another way: plain links and forms.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  /** Buttons with data-copy put that text on the clipboard and say so. */
  function copy(event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      const before = button.textContent;
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = before; }, 2000);
    });
  }

  /** A text field with data-filter shows only the list items below that selector that hold its words. */
  function filter(event) {
    const field = event.target.closest("[data-filter]");
    if (!field) return;
    const words = field.value.toLocaleLowerCase("da").split(/\s+/).filter(Boolean);
    for (const item of document.querySelectorAll(`${field.dataset.filter} li`)) {
      const text = item.textContent.toLocaleLowerCase("da");
      item.hidden = !words.every((word) => text.includes(word));
    }
  }

  /** Buttons with data-check-all tick (or untick) the boxes below that selector that are shown. */
  function checkAll(event) {
    const button = event.target.closest("[data-check-all]");
    if (!button) return;
    const boxes = [...document.querySelectorAll(`${button.dataset.checkAll} li:not([hidden]) input[type=checkbox]`)];
    const tick = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = tick;
    count(boxes[0]);
  }

  /** An element with data-count tells how many boxes below that selector are ticked. */
  function count(from) {
    for (const teller of document.querySelectorAll("[data-count]")) {
      const chosen = document.querySelectorAll(`${teller.dataset.count} input[type=checkbox]:checked`).length;
      teller.textContent = teller.dataset.words.replace("#", chosen.toLocaleString(root.lang));
    }
  }

  /** Buttons with data-reveal show what is typed in that password field, or hide it again. */
  function reveal(event) {
    const button = event.target.closest("[data-reveal]");
    if (!button) return;
    const field = document.querySelector(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  }

  /** Five minutes before the session ends, whatever other tabs do meanwhile, say so and let it be prolonged. */
  function watchSession() {
    const box = document.querySelector("[data-session]");
    if (!box) return;
    const early = Math.min(300, Number(box.dataset.session) / 2);
    const [words, stay, signIn] = ["[role=alert]", "button", "a"].map((one) => box.querySelector(one));
    const again = (seconds) => setTimeout(look, Math.max(seconds, 1) * 1000);
    function tell(seconds, text) {
      box.hidden = seconds > early;
      stay.hidden = seconds <= 0 || text === "last";
      signIn.hidden = seconds > 0;
      if (box.hidden) return;
      words.textContent = box.dataset[seconds > 0 ? text : "over"].replace("#", Math.ceil(seconds / 60));
    }
    async function look() {
      try {
        const { seconds } = await (await fetch("/session")).json();
        tell(seconds, "soon");
        if (seconds > 0) again(seconds > early ? seconds - early : Math.min(seconds, 60));
      } catch { again(60); }
    }
    stay.addEventListener("click", async () => {
      const answer = await fetch("/session", { method: "POST", body: new URLSearchParams({ form_token: box.dataset.token }) });
      if (answer.redirected) return look();
      const { seconds } = await answer.json();
      tell(seconds, "last");
    });
    again(Number(box.dataset.session) - early);
  }

  /** A zone with data-drop takes a file that is dropped on it into the file field of that id. */
  function drop(event) {
    const zone = event.target instanceof Element ? event.target.closest("[data-drop]") : null;
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("is-over", event.type === "dragover");
    if (event.type !== "drop" || !event.dataTransfer.files.length) return;
    const field = document.getElementById(zone.dataset.drop);
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** A field with data-empties is one of two ways to say the same: what is given here empties the other.
      What was wrong with what was there before is wrong no longer; the check that follows tells what is. */
  function emptyOther(event) {
    const other = event.target.value && document.getElementById(event.target.dataset.empties);
    if (!other) return;
    other.value = "";
    for (const field of [event.target, other]) field.removeAttribute("aria-invalid");
    const zone = event.target.closest(".form-error");
    if (!zone) return;
    zone.classList.remove("form-error");
    for (const message of zone.querySelectorAll(".form-error-message")) message.remove();
  }

  for (const type of ["dragover", "dragleave", "drop"]) document.addEventListener(type, drop);
  // Before htmx sends what the form holds.
  document.addEventListener("change", emptyOther, true);
  document.addEventListener("click", (event) => { copy(event); checkAll(event); reveal(event); });
  document.addEventListener("input", filter);
  document.addEventListener("change", () => count());

  document.addEventListener("DOMContentLoaded", () => {
    DKFDS.init();
    const summary = document.querySelector("[data-module=error-summary]");
    if (summary) summary.focus();
    count();
    watchSession();
  });
})();
