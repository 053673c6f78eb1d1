"use strict";
// Ties the views together.

(() => {
  const root = document.documentElement;
  const light = document.getElementById("light");
  const views = { map: document.getElementById("map-view"), table: document.getElementById("table-view") };
  const tabs = { map: document.getElementById("to-map"), table: document.getElementById("to-table") };
  let came = null; // what had the focus before the card
  let fromList = false; // whether that was in the list of roofs in view
  let chosen = null; // the roof on the card, drawn even when the filter hides it

  function open(roof, roofs) {
    if (!Card.isOpen()) {
      came = document.activeElement;
      fromList = Nearby.holds(came);
    }
    Card.show(roof, roofs);
    point(roof);
    Card.element.focus();
  }

  function point(roof) {
    chosen = roof;
    draw();
    if (view() === "map") Ground.select(roof);
  }

  const draw = () => Ground.show(Roofs.ranked.filter((roof) => roof === chosen || Filter.passes(roof)));

  function closed() {
    const roof = chosen;
    chosen = null;
    draw();
    Ground.clear();
    Ground.resize();
    if (fromList && view() === "map") return Nearby.enter(roof);
    const there = came?.isConnected && came.offsetParent !== null && came !== document.body;
    (there ? came : view() === "map" ? Ground.host : tabs.table).focus();
  }

  const view = () => document.body.dataset.view;

  function showView(name) {
    document.body.dataset.view = name;
    for (const [key, element] of Object.entries(views)) {
      element.hidden = key !== name;
      tabs[key].setAttribute("aria-pressed", String(key === name));
    }
    const opener = document.getElementById("legend-open");
    if (name === "map") document.getElementById("nearby-open").after(opener);
    else document.getElementById("legend").prepend(opener);
    if (name === "table") Table.search(Search.found());
    else if (chosen) Ground.select(chosen);
    else Ground.resize();
    count();
  }

  function count() {
    if (view() === "table") return Filter.tell(Roofs.all, `Whole roll: ${Roofs.number(Roofs.all.length)}`);
    const inView = Ground.inView();
    Nearby.update(inView);
    Filter.tell(inView, `In view: ${Roofs.number(inView.length)} of ${Roofs.number(Roofs.all.length)}`);
  }

  function filtered() {
    draw();
    if (view() === "table") Table.update();
    count();
  }

  function shine(night) {
    root.dataset.light = night ? "night" : "day";
    light.textContent = night ? "Day" : "Night";
  }

  Card.whenTurned(point);
  Card.whenClosed(closed);
  Table.whenPicked(open);
  Nearby.whenPicked(open);
  Incident.whenPicked((next) => open(next, []));
  Search.whenPicked(open);
  Search.whenTyped((found) => { if (view() === "table") Table.search(found); });
  Ground.whenPicked((roof) => open(roof, Ground.inView()));
  Ground.whenMoved(count);
  Filter.whenChanged(filtered);

  for (const name of Object.keys(tabs)) tabs[name].addEventListener("click", () => showView(name));
  light.addEventListener("click", () => shine(root.dataset.light === "day"));
  Search.input.addEventListener("keydown", (event) => { if (event.key === "Enter" && view() === "table") Table.enter(); });
  Ground.host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "/") { event.preventDefault(); Search.input.focus(); }
    const inView = Ground.inView();
    if (event.key.toLowerCase() === "n" && inView.length) open(inView[0], inView);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (Card.isOpen()) Card.hide();
    else if (Nearby.isOpen()) Nearby.close();
  });

  shine(matchMedia("(prefers-color-scheme: dark)").matches);
  showView("map");
  filtered();
  Copy.check([...(window.ROOFWATCH.ground?.tiles || []).map((name) => `base/${name}.webp`), ...Roofs.all.flatMap((roof) => [roof.photo, roof.before]).filter(Boolean)]);
  requestAnimationFrame(() => setTimeout(() => performance.mark("usable"))); // drawn, and search answers
})();
