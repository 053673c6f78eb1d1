"use strict";
// Paper: the card when one is open, else the map as it is shown or the table as it is filtered, always by day.

const Paper = (() => {
  const WIDE = { width: 930, height: 410 }; // pixels of CSS that fit Letter and A4 across, beside head, legend and use limit
  const TALL = { width: 690, height: 570 };
  const root = document.documentElement;

  function ready() {
    const { view } = document.body.dataset;
    if (view === "table") Table.unroll();
    const { clientWidth: width, clientHeight: height } = Ground.host;
    const sheet = width >= height ? WIDE : TALL;
    document.body.dataset.sheet = width >= height ? "wide" : "tall";
    if (!width) return;
    // The map keeps its size on the screen and is scaled as a whole, so that paper shows what the screen shows.
    const fit = Math.min(sheet.width / width, sheet.height / height);
    for (const [name, value] of Object.entries({ width: `${width}px`, height: `${height}px`, "fit-width": `${width * fit}px`, "fit-height": `${height * fit}px` })) {
      root.style.setProperty(`--map-${name}`, value);
    }
    root.style.setProperty("--map-fit", fit);
  }

  function over() {
    if (document.body.dataset.view === "table") Table.roll();
  }

  addEventListener("beforeprint", ready);
  addEventListener("afterprint", over);
  document.getElementById("print").addEventListener("click", () => window.print());
})();
