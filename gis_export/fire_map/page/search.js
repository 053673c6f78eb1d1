"use strict";
// Search as you type, by address or parcel number.

const Search = (() => {
  const SHOWN = 8;
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  let found = [];
  let active = -1;
  let picked = () => {};
  let typed = () => {};

  function option(roof, i) {
    const item = Roofs.make("li");
    item.id = `found-${i}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(i === active));
    const words = Roofs.make("span", "words");
    words.append(Roofs.make("strong", "", Roofs.title(roof)), Roofs.make("span", "", `${roof.symbol.word} - parcel ${roof.PARCEL_ID}`));
    item.append(Symbols.element(roof.symbol, 34), words);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); pick(roof); });
    return item;
  }

  function render() {
    const open = input.value.trim() !== "" && document.activeElement === input && document.body.dataset.view !== "table";
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) return;
    const items = found.slice(0, SHOWN).map(option);
    const more = found.length - SHOWN;
    if (!found.length) items.push(Roofs.make("li", "none", "Not on the vacant roll. That does not mean safe."));
    if (more > 0) items.push(Roofs.make("li", "none", `and ${more} more: keep typing`));
    list.replaceChildren(...items);
    if (active >= 0) input.setAttribute("aria-activedescendant", `found-${active}`);
    else input.removeAttribute("aria-activedescendant");
  }

  function pick(roof) {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    picked(roof);
  }

  input.addEventListener("input", () => {
    found = Roofs.find(input.value);
    active = -1;
    typed(found);
    render();
  });
  input.addEventListener("keydown", (event) => {
    const last = Math.min(found.length, SHOWN) - 1;
    if (event.key === "ArrowDown") active = Math.min(active + 1, last);
    else if (event.key === "ArrowUp") active = Math.max(active - 1, 0);
    else if (event.key === "Enter" && found.length) return pick(found[Math.max(active, 0)]);
    else if (event.key === "Escape") { input.value = ""; found = Roofs.ranked; typed(found); }
    else return;
    event.preventDefault();
    render();
  });
  input.addEventListener("focus", render);
  input.addEventListener("blur", render);

  return { input, whenPicked: (callback) => { picked = callback; }, whenTyped: (callback) => { typed = callback; } };
})();
