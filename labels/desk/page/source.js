"use strict";
/* Where roofs come from and answers go: the desk's server. */

class Stopped extends Error {}
class Refused extends Error {}

const serverSource = (facts) => ({
  async ask(path, body) {
    let answer;
    try {
      answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...body, batch: facts.batch }),
      });
    } catch {
      throw new Stopped("The desk does not answer.");
    }
    if (answer.ok) return answer.json();

    const text = await answer.text();
    if (answer.status === 403 || answer.status >= 500) throw new Stopped(text);
    throw new Refused(text);
  },
  next(who) { return this.ask("next", { who }); },
  answer(who, said) { return this.ask("answer", { who, ...said }); },
  answered(who, place, again) { return this.ask("answered", { who, place, again: Boolean(again) }); },
  disagreements(who) { return this.ask("disagreements", { who }); },
  train(who) { return this.ask("train", { who }); },
  progress(who) { return this.ask("progress", { who }); },
  heat(who, place) { return `heat/${place}.webp?who=${encodeURIComponent(who)}`; },
});

/* What is kept in this browser: nothing is lost where it keeps nothing. */
const kept = {
  read(name) {
    try { return JSON.parse(localStorage.getItem(`roof-desk ${name}`)); } catch { return null; }
  },
  write(name, value) {
    try { localStorage.setItem(`roof-desk ${name}`, JSON.stringify(value)); } catch { /* private window */ }
  },
  remove(name) {
    try { localStorage.removeItem(`roof-desk ${name}`); } catch { /* private window */ }
  },
};
