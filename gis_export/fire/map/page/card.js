"use strict";
// The three-second card: hazard words, address, as-of date, occupied sides, sign posted; then the photo.

const Card = (() => {
  const { make, button, number } = Roofs;
  const card = document.getElementById("card");
  let walk = [];
  let at = -1;
  let turned = () => {};
  let closed = () => {};

  function line(name, value) {
    const row = make("div", "line");
    row.append(make("dt", "", name), make("dd", "", value));
    return row;
  }

  // A visit since the flight that saw no open roof takes the place of "unverified", as in RISK_TXT.
  function meaning(roof) {
    const visited = "not seen on site";
    return roof.RISK_TXT.includes(visited) ? roof.symbol.meaning.replace("unverified", visited) : roof.symbol.meaning;
  }

  function hazard(roof) {
    const banner = make("div", "hazard");
    banner.style.backgroundColor = roof.symbol.color;
    const words = make("div");
    const word = make("h2", "", roof.symbol.word);
    word.id = "card-word";
    words.append(word);
    const reason = window.ROOFWATCH.reasons[roof.reason] ?? roof.reason.replaceAll("_", " ");
    words.append(make("p", "", reason && roof.symbol.code === "NA" ? `Reason: ${reason}` : meaning(roof)));
    banner.append(Symbols.element(roof.symbol, 72), words);
    return banner;
  }

  function photo(roof) {
    const figure = make("figure");
    if (roof.photo) {
      const image = make("img");
      image.src = Copy.url(roof.photo);
      image.alt = `Roof from above, ${Roofs.title(roof)}`;
      figure.append(image, make("figcaption", "", `Photo flown ${Roofs.flown(roof)}. Parcel outlined. ${roof.isNorthUp ? "North is up, as on the map." : "Long side shown across."}`));
    } else {
      figure.append(make("figcaption", "none", "No photo of this roof"));
    }
    return figure;
  }

  // The photo of the year before over this year's, with a line between them that a slider moves.
  function compared(roof) {
    const before = window.ROOFWATCH.beforeFlown, now = Roofs.flown(roof);
    const figure = make("figure", "compared");
    const both = make("div", "both");
    for (const [name, flown] of [[roof.photo, now], [roof.before, before]]) {
      const image = make("img");
      image.src = Copy.url(name);
      image.alt = `Roof from above, ${flown}`;
      both.append(image);
    }
    both.append(make("div", "between"));
    const slider = make("input");
    Object.assign(slider, { type: "range", min: 0, max: 100, value: 50 });
    slider.setAttribute("aria-label", `Line between the photo of ${before} and that of ${now}`);
    const move = () => both.style.setProperty("--at", `${slider.value}%`);
    slider.addEventListener("input", move);
    move();
    const days = make("figcaption", "days");
    days.append(make("span", "", `Left: ${before}`), make("span", "", `Right: ${now}`));
    figure.append(days, both, slider);
    return figure;
  }

  function facts(roof) {
    const address = make("p", "address", Roofs.title(roof));
    address.id = "card-address";
    const lines = make("dl");
    lines.append(line("As of", Roofs.asOf(roof)), line("Occupied sides", Roofs.occupied(roof)), line("Sign posted", Roofs.sign(roof)));
    if (roof.FIRE_DATE) lines.append(line("Fire", `${roof.FIRE_DATE}, roof not seen since`));
    if (roof.VISIT_TXT) lines.append(line("Visited", roof.VISIT_TXT.replace("visited ", "")));
    const small = make("p", "small");
    if (roof.ON_ROLL) small.append(make("span", "", `On the roll ${roof.ON_ROLL}`));
    if (!roof.place) small.append(make("span", "", "Not on the map: no place known"));
    small.append(make("span", "id", `Parcel ${roof.PARCEL_ID}`));
    if (roof.FIRE_DIST) small.append(make("span", "", `Fire district ${roof.FIRE_DIST}`));
    small.append(make("span", "", `Review by ${roof.REVIEW_BY}`));
    const all = make("div", "facts");
    all.append(address, ...(roof.reviewDue ? [make("p", "due", "REVIEW DUE")] : []), lines, small);
    return all;
  }

  // The units of a building that share one place, each with its own word.
  function units(roof) {
    const all = make("div", "units");
    all.append(make("h3", "", `${number(roof.units.length)} units at this place, worst first`));
    const list = make("ul");
    for (const unit of roof.units) {
      const choose = button("choose", "", () => open(unit));
      const words = make("span", "words");
      words.append(make("strong", "", Roofs.hazard(unit)), make("span", "", `${Roofs.title(unit)}, parcel ${unit.PARCEL_ID}`));
      choose.append(Symbols.element(unit.symbol, 28), words);
      if (unit === roof) choose.setAttribute("aria-current", "true");
      const row = make("li");
      row.append(choose);
      list.append(row);
    }
    all.append(list);
    return all;
  }

  // The card of an address that is not on the roll.
  function notOnRoll(house) {
    const elsewhere = house.state === "V"; // in the single file of one district
    const banner = make("div", "hazard off-roll");
    const words = make("div");
    const word = make("h2", "", elsewhere ? "OTHER DISTRICT" : "NOT ON THE ROLL");
    word.id = "card-word";
    words.append(word, make("p", "", elsewhere ? "On the vacant roll: see the map of the whole city." : "Nobody assessed this roof. That does not mean safe."));
    banner.append(words);
    return banner;
  }

  // The card of a corner.
  function atCorner(corner) {
    const address = make("p", "address", corner.title);
    address.id = "card-address";
    return [address, Corners.section(corner)];
  }

  function cornerHead() {
    const banner = make("div", "hazard off-roll");
    const words = make("div");
    const word = make("h2", "", "CORNER");
    word.id = "card-word";
    words.append(word, make("p", "", "The nearest numbers of both streets. A building that is not named may be vacant too."));
    banner.append(words);
    return banner;
  }

  function unlistedFacts(house) {
    const address = make("p", "address", house.title);
    address.id = "card-address";
    const lines = make("dl");
    lines.append(line("Occupancy", Incident.state(house)));
    return [address, lines, Incident.section(house)];
  }

  function nextDoor(roof) {
    const house = Houses.of(roof);
    return house ? [Incident.section(house)] : [];
  }

  function foot() {
    const row = make("div", "foot");
    const before = button("step", "Previous", () => turn(-1));
    const next = button("step", "Next", () => turn(1));
    before.disabled = at <= 0;
    next.disabled = at >= walk.length - 1;
    if (walk.length > 1) row.append(before, make("span", "place", `${number(at + 1)} of ${number(walk.length)}`), next);
    row.append(button("close", "Close", hide));
    return row;
  }

  function turn(by) {
    if (walk[at + by]) open(walk[at + by]);
  }

  function open(roof) {
    turned(roof);
    show(roof, walk);
    card.focus();
  }

  // `roofs` is the list the roof was chosen from, through which Previous and Next go.
  function show(roof, roofs = []) {
    walk = roofs;
    at = walk.indexOf(roof);
    const body = make("div", "body");
    body.tabIndex = 0;
    body.setAttribute("role", "group");
    body.setAttribute("aria-label", "What is known of this building");
    const rest = make("div", "rest");
    if (roof.isCorner) rest.append(...atCorner(roof));
    else if (roof.isHouse) rest.append(...unlistedFacts(roof));
    else rest.append(facts(roof), ...(roof.units ? [units(roof)] : []), photo(roof), ...nextDoor(roof), ...(roof.photo && roof.before ? [compared(roof)] : []));
    body.append(roof.isCorner ? cornerHead() : roof.isHouse ? notOnRoll(roof) : hazard(roof), rest);
    card.replaceChildren(body, foot());
    card.hidden = false;
    document.body.classList.add("card-open");
  }

  function hide() {
    if (card.hidden) return;
    card.hidden = true;
    document.body.classList.remove("card-open");
    closed();
  }

  card.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.toLowerCase(); // Caps Lock
    if (key === "n") turn(1);
    if (key === "p") turn(-1);
  });

  return {
    show, hide, element: card, isOpen: () => !card.hidden,
    whenTurned: (callback) => { turned = callback; },
    whenClosed: (callback) => { closed = callback; },
  };
})();
