"use strict";
// The roofs in view as a list, so that no one needs a pointer to reach them.

const Nearby = (() => {
  const SHOWN = 100;
  const { make, button, number } = Roofs;
  const opener = document.getElementById("nearby-open");
  const panel = document.getElementById("nearby");
  const list = document.getElementById("nearby-list");
  const told = document.getElementById("nearby-told");
  let roofs = [];
  let picked = () => {};

  function item(roof) {
    const choose = button("choose", "", () => picked(roof, roofs));
    const words = make("span", "words");
    words.append(make("strong", "", Roofs.title(roof)), make("span", "", Roofs.hazard(roof)));
    choose.append(Symbols.element(roof.symbol, 34), words);
    choose.dataset.row = roof.row;
    const row = make("li");
    row.append(choose);
    return row;
  }

  function update(inView) {
    roofs = inView;
    opener.textContent = `List (${number(roofs.length)})`;
    opener.setAttribute("aria-expanded", String(isOpen()));
    if (!isOpen()) return;
    const more = roofs.length - SHOWN;
    told.textContent = more > 0 ? `The first ${SHOWN}, worst first. ${number(more)} more are in view: zoom in.` : `${number(roofs.length)}, worst first`;
    const held = list.contains(document.activeElement) ? document.activeElement.dataset.row : undefined;
    list.replaceChildren(...roofs.slice(0, SHOWN).map(item));
    if (held !== undefined) focusOn(held);
  }

  const isOpen = () => document.body.classList.contains("list-open");

  function toggle(open) {
    document.body.classList.toggle("list-open", open);
    panel.hidden = !open;
    update(roofs);
    if (open) panel.focus();
    else opener.focus();
  }

  // The list changes with the map, so a roof is found again by its row.
  function focusOn(row) {
    (list.querySelector(`[data-row="${row}"]`) || panel).focus();
  }

  opener.addEventListener("click", () => toggle(!isOpen()));
  document.getElementById("nearby-close").addEventListener("click", () => toggle(false));

  return { update, isOpen, close: () => toggle(false), enter: (roof) => focusOn(roof.row), holds: (element) => panel.contains(element), whenPicked: (callback) => { picked = callback; } };
})();
