"use strict";
/* Disagreements that are looked at again, and the training at the end. */

async function listAgain() {
  if (desk.busy || facts.offline || !desk.progress) return;
  const got = await patiently(() => source.disagreements(desk.who));
  if (!got) return;
  desk.mine = null;
  desk.card = null;
  byId("work").hidden = true;
  byId("end").hidden = true;
  byId("again").hidden = false;
  byId("again-list").replaceChildren(...got.disagreements.map(againItem));
  const left = got.disagreements.filter((odd) => !odd.again).length;
  byId("again-text").textContent = got.disagreements.length
    ? `${count(left, "roof")} of yours to look at again. Your second answer takes the place of the first; both are kept. The agreement of two readers counts first answers only.`
    : "Nobody says anything else of the roofs you have answered.";
  byId("again-title").focus();
}

function againItem(odd) {
  const item = document.createElement("li");
  const button = element("button", odd.again ? "Look once more" : "Look again", { type: "button", "aria-label": `Look again at ${odd.address}` });
  button.addEventListener("click", () => openAgain(odd.place));
  item.append(element("p", `${odd.address}${odd.again ? ", looked at again" : ""}`, { class: "strong" }), element("p", oddWords(odd)), button);
  return item;
}

function oddWords(odd) {
  const others = [...odd.others];
  if (odd.model) others.push(`The model: ${odd.model}`);
  return [`You: ${odd.mine}`, ...others].map((words) => `${words}.`).join(" ");
}

async function openAgain(place) {
  if (desk.busy) return;
  const got = await patiently(() => source.answered(desk.who, place, true));
  if (got) take(got);
}

async function leaveAgain() {
  byId("again").hidden = true;
  await showNext();
}

function showTraining(training) {
  byId("training").hidden = !training || facts.offline;
  if (!training) return;
  const isRunning = training.elapsed !== null;
  const about = training.seconds === null ? "" : ` about ${count(Math.max(1, Math.round(training.seconds)), "second")}`;
  byId("train").disabled = isRunning;
  const isDone = training.lines.length > 0;
  byId("train").textContent = isDone ? "Retrain again" : "Retrain";
  byId("training-title").textContent = trainingTitle(isRunning, isDone, about);
  byId("training-text").replaceChildren(...trainingLines(training, isRunning, about));
}

function trainingLines(training, isRunning, about) {
  if (isRunning) {
    return [element("p", `${training.by} started a training ${count(Math.round(training.elapsed), "second")} ago;${about ? ` the last one took${about}.` : " nobody has measured how long it takes."} You can go on looking.`)];
  }
  if (training.failure) return [element("p", `No new version: ${training.failure}`)];
  if (!training.lines.length) {
    const known = about ? "So long did the last training take." : "How long it takes is not known: no training of this city was timed.";
    return [element("p", `${known} It tests the new model and registers it. It promotes nothing over a champion. ${training.note}`)];
  }
  const lines = training.lines.map((line) => element("li", line));
  const list = document.createElement("ul");
  list.append(...lines);
  const told = [element("h3", "What changed"), list];
  if (training.gate) told.push(element("h3", "What the gate would say"), element("p", training.gate));
  if (training.promote) told.push(element("p", "Nothing was promoted. A named person does it:"), element("code", training.promote));
  return told;
}

async function train() {
  if (desk.busy) return;
  const progress = await patiently(() => source.train(desk.who));
  if (progress) showProgress(progress);
}

function trainingTitle(isRunning, isDone, about) {
  if (isRunning) return "Training";
  return isDone ? "A new model" : `Retrain now?${about}`;
}
