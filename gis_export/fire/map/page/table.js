"use strict";
// The same roofs as a table: sorted by any column, filtered by word, fire district and the search text, a hundred at a time.

const Table = (() => {
  const PAGE = 100;
  const PRINTED = 2000;
  const LAST = "\uffff"; // unknown values come last
  const { make, button, number } = Roofs;
  const body = document.getElementById("rows");
  const count = document.getElementById("count");
  const before = document.getElementById("before");
  const next = document.getElementById("next");
  const COLUMNS = [
    { name: "Hazard", key: (roof) => roof.level, said: "worst first" },
    { name: "Address", key: (roof) => roof.street || LAST, said: "street by street" },
    { name: "Fire district", key: (roof) => roof.FIRE_DIST || LAST },
    { name: "Photo flown", key: (roof) => roof.IMG_DATE || LAST },
    { name: "Occupied sides", key: (roof) => Roofs.occupied(roof) },
    { name: "Sign posted", key: (roof) => Roofs.sign(roof) },
    { name: "Parcel", key: (roof) => roof.PARCEL_ID },
  ];
  let found = Roofs.ranked;
  let shown = [];
  let sort = { column: COLUMNS[0], down: false };
  let page = 0;
  let picked = () => {};

  const heads = COLUMNS.map((column) => {
    const head = make("th");
    head.scope = "col";
    head.append(button("sort", column.name, () => {
      sort = { column, down: sort.column === column && !sort.down };
      update();
    }));
    return head;
  });
  document.getElementById("heads").append(...heads);

  function rowOf(roof) {
    const row = make("tr");
    const hazard = make("td"), address = make("td");
    const words = make("div", "word");
    words.append(Symbols.element(roof.symbol, 32), make("strong", "", roof.symbol.word));
    if (roof.reviewDue) words.append(make("span", "review", "REVIEW DUE"));
    hazard.append(words);
    address.append(button("link", Roofs.title(roof), (event) => { event.stopPropagation(); picked(roof, shown); }));
    row.append(
      hazard, address, make("td", "", Roofs.district(roof)), make("td", "date", Roofs.flown(roof)), make("td", "", Roofs.occupied(roof)),
      make("td", "", Roofs.sign(roof)), make("td", "id", roof.PARCEL_ID),
    );
    row.addEventListener("click", () => { row.querySelector("button").focus(); picked(roof, shown); });
    return row;
  }

  function say(matching) {
    const { column, down } = sort;
    const order = `sorted by ${column.name.toLowerCase()}${down ? ", reversed" : column.said ? `, ${column.said}` : ""}`;
    const typed = Search.instead() || Search.input.value.trim();
    if (!matching.length) return Search.NOT_FOUND;
    const hidden = typed && matching.length > shown.length ? ` ${number(matching.length - shown.length)} more match but are hidden by the filter.` : "";
    return `${number(shown.length)} of ${number(Roofs.all.length)} vacant buildings${typed ? ` match "${typed}"` : ""}, ${order}.${hidden}`;
  }

  function update() {
    const matching = new Set(found);
    const { column, down } = sort;
    const sign = down ? -1 : 1;
    const keyed = Roofs.ranked.filter((roof) => matching.has(roof) && Filter.passes(roof)).map((roof) => ({ roof, key: column.key(roof) }));
    shown = keyed.sort((a, b) => sign * Roofs.compare(a.key, b.key)).map(({ roof }) => roof);
    page = 0;
    heads.forEach((head, i) => {
      if (COLUMNS[i] === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    count.textContent = say(found);
    render();
  }

  function render() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    body.replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map(rowOf));
    document.getElementById("page").textContent = `Page ${number(page + 1)} of ${number(pages)}`;
    before.disabled = page === 0;
    next.disabled = page === pages - 1;
    document.querySelector(".scroll").scrollTop = 0;
  }

  function turn(by) {
    page += by;
    render();
    if (document.activeElement.disabled) (by > 0 ? before : next).focus();
  }

  // On paper there are no pages to turn: every row that passes, as far as it is sensible.
  function unroll() {
    body.replaceChildren(...shown.slice(0, PRINTED).map(rowOf));
    document.getElementById("cut").textContent =
      shown.length > PRINTED ? `Only the first ${number(PRINTED)} of ${number(shown.length)} rows are printed. Filter by word, district or street to print the rest.` : "";
  }

  before.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));

  return {
    update, unroll, roll: render,
    search: (roofs) => { found = roofs; update(); },
    enter: () => body.querySelector("button")?.focus(),
    whenPicked: (callback) => { picked = callback; },
  };
})();
