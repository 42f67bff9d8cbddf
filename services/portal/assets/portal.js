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

  document.addEventListener("click", (event) => { copy(event); checkAll(event); });
  document.addEventListener("input", filter);
  document.addEventListener("change", () => count());

  document.addEventListener("DOMContentLoaded", () => {
    DKFDS.init();
    const summary = document.querySelector("[data-module=error-summary]");
    if (summary) summary.focus();
    count();
  });
})();
