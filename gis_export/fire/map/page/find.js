"use strict";
// Finds roofs by what is typed: words of the address in any order and spelling, or the parcel number; blanks may be left out.
// Where nothing answers to all of it, one misspelt word is corrected, then words are left off the end: a unit, a city.

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
  const DIRECTIONS = new Set(SPELLINGS.slice(0, 8).flatMap((line) => line.split(" ")));
  const OMITTED = new Set(["BLK", "BLOCK", "OF", "THE"]); // "2800 BLK E OLIVER" and "2800 block of east Oliver" are 2800 E OLIVER
  const KEY_FROM = 3; // fewer characters stand in every parcel number

  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f'’.]/g, "").toUpperCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

  const wordsOf = (typed) => plain(typed).split(" ").filter((word) => word && !OMITTED.has(word));

  // Every spelling of a word; most words of a city's addresses are met many times.
  const known = new Map();
  function spelled(raw) {
    if (!known.has(raw)) known.set(raw, plain(raw).split(" ").map((word) => spellings.get(word) || word).join(" "));
    return known.get(raw);
  }

  for (const roof of Roofs.all) {
    const both = [roof.ADDRESS, roof.ON_ROLL].filter(Boolean);
    roof.text = ` ${both.map((address) => address.split(" ").map(spelled).join(" ")).join(" / ")} `;
    roof.joined = both.map((address) => plain(address).replaceAll(" ", "")).join("/");
    roof.key = plain(roof.PARCEL_ID).replaceAll(" ", "");
  }

  // How well a roof answers: 0 not at all, more for words that stand there in full.
  function worth(roof, words, key) {
    if (words.every((word) => roof.text.includes(word))) return 2 + words.filter((word) => roof.text.includes(`${word} `)).length;
    if (key.length < KEY_FROM) return 0;
    if (roof.joined.startsWith(key)) return 1;
    if (!roof.key.includes(key)) return 0;
    return roof.key === key ? 2 + words.length : roof.key.startsWith(key) ? 2 : 1;
  }

  // Best answers first, the worst hazard first among equals.
  function answers(typedWords) {
    const key = typedWords.join("");
    const words = typedWords.map((word) => ` ${word}`); // as they begin in `text`
    const piles = [];
    for (const roof of Roofs.ranked) {
      const pile = worth(roof, words, key);
      if (pile) (piles[pile] ||= []).push(roof);
    }
    return piles.reverse().flat();
  }

  let streetWords;
  function corrected(word) {
    streetWords ||= [...new Set(Roofs.all.flatMap((roof) => roof.text.split(" ")))].filter((known) => known.length > 3 && !/\d/.test(known));
    return /\d/.test(word) || word.length < 4 ? undefined : streetWords.find((known) => oneOff(word, known));
  }

  // Whether one letter more, less, other or swapped makes a word of another.
  function oneOff(a, b) {
    if (Math.abs(a.length - b.length) > 1) return false;
    let i = 0;
    while (i < a.length && a[i] === b[i]) i++;
    const [restA, restB] = [a.slice(i), b.slice(i)];
    const swapped = restA.length > 1 && restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2);
    return restA.slice(1) === restB || restA === restB.slice(1) || restA.slice(1) === restB.slice(1) || swapped;
  }

  // The parcel whose number is typed exactly goes first: two numbers may differ by where a dash stands.
  function exactFirst(roofs, typed) {
    const number = typed.trim().toUpperCase();
    const exact = roofs.filter((roof) => roof.PARCEL_ID.trim().toUpperCase() === number);
    return exact.length ? [...exact, ...roofs.filter((roof) => !exact.includes(roof))] : roofs;
  }

  // The roofs, and in `instead` what they answer to where that is not all that was typed.
  function find(typed) {
    const words = wordsOf(typed);
    if (!words.length) return { roofs: Roofs.ranked, instead: "" };
    const roofs = answers(words);
    if (roofs.length) return { roofs: exactFirst(roofs, typed), instead: "" };
    for (let kept = words.length; kept > 0; kept--) {
      const some = words.slice(0, kept);
      if (!some.some((word) => word.length > 2 && !/\d/.test(word) && !DIRECTIONS.has(word))) break; // no street: another house of that number
      if (kept < words.length) {
        const fewer = answers(some);
        if (fewer.length) return { roofs: fewer, instead: some.join(" ") };
      }
      for (let i = 0; i < kept; i++) {
        const better = corrected(some[i]);
        const others = better ? some.map((word, at) => (at === i ? better : word)) : some;
        const fewer = better ? answers(others) : [];
        if (fewer.length) return { roofs: fewer, instead: others.join(" ") };
      }
    }
    return { roofs: [], instead: "" };
  }

  return { find, plain, wordsOf, spelled };
})();
