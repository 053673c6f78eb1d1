"use strict";
// Finds the corner of two streets, with or without directions and types: OLIVER & ASH, oliver and ash, E OLIVER ST / ASH ST.

const Corners = (() => {
  const BETWEEN = /\s*[&/@+]\s*|\s+(?:AND|AT)\s+/i;
  const SAME_M = 60; // meetings of two streets nearer than this are one corner
  const NEAR_M = 60; // roofs that a corner lists
  const NUMBERS = 4; // of each street
  const NAMED = 3; // streets that a remark names
  const { make } = Roofs;

  const keyOf = (a, b) => (a < b ? `${a} ${b}` : `${b} ${a}`);
  let places; // of each pair of streets
  function meetings(a, b) {
    if (!places) {
      places = new Map();
      for (const { streets, x, y } of Houses.meetings) {
        const key = keyOf(...streets);
        if (!places.has(key)) places.set(key, []);
        const known = places.get(key);
        if (!known.some((one) => Math.hypot(one.x - x, one.y - y) < SAME_M)) known.push({ x, y });
      }
    }
    return places.get(keyOf(a, b)) || [];
  }

  function corner(a, b, place) {
    const title = [a, b].map(Houses.streetName).join(" & ");
    return { isHouse: true, isCorner: true, streets: [a, b], place, title, state: "U", roof: null };
  }

  // The two halves of what is typed; null where it is no corner, as in 2803 1/2 E OLIVER ST.
  function halves(typed) {
    const parts = typed.split(BETWEEN).map((part) => Find.wordsOf(part));
    const areStreets = parts.length === 2 && parts.every((words) => words.some((word) => word.length > 1) && !/^\d+$/.test(words[0] || "0"));
    return areStreets ? parts : null;
  }

  const named = (streets) => streets.slice(0, NAMED).map(Houses.streetName).join(", ") + (streets.length > NAMED ? ` and ${streets.length - NAMED} more` : "");

  // What is said where no corner is known.
  function remark(first, second, parts) {
    const words = parts.map((part) => part.join(" "));
    if (!first.length && !second.length) return `No address is known on ${words[0]} or on ${words[1]}: corner not known.`;
    if (!first.length || !second.length) return `Only ${named(first.length ? first : second)} has addresses here, none is known on ${words[first.length ? 1 : 0]}: corner not known.`;
    return `No corner of ${named(first)} and ${named(second)} is known.`;
  }

  // The corners that answer, the vacant roofs near them, and a remark where there is not exactly one; null where no corner is typed.
  function find(typed) {
    const parts = halves(typed);
    if (!parts) return null;
    const [first, second] = parts.map(Houses.streetsNamed);
    const found = new Map();
    for (const a of first) for (const b of second) for (const place of meetings(a, b)) found.set(`${keyOf(a, b)} ${place.x} ${place.y}`, corner(a, b, place));
    const corners = [...found.values()];
    if (!corners.length) return { corners, roofs: [], remark: remark(first, second, parts) };
    const isNear = (roof) => roof.place && corners.some(({ place }) => Math.hypot(roof.place.x - place.x, roof.place.y - place.y) <= NEAR_M);
    return { corners, roofs: Roofs.ranked.filter(isNear), remark: corners.length > 1 ? `${corners.length} corners answer to that: choose one` : "" };
  }

  // The nearest numbers of both streets.
  function section(of) {
    const all = make("section", "incident");
    all.setAttribute("aria-label", "At the corner");
    for (const street of of.streets) {
      all.append(make("h3", "", Houses.streetName(street)));
      all.append(Incident.list(Houses.nearest(street, of.place, NUMBERS)));
    }
    return all;
  }

  return { find, section };
})();
