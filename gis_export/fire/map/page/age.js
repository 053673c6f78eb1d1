"use strict";
// How old the photo is, by the tablet's clock, in a bar that is always there.

const Age = (() => {
  const { year, made, frozen, flown, staleAfter, staleMonths } = window.ROOFWATCH;
  const bar = document.getElementById("age");
  const clock = Roofs.clock;
  const [first, last] = flown;

  // Whole months from one day to another, YYYY-MM-DD.
  function months(from, to) {
    const [fromYear, fromMonth, fromDay] = from.split("-").map(Number), [toYear, toMonth, toDay] = to.split("-").map(Number);
    return 12 * (toYear - fromYear) + toMonth - fromMonth - (toDay < fromDay ? 1 : 0);
  }

  const isWrong = clock < made; // a tablet that lost its clock
  const today = isWrong ? made : clock;
  const isOld = staleAfter < today;

  function flight() {
    if (!first) return `Flown in ${year}, day not known, made ${made}.`;
    const old = months(first, today);
    const days = first === last ? first : `${first} to ${last}`;
    return `Flown ${days}, made ${made}: photo ${old} ${old === 1 ? "month" : "months"} old.`;
  }

  function said() {
    const words = [flight()];
    if (isWrong) words.push(`CLOCK WRONG: this tablet says ${clock}, so the photo is older than that.`);
    if (frozen) words.unshift("FROZEN: does not age.");
    if (isOld) words.push(`TOO OLD (over ${staleMonths}): not seen in it means NOT ASSESSED.`);
    return words;
  }

  bar.textContent = said().join(" ");
  bar.classList.toggle("alarm", frozen || isWrong || isOld);
  return { months };
})();
