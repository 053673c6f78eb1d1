"use strict";
// Draws the symbol of a hazard word: shape, letter and color together.

const Symbols = (() => {
  const INK = "#000";
  const byCode = new Map(window.ROOFWATCH.symbols.map((symbol) => [symbol.code, symbol]));
  // Points of each shape in a square from -1 to 1; the circle has none.
  const OUTLINES = {
    hexagon: [[-0.55, -0.95], [0.55, -0.95], [1.1, 0], [0.55, 0.95], [-0.55, 0.95], [-1.1, 0]],
    triangle: [[0, -1.1], [1.15, 0.9], [-1.15, 0.9]],
    diamond: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
    tag: [[-1.15, -0.75], [1.15, -0.75], [1.15, 0.75], [-1.15, 0.75]],
  };
  const LETTER_DROP = { triangle: 0.3 };

  function trace(context, shape, x, y, radius) {
    context.beginPath();
    const points = OUTLINES[shape];
    if (!points) context.arc(x, y, radius * 0.8, 0, 2 * Math.PI);
    else points.forEach(([dx, dy], i) => context[i ? "lineTo" : "moveTo"](x + dx * radius, y + dy * radius));
    context.closePath();
  }

  function draw(context, symbol, { x, y }, radius) {
    context.save();
    context.setLineDash([]);
    context.lineJoin = "round";
    trace(context, symbol.shape, x, y, radius);
    context.strokeStyle = "#fff";
    context.lineWidth = radius < 7 ? 3 : 4.5;
    context.stroke();
    context.fillStyle = symbol.color;
    context.fill();
    context.strokeStyle = INK;
    context.lineWidth = radius < 7 ? 1.2 : 2;
    context.stroke();
    if (radius >= 5.9) {
      context.fillStyle = INK;
      context.font = `bold ${Math.round(radius * 1.15)}px sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(symbol.letter, x, y + radius * (0.06 + (LETTER_DROP[symbol.shape] || 0)));
    }
    context.restore();
  }

  function element(symbol, size) {
    const canvas = document.createElement("canvas");
    const scale = Math.max(2, window.devicePixelRatio || 1);
    canvas.width = canvas.height = size * scale;
    canvas.style.width = canvas.style.height = `${size}px`;
    canvas.setAttribute("aria-hidden", "true");
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    draw(context, symbol, { x: size / 2, y: size / 2 }, size * 0.34);
    return canvas;
  }

  return { byCode, draw, element, all: window.ROOFWATCH.symbols };
})();
