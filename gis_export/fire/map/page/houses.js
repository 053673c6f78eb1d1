"use strict";
// Every address of the city, on the roll or not, by street and number. They are stored street by street, lowest number first.

const Houses = (() => {
  const NONE = { streets: [], street: [], number: [], state: "", row: [], place: [], front: [], sides: [], gaps: [], blocks: [] };
  const data = window.ROOFWATCH_HOUSES || NONE;
  const A_METER = 10; // places are in decimeters
  const NEAR = 100; // numbers farther apart are no neighbors
  const ACROSS_M = 6; // the numbers across a street are at least so far before the house
  const A_SIDE = 3, OPPOSITE = 2; // how many are named
  const TYPES = new Set("ST AVE RD BLVD LN DR CT PL TER ALY SQ PKWY HWY CIR TRL TPKE EXT WAY PIKE ROW XING".split(" "));

  const ends = new Map(); // street: where its houses begin and end
  data.street.forEach((street, at) => {
    if (!ends.has(street)) ends.set(street, { from: at, to: at });
    ends.get(street).to = at + 1;
  });
  const ofRow = new Map();
  data.row.forEach((row, at) => { if (row >= 0) ofRow.set(row, at); });
  const blocks = new Map(data.blocks.map((block) => [`${block[0]} ${block[1]}`, block]));

  class House {
    constructor(at) {
      this.at = at;
      this.isHouse = true;
      this.streetAt = data.street[at];
      this.number = data.number[at];
      this.state = data.state[at]; // V on the roll, else Y occupied, N not occupied, U not known
      this.roof = data.row[at] >= 0 ? Roofs.all[data.row[at]] : null;
      const [x, y] = [data.place[2 * at], data.place[2 * at + 1]];
      this.place = x < 0 ? null : { x: x / A_METER, y: y / A_METER };
      this.front = data.front[at]; // degrees clockwise from north, -1 where not known
    }

    get street() { return data.streets[this.streetAt]; }
    get value() { return parseInt(this.number, 10); }
    get title() { return this.roof ? Roofs.title(this.roof) : this.number ? `${this.number} ${this.street}` : "parcel without an address"; }
  }

  const known = new Map();
  function house(at) {
    if (!known.has(at)) known.set(at, new House(at));
    return known.get(at);
  }

  // An address that no list knows, on a street that is known.
  function unlisted(number, streetAt) {
    return { isHouse: true, isUnlisted: true, at: -1, streetAt, street: data.streets[streetAt], number, value: parseInt(number, 10), state: "U", roof: null, place: null, front: -1, title: `${number} ${data.streets[streetAt]}` };
  }

  // The house of a roof; units of one building share it.
  function of(roof) {
    const rows = [roof, ...(roof.units || [])].map((unit) => ofRow.get(unit.row));
    const at = rows.find((found) => found !== undefined);
    return at === undefined ? null : house(at);
  }

  let texts;
  function streetsLike(words) {
    texts ||= data.streets.map((street) => ` ${street.split(" ").map(Find.spelled).join(" ")} `);
    return [...ends.keys()].filter((street) => data.streets[street] && words.every((word) => texts[street].includes(` ${word}`)));
  }

  // Addresses that are not on the roll and answer to all that was typed; where no list knows the number, the number itself.
  function find(typed) {
    const [number, ...rest] = Find.wordsOf(typed);
    if (!/^\d/.test(number || "") || !rest.some((word) => word.length > 2 && !/\d/.test(word))) return [];
    const streets = streetsLike(rest);
    const exact = streets.flatMap(onStreet).filter((one) => Find.plain(one.number).replaceAll(" ", "") === number);
    if (exact.length) return exact.filter((one) => !one.roof);
    return streets.length <= 3 ? streets.map((street) => unlisted(number, street)) : [];
  }

  function onStreet(street) {
    const { from, to } = ends.get(street);
    return Array.from({ length: to - from }, (_, i) => house(from + i));
  }

  // Whether another number is across the street: by where it is, else by odd and even; `isSure` tells which.
  function across(of, one) {
    const isSure = of.front >= 0 && one.place !== null;
    if (!isSure) return { isSure, is: one.value % 2 !== of.value % 2 };
    const turn = (of.front * Math.PI) / 180;
    return { isSure, is: (one.place.x - of.place.x) * Math.sin(turn) - (one.place.y - of.place.y) * Math.cos(turn) > ACROSS_M };
  }

  // The nearest numbers of a street: on the same side with how many doors away, and on the other side.
  function neighbors(of) {
    const near = onStreet(of.streetAt).filter((one) => one.at !== of.at && one.number !== of.number && Math.abs(one.value - of.value) <= NEAR);
    const same = near.filter((one) => !across(of, one).is);
    const below = same.filter((one) => one.value <= of.value).reverse(), above = same.filter((one) => one.value > of.value);
    const opposite = near.filter((one) => across(of, one).is).sort((a, b) => Math.abs(a.value - of.value) - Math.abs(b.value - of.value));
    const counted = (houses) => houses.slice(0, A_SIDE).map((one, i) => ({ house: one, doors: i + 1 }));
    const all = [...counted(below), ...counted(above), ...opposite.slice(0, OPPOSITE).map((one) => ({ house: one, doors: 0, isAcross: across(of, one).isSure }))];
    return all.sort((a, b) => a.house.value - b.house.value);
  }

  // B, C and D: who is there, and how many meters away.
  function sides(of) {
    if (of.at < 0 || of.front < 0) return null;
    return [0, 1, 2].map((side) => {
      const at = data.sides[3 * of.at + side];
      return { bearing: (of.front + 90 * (side + 1)) % 360, house: at < 0 ? null : house(at), gap: data.gaps[3 * of.at + side] };
    });
  }

  // "E OLIVER ST" as "E OLIVER", and with `bare` as "OLIVER".
  function short(street, bare = false) {
    const words = street.split(" ");
    if (words.length > 1 && TYPES.has(words.at(-1))) words.pop();
    if (bare && words.length > 1 && /^[NSEW]{1,2}$/.test(words[0])) words.shift();
    return words.join(" ");
  }

  const blockName = (street, hundred) => `${hundred ? 100 * hundred : 1} BLK ${short(street)}`;

  // The streets at both ends of a house's block, as far as they are known.
  function corners(of) {
    const block = blocks.get(`${of.streetAt} ${Math.floor(of.value / 100)}`);
    const crossing = block ? [block[5], block[8]].filter((street) => street >= 0) : [];
    return crossing.map((street) => `${short(of.street, true)} & ${short(data.streets[street], true)}`);
  }

  // Where streets meet: both streets and the place, each meeting of two blocks once.
  const meetings = data.blocks.flatMap(([street, , , , , ...ends]) => [ends.slice(0, 3), ends.slice(3, 6)]
    .filter(([other]) => other >= 0).map(([other, x, y]) => ({ streets: [street, other], x: x / A_METER, y: y / A_METER })));

  // The numbers of a street that are nearest to a place.
  function nearest(street, { x, y }, count) {
    const away = (one) => Math.hypot(one.place.x - x, one.place.y - y);
    return onStreet(street).filter((one) => one.place).sort((a, b) => away(a) - away(b)).slice(0, count).sort((a, b) => a.value - b.value);
  }

  // The streets with all of some words: words in full go before those that are only begun.
  function streetsNamed(words) {
    const like = streetsLike(words);
    const full = like.filter((street) => words.every((word) => texts[street].includes(` ${word} `)));
    return full.length ? full : like;
  }

  const labels = data.blocks.map(([street, hundred, x, y, angle]) => ({ text: blockName(data.streets[street], hundred), x: x / A_METER, y: y / A_METER, angle }));

  return { of, find, neighbors, sides, corners, labels, meetings, nearest, streetsNamed, streetName: (street) => data.streets[street], block: (one) => blockName(one.street, Math.floor(one.value / 100)), short };
})();
