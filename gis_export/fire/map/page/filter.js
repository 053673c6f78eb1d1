"use strict";
// Which roofs are drawn and listed. It starts with all, and whatever it hides is said in words on both views.

const Filter = (() => {
  const { make, number } = Roofs;
  const legend = document.getElementById("words");
  const select = document.getElementById("district");
  const opener = document.getElementById("legend-open");
  const bar = document.getElementById("hiding");
  const said = document.getElementById("hidden-words");
  const districts = [...new Set(Roofs.all.map(Roofs.district))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const ALL = ""; // no district is called that
  const hidden = new Set();
  const counts = new Map();
  const boxes = [];
  let district = ALL;
  let changed = () => {};

  for (const symbol of Symbols.all) {
    const row = make("label", "word-row");
    const box = make("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(symbol.code);
      else hidden.add(symbol.code);
      apply();
    });
    const words = make("span", "says");
    words.append(make("strong", "", symbol.word), make("span", "meaning", symbol.meaning));
    const count = make("span", "count");
    row.append(box, Symbols.element(symbol, 32), words, count);
    legend.append(row);
    counts.set(symbol.code, count);
    boxes.push(box);
  }
  for (const name of districts) select.append(new Option(name, name));
  document.getElementById("district-row").hidden = districts.length < 2;
  select.addEventListener("change", () => { district = select.value; apply(); });
  document.getElementById("show-all").addEventListener("click", () => { clear(); (boxes[0].offsetParent ? boxes[0] : opener).focus(); });
  opener.addEventListener("click", () => {
    const open = document.getElementById("legend").classList.toggle("open");
    opener.setAttribute("aria-expanded", String(open));
  });

  const passes = (roof) => !hidden.has(roof.symbol.code) && (district === ALL || Roofs.district(roof) === district);

  function apply() {
    const out = Roofs.all.length - Roofs.all.filter(passes).length;
    const what = Symbols.all.filter((symbol) => hidden.has(symbol.code)).map((symbol) => symbol.word);
    if (district !== ALL) what.push(`every fire district but ${district}`);
    bar.hidden = !what.length;
    said.textContent = what.length ? `Filter on: ${number(out)} of ${number(Roofs.all.length)} roofs are hidden: ${what.join(", ")}.` : "";
    changed();
  }

  function clear() {
    hidden.clear();
    district = select.value = ALL;
    for (const box of boxes) box.checked = true;
    apply();
  }

  // How many of each word stand in a view.
  function tell(roofs, place) {
    const tally = new Map();
    for (const roof of roofs) tally.set(roof.symbol.code, (tally.get(roof.symbol.code) || 0) + 1);
    for (const [code, count] of counts) count.textContent = hidden.has(code) ? "hidden" : number(tally.get(code) || 0);
    document.getElementById("counted").textContent = place;
  }

  return { passes, tell, whenChanged: (callback) => { changed = callback; } };
})();
