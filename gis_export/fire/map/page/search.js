"use strict";
// Search as you type, by address or parcel number, over every roof whatever the filter hides.

const Search = (() => {
  const SHOWN = 8;
  const NOT_FOUND = "No vacant building here answers to that. That does not mean safe.";
  const { make, number } = Roofs;
  const input = document.getElementById("search");
  const panel = document.getElementById("found-panel");
  const list = document.getElementById("found");
  const told = document.getElementById("found-told");
  let found = Roofs.ranked;
  let instead = "";
  let houses = []; // not on the roll, and corners
  let remark = ""; // on a corner
  let active = -1;
  let shut = false;
  let picked = () => {};
  let typed = () => {};

  const inTable = () => document.body.dataset.view === "table";
  const isOpen = () => !panel.hidden;

  // What can be chosen: addresses that are not on the roll, then roofs.
  const choices = () => [...houses, ...found].slice(0, SHOWN);

  function described(answer) {
    const words = make("span", "words");
    if (answer.isHouse) words.append(make("strong", "", answer.title), make("span", "", Incident.brief(answer)));
    else words.append(make("strong", "", Roofs.title(answer)), make("span", "", `${Roofs.hazard(answer)} - parcel ${answer.PARCEL_ID}`));
    return words;
  }

  function option(roof, i) {
    const item = make("li");
    item.id = `found-${i}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(i === active));
    if (!roof.isHouse) item.append(Symbols.element(roof.symbol, 34));
    item.append(described(roof));
    item.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    item.addEventListener("click", () => pick(roof));
    return item;
  }

  function say() {
    if (remark) return remark;
    if (!found.length && houses.length) return "No vacant roof here answers to that. That does not mean safe.";
    if (!found.length) return NOT_FOUND;
    const more = found.length - SHOWN;
    if (instead) return `Nothing answers to all of it. ${number(found.length)} to ${instead}`;
    return more > 0 ? `and ${number(more)} more: keep typing` : `${number(found.length)} found`;
  }

  function render() {
    const open = input.value.trim() !== "" && document.activeElement === input && !inTable() && !shut;
    panel.hidden = !open;
    input.setAttribute("aria-expanded", String(open && choices().length > 0));
    if (!open) return input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...choices().map(option));
    list.hidden = !choices().length;
    told.textContent = say();
    told.classList.toggle("none", !choices().length);
    if (active >= 0) {
      input.setAttribute("aria-activedescendant", `found-${active}`);
      list.children[active].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function pick(roof) {
    shut = true;
    render();
    picked(roof, roof.isHouse ? [] : found);
  }

  function look() {
    const corner = Corners.find(input.value);
    ({ roofs: found, instead } = corner ? { roofs: corner.roofs, instead: "" } : Find.find(input.value));
    remark = corner ? corner.remark : "";
    houses = corner ? corner.corners : found.length && !instead ? Houses.find(input.value).filter((house) => !house.isUnlisted) : Houses.find(input.value);
    active = -1;
    shut = false;
    typed(found);
    render();
  }

  function escape(event) {
    event.stopPropagation();
    if (isOpen()) shut = true;
    else if (input.value) { input.value = ""; look(); }
    render();
  }

  input.addEventListener("input", look);
  input.addEventListener("keydown", (event) => {
    const answers = choices();
    const last = answers.length - 1;
    if (event.key === "Escape" && (isOpen() || input.value)) return escape(event);
    const unsure = active < 0 && ((instead && !houses.length) || remark); // a near answer opens only once it has been pointed at
    if (event.key === "Enter" && isOpen() && answers.length && !unsure) return pick(answers[Math.max(active, 0)]);
    if (event.key === "ArrowDown" || (event.key === "Enter" && isOpen() && answers.length)) { active = Math.min(active + 1, last); shut = false; }
    else if (event.key === "ArrowUp") active = Math.max(active - 1, -1);
    else return;
    event.preventDefault();
    render();
  });
  input.addEventListener("click", () => { shut = false; render(); }); // not on focus: it comes back when a card closes
  input.addEventListener("blur", render);

  return {
    input, NOT_FOUND, found: () => found, instead: () => instead,
    whenPicked: (callback) => { picked = callback; },
    whenTyped: (callback) => { typed = callback; },
  };
})();
