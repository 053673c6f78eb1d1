"use strict";
// The three-second card: hazard words, address, as-of date, occupied sides, sign posted; then the photo.

const Card = (() => {
  const { make } = Roofs;
  const card = document.getElementById("card");
  let onClose = () => {};

  function line(name, value, className) {
    const row = make("p", `line ${className || ""}`);
    row.append(make("span", "name", name), make("strong", "", value));
    return row;
  }

  function hazard(roof) {
    const banner = make("div", "hazard");
    banner.style.background = roof.symbol.color;
    const words = make("div");
    words.append(make("h2", "", roof.symbol.word));
    const reason = roof.NA_REASON.replaceAll("_", " ");
    words.append(make("p", "", reason ? `Reason: ${reason}` : roof.symbol.meaning));
    banner.append(Symbols.element(roof.symbol, 64), words);
    return banner;
  }

  function photo(roof) {
    const figure = make("figure");
    if (roof.photo) {
      const image = make("img");
      image.src = roof.photo;
      image.alt = `Roof from above at ${Roofs.title(roof)}`;
      figure.append(image, make("figcaption", "", `Photo flown ${Roofs.flown(roof)}. Parcel outlined. Long side shown across.`));
    } else {
      figure.append(make("figcaption", "none", "No photo of this roof"));
    }
    return figure;
  }

  function show(roof) {
    const close = make("button", "close", "Close");
    close.type = "button";
    close.addEventListener("click", hide);
    const small = make("p", "small");
    small.append(make("span", "", `Parcel ${roof.PARCEL_ID}`));
    if (roof.FIRE_DIST) small.append(make("span", "", `Fire district ${roof.FIRE_DIST}`));
    small.append(make("span", "", `Review by ${roof.REVIEW_BY}`));
    const body = make("div", "body");
    body.append(
      hazard(roof),
      make("p", "address", Roofs.title(roof)),
      line("As of", roof.IMG_DATE ? `photo ${roof.IMG_DATE}` : "photo date unknown", "asof"),
      ...(roof.reviewDue ? [make("p", "due", "REVIEW DUE")] : []),
      line("Occupied sides", Roofs.occupied(roof)),
      line("Sign posted", Roofs.sign(roof)),
      photo(roof), small,
    );
    card.replaceChildren(body, close);
    card.hidden = false;
  }

  function hide() {
    card.hidden = true;
    onClose();
  }

  return { show, hide, element: card, whenClosed: (callback) => { onClose = callback; } };
})();
