"use strict";
/* The page: shows roofs, takes answers by key or touch, corrects them. */

const facts = JSON.parse(document.getElementById("facts").textContent);
const source = facts.offline ? fileSource(facts) : serverSource(facts);
const byId = (id) => document.getElementById(id);
const RETRY_MS = 3000;
const POLL_MS = 5000;
const PENDING = `pending ${facts.batch}`;

const desk = { who: "", card: null, mine: null, odd: null, progress: null, last: null, since: 0, busy: false, confuser: "" };

function begin() {
  // The cookie carries the token from here on: not the address bar, the history, or a screenshot.
  if (location.search) history.replaceState(null, "", location.pathname);
  byId("where").textContent = `${facts.city}, ${facts.flown}`;
  byId("who").value = facts.who || kept.read("who") || "";
  byId("who").readOnly = Boolean(facts.who);  // the token says whose looks these are
  byId("keys-on").checked = kept.read("keys") !== false;
  addChoices("shares", facts.shares, (choice) => answer({ roof: choice.name, disposition: "" }));
  addChoices("gone", facts.gone, (choice) => answer({ roof: "", disposition: choice.name }));
  addChoices("confusers", facts.confusers, toggleConfuser);
  listKeys();
  viewer.listen();
  listen();
  byId("who").focus();
}

function addChoices(id, choices, act) {
  for (const choice of choices) {
    const button = element("button", choice.label, { type: "button", "data-name": choice.name, "aria-keyshortcuts": choice.key });
    if (id === "confusers") button.setAttribute("aria-pressed", "false");
    button.append(element("kbd", choice.key.toUpperCase()));
    button.addEventListener("click", () => act(choice));
    byId(id).append(button);
  }
}

function listen() {
  byId("name-form").addEventListener("submit", (event) => { event.preventDefault(); start(); });
  byId("outline").addEventListener("click", toggleOutline);
  byId("larger").addEventListener("click", () => viewer.enlarge(STEP));
  byId("smaller").addEventListener("click", () => viewer.enlarge(1 / STEP));
  byId("fit").addEventListener("click", () => viewer.fit());
  byId("undo").addEventListener("click", undo);
  byId("again-open").addEventListener("click", listAgain);
  byId("again-leave").addEventListener("click", leaveAgain);
  byId("train").addEventListener("click", train);
  byId("heat-open").addEventListener("click", showHeat);
  byId("save").addEventListener("click", () => source.save(desk.who));
  byId("keys-open").addEventListener("click", () => byId("keys").showModal());
  byId("keys-on").addEventListener("change", () => kept.write("keys", byId("keys-on").checked));
  byId("note").addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") byId("title").focus(); });
  addEventListener("keydown", onKey);
}

async function start() {
  desk.who = byId("who").value.trim().replace(/\s+/g, " ");
  if (!desk.who) return;
  kept.write("who", desk.who);
  byId("start").hidden = true;
  byId("side").hidden = false;
  byId("progress").hidden = false;
  byId("save").hidden = !facts.offline;
  byId("list").hidden = Boolean(facts.offline);
  byId("both").hidden = Boolean(facts.offline);
  const pending = kept.read(PENDING);
  if (pending && pending.who === desk.who) await deliver(pending.said);
  else await showNext();
  if (!facts.offline) setInterval(poll, POLL_MS);
}

async function showNext() {
  const got = await patiently(() => source.next(desk.who));
  if (got) take(got);
}

async function answer(choice) {
  if (desk.busy || !desk.card) return;
  const said = {
    ...choice,
    place: desk.card.place,
    confuser: desk.confuser,
    note: byId("note").value.trim().replace(/\s+/g, " "),
    seconds: Math.round((performance.now() - desk.since) / 100) / 10,
    corrects: desk.mine ? desk.mine.look_id : "",
    again: Boolean(desk.odd),
  };
  kept.write(PENDING, { who: desk.who, said });
  await deliver(said);
}

async function deliver(said) {
  const got = await patiently(() => source.answer(desk.who, said));
  kept.remove(PENDING);
  if (got) take(got);
  else await showNext();
  if (got && said.again) await listAgain();
}

/* The desk may be down for a while: what was said is sent again until it is written. */
async function patiently(ask) {
  desk.busy = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    for (;;) {
      try {
        const got = await ask();
        alarm("");
        return got;
      } catch (error) {
        if (error instanceof Refused) {
          alarm(error.message);
          return null;
        }
        if (!(error instanceof Stopped)) throw error;
        alarm(`${error.message} What you said is kept in this browser. If the desk was started again, open its new address.`);
        await new Promise((done) => { setTimeout(done, RETRY_MS); });
      }
    }
  } finally {
    desk.busy = false;
    document.body.removeAttribute("aria-busy");
  }
}

function take(got) {
  if (got.last) desk.last = got.last;
  desk.mine = got.mine || null;
  desk.odd = got.odd || null;
  desk.card = got.card;
  showProgress(got.progress);
  showLast();
  if (got.card) showCard(got.card);
  else showEnd();
}

function showCard(card) {
  byId("work").hidden = false;
  byId("end").hidden = true;
  byId("again").hidden = true;
  const name = card.address || card.parcel_id;
  byId("title").textContent = card.address ? `${card.address} (${card.parcel_id})` : card.parcel_id;
  viewer.show(card, { now: `${name}, photo of ${facts.flown}`, before: `${name}, photo of ${facts.before}` });
  document.querySelector("#now figcaption").textContent = `This flyover: ${facts.flown}`;
  document.querySelector("#before figcaption").textContent = facts.before ? `Before: ${facts.before}` : "No flyover before";
  byId("oblique").hidden = !card.oblique;
  if (card.oblique) byId("oblique").href = card.oblique;
  else byId("oblique").removeAttribute("href");
  showMine();
  for (const address of card.ahead) new Image().src = address;
  byId("title").focus({ preventScroll: true });
  byId("told").textContent = `${name}. ${progressWords(desk.progress)}`;
  desk.since = performance.now();
}

function showMine() {
  const mine = desk.mine;
  byId("correcting").hidden = !mine;
  const before = desk.odd ? oddWords(desk.odd) : `You said: ${mine ? mine.said : ""}.`;
  byId("correcting").textContent = mine ? `${before} Your new answer takes its place. Esc leaves it as it is.` : "";
  byId("note").value = mine ? mine.note : "";
  setConfuser(mine ? mine.confuser : "");
  for (const button of document.querySelectorAll("#shares button, #gone button")) {
    const name = button.dataset.name;
    if (mine && (name === mine.roof || name === mine.disposition)) button.setAttribute("aria-pressed", "true");
    else button.removeAttribute("aria-pressed");
  }
}

function showEnd() {
  byId("work").hidden = true;
  byId("end").hidden = false;
  byId("again").hidden = true;
  const isDone = desk.progress.seen === desk.progress.roofs;
  byId("end-title").textContent = isDone ? "This batch is finished" : "Other people have the last roofs";
  byId("end-text").replaceChildren(...endLines(desk.progress, facts));
  byId("end-title").focus();
  byId("told").textContent = byId("end-title").textContent;
}

function showProgress(progress) {
  desk.progress = progress;
  byId("bar").max = progress.roofs;
  byId("bar").value = progress.seen;
  byId("count").textContent = progressWords(progress);
  byId("undo").disabled = !earlierPlaces().length;
  byId("again-open").firstChild.textContent = progress.odd ? `Disagreements: ${progress.odd} ` : "Disagreements ";
  showFigures(progress, facts);
  showTraining(progress.training);
}

function showLast() {
  const last = desk.last;
  byId("last").textContent = last ? `${last.address}: ${last.said}. Why this roof: ${last.reason}.` : "None yet.";
  byId("heat-open").hidden = !(last && facts.has_heat);
}

function earlierPlaces() {
  const mine = desk.progress.mine;
  const at = desk.mine ? mine.indexOf(desk.card.place) : mine.length;
  return mine.slice(0, at);
}

async function undo() {
  if (desk.busy || !desk.progress) return;
  const place = earlierPlaces().at(-1);
  if (place === undefined) return;
  const got = await patiently(() => source.answered(desk.who, place));
  if (got) take(got);
}

async function leave() {
  if (!desk.mine || desk.busy) return;
  if (desk.odd) await listAgain();
  else await showNext();
}

async function poll() {
  if (desk.busy || document.hidden) return;
  try {
    showProgress(await source.progress(desk.who));
    const isListed = !byId("again").hidden;
    if (!desk.card && !isListed && desk.progress.seen < desk.progress.roofs) await showNext();
    else if (!desk.card) byId("end-text").replaceChildren(...endLines(desk.progress, facts));
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}

function toggleConfuser(choice) { setConfuser(desk.confuser === choice.name ? "" : choice.name); }

function setConfuser(name) {
  desk.confuser = name;
  for (const button of document.querySelectorAll("#confusers button")) {
    button.setAttribute("aria-pressed", String(button.dataset.name === name));
  }
}

function toggleOutline() {
  const isOn = byId("outline").getAttribute("aria-pressed") !== "true";
  byId("outline").setAttribute("aria-pressed", String(isOn));
  document.querySelector(".photos").classList.toggle("plain", !isOn);
}

function showHeat() {
  if (byId("heat-open").hidden) return;
  byId("heat-image").src = source.heat(desk.who, desk.last.place);
  byId("heat-image").alt = `Heat map of ${desk.last.address}`;
  byId("heat").showModal();
}

const OTHER_KEYS = {
  u: ["undo: correct your last answer", undo],
  h: ["heat map of your last answer", showHeat],
  a: ["disagreements: roofs to look at again", listAgain],
  l: ["outline on and off", toggleOutline],
  "+": ["larger", () => viewer.enlarge(STEP)],
  "-": ["smaller", () => viewer.enlarge(1 / STEP)],
  0: ["the whole photo", () => viewer.fit()],
  n: ["write a note", () => byId("note").focus()],
  Escape: ["leave the old answer as it is", leave],
  ArrowLeft: ["move the photos; also up, down and right", () => viewer.move(-0.1, 0)],
};
const SAME_KEYS = {
  "=": OTHER_KEYS["+"][1],
  ArrowRight: () => viewer.move(0.1, 0),
  ArrowUp: () => viewer.move(0, -0.1),
  ArrowDown: () => viewer.move(0, 0.1),
};

function onKey(event) {
  const isTyping = event.target.matches("input:not([type=checkbox])");
  const isOther = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  if (isTyping || isOther || !byId("keys-on").checked || (byId("work").hidden && !"ua".includes(event.key))) return;
  if (document.querySelector("dialog[open]")) return;

  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const button = document.querySelector(`.answers button[aria-keyshortcuts="${CSS.escape(key)}"]`);
  const act = button ? () => button.click() : (OTHER_KEYS[key] || [])[1] || SAME_KEYS[key];
  if (!act) return;
  event.preventDefault();
  act();
}

function listKeys() {
  const choices = [...facts.shares, ...facts.gone, ...facts.confusers];
  const rows = [
    ...choices.map((choice) => [choice.key, choice.label]),
    ...Object.entries(OTHER_KEYS).map(([key, [words]]) => [key.replace("ArrowLeft", "←"), words]),
  ];
  for (const [key, words] of rows) {
    const term = document.createElement("dt");
    term.append(element("kbd", key.length === 1 ? key.toUpperCase() : key));
    byId("key-list").append(term, element("dd", words));
  }
}

function alarm(text) {
  byId("alarm").hidden = !text;
  byId("alarm").textContent = text;
}

begin();
