"use strict";
// Finds roofs by what is typed: words of the address in any order and spelling, or the parcel number with or without blanks.

const Find = (() => {
  // US Postal Service Publication 28, and the words that fire departments meet most: each spelling finds the others.
  const SPELLINGS = [
    "N NORTH", "S SOUTH", "E EAST", "W WEST", "NE NORTHEAST", "NW NORTHWEST", "SE SOUTHEAST", "SW SOUTHWEST", "ST STREET SAINT", "AVE AV AVENUE", "RD ROAD",
    "BLVD BOULEVARD", "LN LANE", "DR DRIVE", "CT COURT", "PL PLACE", "TER TERRACE", "ALY ALLEY", "SQ SQUARE", "PKWY PARKWAY", "HWY HIGHWAY", "CIR CIRCLE",
    "TRL TRAIL", "PIKE TURNPIKE", "HTS HEIGHTS", "PT POINT", "MT MOUNT", "FT FORT", "EXT EXTENSION", "ROW RW", "XING CROSSING", "1ST FIRST", "2ND SECOND",
    "3RD THIRD", "4TH FOURTH", "5TH FIFTH", "6TH SIXTH", "7TH SEVENTH", "8TH EIGHTH", "9TH NINTH", "10TH TENTH",
  ];
  const spellings = new Map();
  for (const line of SPELLINGS) for (const word of line.split(" ")) spellings.set(word, line);
  const KEY_FROM = 3; // fewer characters stand in every parcel number

  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f'’.]/g, "").toUpperCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

  // Every spelling of a word; most words of a city's addresses are met many times.
  const known = new Map();
  function spelled(raw) {
    if (!known.has(raw)) known.set(raw, plain(raw).split(" ").map((word) => spellings.get(word) || word).join(" "));
    return known.get(raw);
  }

  for (const roof of Roofs.all) {
    roof.text = ` ${roof.ADDRESS.split(" ").map(spelled).join(" ")} `;
    roof.key = plain(roof.PARCEL_ID).replaceAll(" ", "");
  }

  // How well a roof answers: 0 not at all, more for words that stand there in full.
  function worth(roof, words, key) {
    if (words.every((word) => roof.text.includes(word))) return 2 + words.filter((word) => roof.text.includes(`${word} `)).length;
    if (key.length < KEY_FROM || !roof.key.includes(key)) return 0;
    return roof.key === key ? 2 + words.length : roof.key.startsWith(key) ? 2 : 1;
  }

  // Best answers first, the worst hazard first among equals.
  function find(typed) {
    const typedWords = plain(typed).split(" ").filter(Boolean);
    if (!typedWords.length) return Roofs.ranked;
    const key = typedWords.join("");
    const words = typedWords.map((word) => ` ${word}`); // as they begin in `text`
    const piles = [];
    for (const roof of Roofs.ranked) {
      const pile = worth(roof, words, key);
      if (pile) (piles[pile] ||= []).push(roof);
    }
    return piles.reverse().flat();
  }

  return { find };
})();
