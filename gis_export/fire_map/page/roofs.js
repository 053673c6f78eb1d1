"use strict";
// The vacant roofs as objects, and small things that every view needs.

const Roofs = (() => {
  const data = window.ROOFWATCH;
  const columns = data.columns;
  const order = new Map(Symbols.all.map((symbol, i) => [symbol.code, i]));

  const all = columns.PARCEL_ID.map((id, row) => {
    const roof = { row, rings: data.rings[row], photo: data.hasPhoto[row] ? `chips/${row}.webp` : "" };
    for (const name of Object.keys(columns)) roof[name] = columns[name][row];
    roof.symbol = Symbols.byCode.get(roof.RISK_LVL);
    roof.words = normal(`${roof.ADDRESS} `);
    roof.key = squeezed(roof.PARCEL_ID);
    roof.reviewDue = roof.REVIEW_BY < data.made;
    return roof;
  });
  const ranked = [...all].sort((a, b) => order.get(a.RISK_LVL) - order.get(b.RISK_LVL)
    || a.ADDRESS.localeCompare(b.ADDRESS, "en", { numeric: true }) || a.row - b.row);

  function normal(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toUpperCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  }

  function squeezed(text) {
    return normal(text).replaceAll(" ", "");
  }

  // Every typed word must begin a word of the address, or the whole must stand in the parcel number.
  function find(typed) {
    const words = normal(typed).split(" ").filter(Boolean);
    if (!words.length) return ranked;
    const key = words.join("");
    return ranked.filter((roof) => roof.key.includes(key) || words.every((word) => (" " + roof.words).includes(" " + word)));
  }

  function occupied(roof) {
    if (roof.OCC_SIDES === "U") return "UNKNOWN";
    return roof.OCC_SIDES ? roof.OCC_SIDES.split(",").join(" and ") : "none recorded";
  }

  function flown(roof) {
    return roof.IMG_DATE || "date unknown";
  }

  function sign(roof) {
    return { Y: "YES", N: "NO" }[roof.SIGN_POST] || "UNKNOWN";
  }

  function title(roof) {
    return roof.ADDRESS || "NO ADDRESS ON THE ROLL";
  }

  // Text only ever enters the page through here, so an address can never become markup.
  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  return { all, ranked, find, occupied, flown, sign, title, make };
})();
