"use strict";
/* What stands beside the photos, and what is said at the end. */

const percent = (value) => `${Math.round(100 * value)}%`;
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

function element(name, text, attributes = {}) {
  const node = document.createElement(name);
  node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function figure(term, value, more) {
  const data = element("dd", `${value} `);
  if (more) data.append(element("small", more));
  const row = document.createElement("div");
  row.append(element("dt", term), data);
  return row;
}

function shareFigure(term, share) {
  if (!share) return figure(term, "not known yet", "");
  return figure(term, percent(share.value), `90%: ${percent(share.low)} to ${percent(share.high)}`);
}

function showFigures(progress, facts) {
  const place = document.getElementById("figures");
  const learned = progress.learned;
  if (!learned) {
    const text = facts.learns || "The figures come after ten answers, with failing and intact roofs among them.";
    place.replaceChildren(element("p", text, { class: "small" }));
  } else {
    const list = document.createElement("dl");
    const moved = `${learned.joined} joined and ${learned.left} left since scoring`;
    list.append(
      figure("Roofs on the list", learned.listed, moved),
      shareFigure("Of these fail (precision)", learned.precision),
      shareFigure("Failing roofs on it (recall)", learned.recall),
    );
    const made = `From ${learned.answers} answers here, ${count(learned.labels, "label")} in all; refit in ${learned.seconds.toFixed(2)} s.`;
    place.replaceChildren(list, element("p", made, { class: "small" }));
  }
  document.getElementById("readers").textContent = agreementWords(progress.agreement);
}

function agreementWords(agreement) {
  if (!agreement.roofs) return "No roof has two readers yet.";
  const same = `The same answer for ${agreement.same} of ${agreement.roofs}.`;
  if (agreement.kappa === null) return same;
  const [kappa, low, high] = [agreement.kappa, agreement.low, agreement.high].map((value) => value.toFixed(2));
  return `${same} Kappa ${kappa} (90%: ${low} to ${high}).`;
}

function progressWords(progress) {
  const left = progress.roofs - progress.seen;
  const time = progress.pace_s && left ? `, ${Math.ceil(left * progress.pace_s / 60)} min left` : "";
  return `${progress.seen} of ${progress.roofs}${time}`;
}

function endLines(progress, facts) {
  const lines = [];
  const pace = progress.pace_s ? ` The median answer took ${progress.pace_s.toFixed(1)} s.` : "";
  lines.push(element("p", `${count(progress.seen, "roof")} seen, ${progress.failing} of them failing.${pace}`));
  if (facts.offline) return [...lines, element("p", "Save the answers, and send the file back to whoever sent you this page.")];

  lines.push(element("p", agreementWords(progress.agreement)));
  if (progress.wanted_twice) {
    lines.push(element("p", `${count(progress.wanted_twice, "roof")} still wait for a second reader.`));
  }
  return [...lines, ...changeLines(progress, facts)];
}

function changeLines(progress, facts) {
  const { learned, first } = progress;
  const lines = [];
  if (learned) {
    const was = first && first !== learned ? ` It was ${first.listed} after ${first.answers} answers.` : "";
    lines.push(element("p", `By the refit the list would have ${count(learned.listed, "roof")}; ${learned.joined} would join it and ${learned.left} leave it.${was}`));
    lines.push(element("p", `That refit took ${learned.seconds.toFixed(2)} s and is not kept.`));
  }
  lines.push(element("p", "For the next roofs start the desk again. This trains from a terminal:"));
  lines.push(element("code", facts.train));
  return lines;
}
