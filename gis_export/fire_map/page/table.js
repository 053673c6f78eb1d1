"use strict";
// The same roofs as a table, worst first, a hundred at a time.

const Table = (() => {
  const PAGE = 100;
  const { make } = Roofs;
  const body = document.getElementById("rows");
  const before = document.getElementById("before");
  const next = document.getElementById("next");
  let shown = Roofs.ranked;
  let page = 0;
  let picked = () => {};

  function rowOf(roof) {
    const row = make("tr");
    const hazard = make("td");
    const words = make("div", "word");
    words.append(Symbols.element(roof.symbol, 32), make("strong", "", roof.symbol.word));
    hazard.append(words);
    const address = make("td");
    const button = make("button", "link", Roofs.title(roof));
    button.type = "button";
    address.append(button);
    row.append(hazard, address, make("td", "", Roofs.flown(roof)), make("td", "", Roofs.occupied(roof)), make("td", "", Roofs.sign(roof)), make("td", "id", roof.PARCEL_ID));
    row.addEventListener("click", () => picked(roof));
    return row;
  }

  function render() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(page, pages - 1);
    body.replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map(rowOf));
    document.getElementById("count").textContent = `${shown.length} of ${Roofs.all.length} vacant buildings, worst first`;
    document.getElementById("page").textContent = `Page ${page + 1} of ${pages}`;
    before.disabled = page === 0;
    next.disabled = page === pages - 1;
  }

  function turn(by) {
    page += by;
    render();
    document.querySelector(".scroll").scrollTop = 0;
  }

  before.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  render();

  return { show(found) { shown = found; page = 0; render(); }, whenPicked: (callback) => { picked = callback; } };
})();
