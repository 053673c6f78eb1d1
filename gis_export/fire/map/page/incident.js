"use strict";
// What is next door to an address, on the roll or not: block, corners, sides A to D, and the nearest numbers on its street.

const Incident = (() => {
  const { make, button } = Roofs;
  const COMPASS = ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"];
  const FEET = 3.28084;
  const REACH_FEET = 150;
  let picked = () => {};

  const compass = (bearing) => COMPASS[Math.round(bearing / 45) % 8];

  // Vacant with its hazard word, or what the parcel file says of occupancy. What is not known says so.
  function state(house) {
    if (house.state === "V" && !house.roof) return "vacant, in another district: see the map of the whole city";
    if (house.roof) return `vacant, ${Roofs.hazard(house.roof)}`;
    return { Y: "occupied", N: "not occupied, not on the vacant roll" }[house.state] || "occupancy not known, not on the vacant roll";
  }

  function brief(house) {
    if (house.isCorner) return "corner: nearest numbers of both streets";
    if (house.isUnlisted) return "number in no list: see the nearest";
    return house.state === "V" ? "vacant, in another district" : "not on the vacant roll: see next door";
  }

  function away(gap) {
    return gap < 1 ? "adjoins" : `${Math.round(gap * FEET)} ft away`;
  }

  // A house that opens its own card.
  function link(house) {
    return house.number || house.roof ? button("link", house.title, () => picked(house.roof || house)) : make("span", "", house.title);
  }

  function item(head, ...parts) {
    const row = make("li"), who = make("div");
    who.append(...parts);
    row.append(make("strong", "", head), who);
    return row;
  }

  function sides(house) {
    const found = Houses.sides(house);
    if (!found) return make("p", "", "Sides A to D not known: the parcels do not tell which side faces the street.");
    const list = make("ul", "sides");
    list.append(item(`A ${compass(house.front)}`, make("span", "", `faces ${Houses.short(house.street)}`)));
    found.forEach(({ bearing, house: other, gap }, i) => {
      const head = `${"BCD"[i]} ${compass(bearing)}`;
      if (!other) list.append(item(head, make("span", "", `no parcel within ${REACH_FEET} ft`)));
      else list.append(item(head, link(other), make("span", "", `${state(other)}, ${away(gap)}`)));
    });
    return list;
  }

  function numbers(house) {
    const near = Houses.neighbors(house);
    if (!near.length) return make("p", "", "No other number is known near it on this street.");
    const list = make("ul", "numbers");
    for (const neighbor of near) list.append(item(where(neighbor), link(neighbor.house), make("span", "", state(neighbor.house))));
    return list;
  }

  // Houses with their numbers and states.
  function list(houses) {
    const all = make("ul", "numbers");
    for (const house of houses) all.append(item(where({ house }), link(house), make("span", "", state(house))));
    return all;
  }

  function where({ house, doors, isAcross }) {
    if (doors) return doors === 1 ? "next door" : `${doors} doors`;
    if (isAcross) return "across";
    return house.value % 2 ? "odd side" : "even side";
  }

  function section(house) {
    const all = make("section", "incident");
    all.setAttribute("aria-label", "Next door");
    all.append(make("h3", "", "Next door"));
    const corners = Houses.corners(house);
    all.append(make("p", "block", `${Houses.block(house)}. ${corners.length ? `Corners: ${corners.join(", ")}` : "Corners not known"}`));
    if (house.isUnlisted) all.append(make("p", "", `This number is in no list${window.ROOFWATCH.part ? " of this district" : ""}. The nearest numbers:`));
    else if (!house.place) all.append(make("p", "", "In dispatch's list alone: no parcel, no place on the map."));
    else all.append(sides(house));
    all.append(numbers(house));
    return all;
  }

  return { section, list, state, brief, whenPicked: (callback) => { picked = callback; } };
})();
