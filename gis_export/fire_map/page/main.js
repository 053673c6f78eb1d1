"use strict";
// Ties the views together.

(() => {
  const view = document.getElementById("view");
  const light = document.getElementById("light");
  const legend = document.getElementById("legend");

  for (const symbol of Symbols.all) {
    const row = Roofs.make("p");
    const words = Roofs.make("span");
    words.append(Roofs.make("strong", "", symbol.word), Roofs.make("span", "", symbol.meaning));
    row.append(Symbols.element(symbol, 32), words);
    legend.append(row);
  }

  function open(roof) {
    Card.show(roof);
    Ground.select(roof);
  }

  function showView(name) {
    document.body.dataset.view = name;
    document.getElementById("map-view").hidden = name !== "map";
    document.getElementById("table-view").hidden = name !== "table";
    view.textContent = name === "map" ? "Table" : "Map";
    Ground.resize();
  }

  Card.whenClosed(() => Ground.clear());
  Table.whenPicked(open);
  Search.whenPicked((roof) => { open(roof); Card.element.focus(); });
  Search.whenTyped((found) => Table.show(found));
  if (Ground.whenPicked) Ground.whenPicked(open);

  view.addEventListener("click", () => showView(document.body.dataset.view === "map" ? "table" : "map"));
  light.addEventListener("click", () => {
    const night = document.documentElement.dataset.light === "day";
    document.documentElement.dataset.light = night ? "night" : "day";
    light.textContent = night ? "Day" : "Night";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== Search.input) { event.preventDefault(); Search.input.focus(); }
    if (event.key === "Escape" && document.activeElement !== Search.input) Card.hide();
  });
  showView("map");
})();
