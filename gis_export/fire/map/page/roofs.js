"use strict";
// The vacant roofs as objects, and the words with which every view describes them.

const Roofs = (() => {
  const data = window.ROOFWATCH;
  const columns = data.columns;
  const A_METER = 10; // the outlines are in decimeters
  const clock = new Date().toLocaleDateString("sv"); // "sv" writes YYYY-MM-DD
  const today = data.frozen ? data.made : clock; // rows go on aging on the tablet
  const day = today > data.made ? today : data.made;
  const shapes = Int32Array.from(data.shapes);
  const unseen = new Set(data.neverPhotographed); // reasons
  const order = new Map(Symbols.all.map((symbol, i) => [symbol.code, i]));

  // A row of the data; its columns are read where they lie.
  class Roof {
    constructor(row, at) {
      this.row = row;
      const stale = this.STALE && this.STALE < day;
      this.reason = stale ? "imagery_too_old" : this.NA_REASON;
      this.level = order.get(stale ? "NA" : this.RISK_LVL);
      this.symbol = Symbols.all[this.level];
      this.street = byStreet(this.ADDRESS);
      this.rings = shapes[at];
      this.outline = at + 1; // where its outline begins in `shapes`
      this.units = null; // all roofs at its place, worst first, where there are several: units of a building
      this.place = this.rings ? { x: shapes[at + 1] / A_METER, y: shapes[at + 2] / A_METER } : null;
    }

    get photo() { return file("chips", data.photos[this.row]); }
    get before() { return file("chips_before", data.before[this.row]); }
    get isNorthUp() { return data.turned[this.row] === "2"; }
    get reviewDue() { return this.REVIEW_BY < day; }
  }
  for (const [name, column] of Object.entries(columns)) Object.defineProperty(Roof.prototype, name, { get() { return column[this.row]; } });

  const all = new Array(columns.PARCEL_ID.length);
  for (let row = 0, at = 0; row < all.length; row++) {
    all[row] = new Roof(row, at);
    const rings = shapes[at++];
    if (rings) at += 2;
    for (let ring = 0; ring < rings; ring++) at += 1 + 2 * shapes[at];
  }
  const ranked = [...all].sort((a, b) => a.level - b.level || compare(a.street, b.street) || a.row - b.row);

  const places = new Map();
  for (const roof of ranked) {
    if (!roof.place) continue;
    const place = `${roof.place.x} ${roof.place.y}`;
    const others = places.get(place);
    if (!others) places.set(place, [roof]);
    else others.push(roof);
    if (others) for (const unit of others) unit.units = others;
  }

  function file(folder, name) {
    return name && `${folder}/${name.slice(0, 2)}/${name}.webp`;
  }

  function compare(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }

  // "1204 N CAREY ST" as "N CAREY ST 00001204", so that houses of one street stand together and in order.
  function byStreet(address) {
    const [, number, street] = /^\s*(\d*)\s*(.*)$/s.exec(address);
    return `${street.toUpperCase()} ${number.padStart(8, "0")}`;
  }

  // The rings in meters: [[[x, y], ...], ...].
  function rings(roof) {
    let at = roof.outline;
    const inside = [shapes[at++], shapes[at++]];
    return Array.from({ length: roof.rings }, () => {
      let [x, y] = inside;
      return Array.from({ length: shapes[at++] }, () => [(x += shapes[at++]) / A_METER, (y += shapes[at++]) / A_METER]);
    });
  }

  function occupied(roof) {
    if (roof.OCC_SIDES === "U") return "UNKNOWN";
    if (!roof.OCC_SIDES) return "none recorded";
    const known = roof.OCC_SIDES.split(",").filter((side) => side !== "U");
    const others = roof.OCC_SIDES.endsWith(",U") ? ", others UNKNOWN" : "";
    return known.join(" and ") + others;
  }

  function asOf(roof) {
    if (roof.symbol.code === "NA" && roof.IMG_DATE) return `not assessed in photo ${roof.IMG_DATE}`;
    const photo = roof.IMG_DATE ? `photo ${roof.IMG_DATE}` : unseen.has(roof.NA_REASON) ? "no photo" : "photo date unknown";
    return roof.VERIFIED === "Y" ? `seen ${roof.VER_DATE || "by a person"}, ${photo}` : photo;
  }

  const flown = (roof) => roof.IMG_DATE || (unseen.has(roof.NA_REASON) ? "no photo" : "date unknown");
  const sign = (roof) => ({ Y: "YES", N: "NO" })[roof.SIGN_POST] || "UNKNOWN";
  const hazard = (roof) => (roof.reviewDue ? `${roof.symbol.word}, REVIEW DUE` : roof.symbol.word);
  const title = (roof) => roof.ADDRESS || "NO ADDRESS ON THE ROLL";
  const district = (roof) => roof.FIRE_DIST || "not known";
  const number = (count) => count.toLocaleString("en-US");

  // Text only ever enters the page through here, so an address can never become markup.
  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.append(...withDays(String(text)));
    return element;
  }

  function dayOf(day) {
    const element = document.createElement("span");
    element.className = "day";
    element.textContent = day;
    return element;
  }

  // The text with each day in an element of its own, which no line end divides.
  function withDays(text) {
    return text.split(/(\d{4}-\d\d-\d\d)/).map((part, place) => (place % 2 ? dayOf(part) : part));
  }

  function button(className, text, act) {
    const element = make("button", className, text);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  }

  return { all, ranked, clock, compare, rings, occupied, asOf, flown, sign, hazard, title, district, number, make, button };
})();
