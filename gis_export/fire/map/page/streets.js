"use strict";
// Names of streets and hundred blocks on the map, below the symbols.

const Streets = (() => {
  const FROM_M = 0.8; // meters per pixel from which they are written
  const PX = 13;

  // `view` as for `Painter.paint`.
  function draw(context, { left, top, width, height, scale }) {
    if (1 / scale > FROM_M) return;
    context.font = `bold ${PX}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const { text, x, y, angle } of Houses.labels) {
      const atX = x * scale - left, atY = y * scale - top;
      if (atX < -200 || atY < -200 || atX > width + 200 || atY > height + 200) continue;
      context.save();
      context.translate(atX, atY);
      context.rotate((angle * Math.PI) / 180);
      context.strokeStyle = "#fff";
      context.lineWidth = 4;
      context.strokeText(text, 0, 0);
      context.fillStyle = "#000";
      context.fillText(text, 0, 0);
      context.restore();
    }
  }

  return { draw };
})();
