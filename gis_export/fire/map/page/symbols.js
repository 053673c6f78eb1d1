"use strict";
// The symbol of a hazard word: shape, letter and color together, on a canvas for the map and as SVG everywhere else.

const Symbols = (() => {
  const INK = "#000";
  const SVG = "http://www.w3.org/2000/svg";
  const LETTER_FROM_PX = 6.5; // below this radius a letter is a smudge; shape and color stay
  const all = window.ROOFWATCH.symbols; // worst first
  // Points of each shape in a square from -1 to 1; the circle has none.
  const OUTLINES = {
    hexagon: [[-0.55, -0.95], [0.55, -0.95], [1.1, 0], [0.55, 0.95], [-0.55, 0.95], [-1.1, 0]],
    triangle: [[0, -1.1], [1.15, 0.9], [-1.15, 0.9]],
    diamond: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
    tag: [[-1.15, -0.75], [1.15, -0.75], [1.15, 0.75], [-1.15, 0.75]],
  };
  const CIRCLE = 0.8;
  const LETTER_DROP = { triangle: 0.3 };
  const sprites = new Map();

  function trace(context, shape, middle, radius) {
    context.beginPath();
    const points = OUTLINES[shape];
    if (!points) context.arc(middle, middle, radius * CIRCLE, 0, 2 * Math.PI);
    else points.forEach(([dx, dy], i) => context[i ? "lineTo" : "moveTo"](middle + dx * radius, middle + dy * radius));
    context.closePath();
  }

  function draw(context, symbol, middle, radius) {
    const small = radius < LETTER_FROM_PX;
    context.lineJoin = "round";
    trace(context, symbol.shape, middle, radius);
    context.strokeStyle = "#fff";
    context.lineWidth = small ? 2.4 : 4.5;
    context.stroke();
    context.fillStyle = symbol.color;
    context.fill();
    context.strokeStyle = INK;
    context.lineWidth = small ? 1 : 2;
    context.stroke();
    if (small) return;
    context.fillStyle = INK;
    context.font = `bold ${Math.round(radius * 1.15)}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(symbol.letter, middle, middle + radius * (0.06 + (LETTER_DROP[symbol.shape] || 0)));
  }

  // A picture of the symbol that the map copies; one for each size and density of the screen.
  function sprite(symbol, radius, density) {
    const name = `${symbol.code} ${radius} ${density}`;
    if (!sprites.has(name)) {
      const side = Math.ceil(2 * (radius * 1.2 + (radius < LETTER_FROM_PX ? 1.5 : 3)));
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = Math.round(side * density);
      const context = canvas.getContext("2d");
      context.scale(density, density);
      draw(context, symbol, side / 2, radius);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      sprites.set(name, { canvas, side, pixels: new Uint32Array(data.buffer) });
    }
    return sprites.get(name);
  }

  function part(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  // `size` is in pixels at the browser's usual text size. Decoration beside the word itself, so hidden from screen readers.
  function element(symbol, size) {
    const svg = part("svg", { viewBox: "-1.45 -1.45 2.9 2.9", width: `${size / 16}rem`, height: `${size / 16}rem`, "aria-hidden": "true", class: "symbol" });
    const style = { fill: symbol.color, stroke: INK, "stroke-width": 0.13, "stroke-linejoin": "round" };
    const points = OUTLINES[symbol.shape];
    svg.append(points ? part("polygon", { ...style, points: points.join(" ") }) : part("circle", { ...style, r: CIRCLE }));
    const letter = part("text", {
      y: 0.42 + (LETTER_DROP[symbol.shape] || 0), "text-anchor": "middle", "font-size": 1.15, "font-weight": "bold", "font-family": "sans-serif", fill: INK,
    });
    letter.textContent = symbol.letter;
    svg.append(letter);
    return svg;
  }

  return { all, sprite, element };
})();
