"use strict";
/* The same as `serverSource` for a page that is a file: answers stay in the browser until saved. */

const CSV_COLUMNS = [
  "parcel_id", "year", "visited_on", "roof_open", "roof_pct", "disposition", "confuser", "notes", "who",
  "source", "means", "photo", "chosen", "chance", "reader", "seconds", "said_at",
];
const LEAST_PAIRS = { roofs: 0, same: 0, kappa: null, low: null, high: null };

function fileSource(facts) {
  const { cards, roofs } = facts.offline;
  const name = `answers ${facts.batch}`;
  const answers = kept.read(name) || [];
  let isSaved = true;

  addEventListener("beforeunload", (event) => { if (!isSaved) event.preventDefault(); });

  const of = (place) => answers.find((answer) => answer.place === place);
  const progress = () => {
    const seconds = answers.map((answer) => answer.seconds).filter(Boolean).sort((a, b) => a - b);
    return {
      seen: answers.length,
      roofs: cards.length,
      mine: answers.map((answer) => answer.place),
      people: 1,
      wanted_twice: 0,
      failing: answers.filter((answer) => roofPct(answer) !== "" && roofPct(answer) >= facts.threshold).length,
      pace_s: seconds.length ? seconds[Math.floor(seconds.length / 2)] : null,
      agreement: LEAST_PAIRS,
      learned: null,
      first: null,
      odd: 0,
      training: null,
    };
  };
  const roofPct = (answer) => {
    const share = facts.shares.find((choice) => choice.name === answer.roof);
    return share && share.roof_pct !== null ? share.roof_pct : "";
  };
  const give = (more) => {
    const card = cards.find((candidate) => !of(candidate.place)) || null;
    return { card, progress: progress(), ...more };
  };
  const view = (answer) => {
    const share = facts.shares.find((choice) => choice.name === answer.roof);
    const words = share ? share.label + (share.roof_pct === null ? "" : " open") : answer.disposition;
    const { address, reason } = roofs[answer.place];
    return { ...answer, address, reason, said: words, look_id: String(answer.place) };
  };

  return {
    async next() { return give({}); },
    async answer(who, said) {
      const now = new Date();
      const day = facts.as_of || localDay(now);
      const answer = { ...said, who, said_at: now.toISOString(), visited_on: day };
      const place = answers.findIndex((other) => other.place === said.place);
      if (place >= 0) answers.splice(place, 1);
      answers.push(answer);
      kept.write(name, answers);
      isSaved = false;
      return give({ last: view(answer) });
    },
    async answered(who, place) {
      return { card: cards[place], mine: view(of(place)), progress: progress() };
    },
    async progress() { return progress(); },
    heat() { return ""; },
    save(who) {
      const rows = answers.map((answer) => ({
        ...answer,
        ...roofs[answer.place],
        year: facts.year,
        roof_open: answer.roof,
        roof_pct: roofPct(answer),
        notes: answer.note,
        source: "desk",
        means: "photo",
      }));
      const lines = [CSV_COLUMNS, ...rows.map((row) => CSV_COLUMNS.map((column) => row[column]))];
      const text = lines.map((line) => line.map(cell).join(",")).join("\r\n");
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([`${text}\r\n`], { type: "text/csv" }));
      link.download = `desk_${facts.year}_${who.replace(/[^A-Za-z0-9]+/g, "_")}.csv`;
      link.click();
      isSaved = true;
    },
  };
}

function localDay(time) {
  const two = (number) => String(number).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
