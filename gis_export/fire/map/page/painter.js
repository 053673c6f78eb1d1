"use strict";
// Paints roofs on a canvas: outlines of parcels where they are large enough, and a symbol for every one, the worst on top.

const Painter = (() => {
  const CLOSE_M = 0.12; // meters per pixel at which the symbols of neighboring row houses stand apart
  const OUTLINE_FROM_M = 0.6; // outlines are drawn at finer scales
  const LARGEST_PX = 14;
  const SMALLEST_PX = 4;
  const NOT_SEEN_SHARE = 0.85; // the circle is a little smaller than the rest
  const DASHES = { dash: [8, 5], "dash dot": [10, 4, 2, 4], dot: [2, 4], solid: [] };

  function radius(meters) {
    const wished = LARGEST_PX * (CLOSE_M / meters) ** 0.33;
    return Math.round(2 * Math.max(SMALLEST_PX, Math.min(LARGEST_PX, wished))) / 2;
  }

  const radiusOf = (symbol, meters) => radius(meters) * (symbol.shape === "circle" ? NOT_SEEN_SHARE : 1);

  // Dashes in the color of the word on a dark casing, so that yellow shows on concrete and blue on slate.
  function outline(context, symbol, seen, toPixel) {
    context.beginPath();
    for (const { roof } of seen) {
      for (const ring of Roofs.rings(roof)) {
        ring.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](...toPixel(x, y)));
        context.closePath();
      }
    }
    context.globalAlpha = 0.12;
    context.fillStyle = symbol.color;
    context.fill();
    context.globalAlpha = 0.75;
    context.setLineDash([]);
    context.strokeStyle = "#000";
    context.lineWidth = 5;
    context.stroke();
    context.globalAlpha = 1;
    context.setLineDash(DASHES[symbol.outline]);
    context.strokeStyle = symbol.color;
    context.lineWidth = 3;
    context.stroke();
    context.setLineDash([]);
  }

  // Draws the roofs, the last of them on top. `view` is left, top, width, height in pixels of the map, and pixels a meter.
  // Returns whether a symbol lies on another one.
  function paint(context, roofs, view, density) {
    const { left, top, width, height, scale } = view;
    const meters = 1 / scale;
    const near = meters < OUTLINE_FROM_M;
    const reach = near ? 60 * scale : 20; // a lot reaches farther than its symbol
    const inReach = [];
    for (const roof of roofs) {
      const x = roof.place.x * scale - left, y = roof.place.y * scale - top;
      if (x > -reach && y > -reach && x < width + reach && y < height + reach) inReach.push({ roof, symbol: roof.symbol, x, y, units: 1 });
    }
    const seen = onePerPlace(inReach);
    if (near) {
      const toPixel = (x, y) => [x * scale - left, y * scale - top];
      for (const symbol of [...Symbols.all].reverse()) outline(context, symbol, seen.filter((one) => one.symbol === symbol), toPixel);
    }
    Streets.draw(context, view);
    const sprites = new Map(Symbols.all.map((symbol) => [symbol, Symbols.sprite(symbol, radiusOf(symbol, meters), density)]));
    if (near) place(context, seen, sprites);
    else stamp(context, seen, sprites, density);
    return overlapping(seen, radius(meters), view);
  }

  // Of the units of a building only the worst is drawn, with their number.
  function onePerPlace(seen) {
    const worst = new Map();
    for (const one of seen) {
      const { units } = one.roof;
      if (!units) continue;
      one.units += worst.get(units)?.units || 0;
      worst.set(units, one);
    }
    return worst.size ? seen.filter((one) => !one.roof.units || worst.get(one.roof.units) === one) : seen;
  }

  function place(context, seen, sprites) {
    for (const { symbol, x, y, units } of seen) {
      const { canvas, side } = sprites.get(symbol);
      context.drawImage(canvas, Math.round(x - side / 2), Math.round(y - side / 2), side, side);
      if (units > 1) count(context, units, x + side / 2 + 14, y - side / 2 - 6); // clear of the ring
    }
  }

  // The number of units on a white label at the corner of the symbol.
  function count(context, units, x, y) {
    context.font = "bold 13px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const width = context.measureText(units).width + 8;
    context.fillStyle = "#fff";
    context.strokeStyle = "#000";
    context.lineWidth = 1.5;
    context.beginPath();
    context.rect(x - width / 2, y - 8, width, 16);
    context.fill();
    context.stroke();
    context.fillStyle = "#000";
    context.fillText(units, x, y + 1);
  }

  // Copies the pixels of the symbols one by one: for thousands of small ones many times faster than drawing each.
  function stamp(context, seen, sprites, density) {
    const { width, height } = context.canvas;
    const picture = context.createImageData(width, height);
    const pixels = new Uint32Array(picture.data.buffer);
    for (const { symbol, x, y } of seen) {
      const { pixels: source, canvas: { width: size } } = sprites.get(symbol);
      const left = Math.round(x * density - size / 2), top = Math.round(y * density - size / 2);
      const from = Math.max(0, -left), to = Math.min(size, width - left);
      for (let row = Math.max(0, -top); row < Math.min(size, height - top); row++) {
        const target = (top + row) * width + left;
        for (let column = from; column < to; column++) {
          const color = source[row * size + column];
          const opacity = color >>> 24;
          if (opacity > 127 || (opacity && !pixels[target + column])) pixels[target + column] = color;
        }
      }
    }
    context.putImageData(picture, 0, 0);
  }

  // Whether two roofs fall into one square as wide as half a symbol.
  function overlapping(seen, cell, { width, height }) {
    const across = Math.ceil(width / cell);
    const taken = new Uint8Array(across * Math.ceil(height / cell));
    for (const { x, y } of seen) {
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const at = Math.floor(x / cell) + across * Math.floor(y / cell);
      if (taken[at]) return true;
      taken[at] = 1;
    }
    return false;
  }

  return { CLOSE_M, paint, radiusOf };
})();
