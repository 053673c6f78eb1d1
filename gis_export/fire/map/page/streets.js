"use strict";
// Names of streets and hundred blocks on the map, below the symbols. Of two names that would overlap the later one is left out.

const Streets = (() => {
  const FROM_M = 0.8; // meters per pixel from which they are written
  const PX = 13;
  const GAP_PX = 3; // between two names
  const CELL_PX = 512; // longer than a name

  // Corners of the box of a name on the whole map at a scale, turned as the name is.
  function box(context, { text, x, y, angle }, scale) {
    const along = context.measureText(text).width / 2 + GAP_PX, across = PX / 2 + GAP_PX;
    const turn = (angle * Math.PI) / 180, cos = Math.cos(turn), sin = Math.sin(turn);
    return [[-along, -across], [along, -across], [along, across], [-along, across]].map(([a, b]) => [x * scale + a * cos - b * sin, y * scale + a * sin + b * cos]);
  }

  // Whether two boxes overlap: no side of either parts them.
  function overlap(one, other) {
    for (const [a, b] of [[one, other], [other, one]]) {
      for (let side = 0; side < 2; side++) {
        const [dx, dy] = [a[side + 1][0] - a[side][0], a[side + 1][1] - a[side][1]];
        const [from, to] = [a, b].map((points) => points.map(([x, y]) => x * dx + y * dy));
        if (Math.max(...from) <= Math.min(...to) || Math.max(...to) <= Math.min(...from)) return false;
      }
    }
    return true;
  }

  // The names that are written at a scale, the same wherever the map is: those first in the list stay.
  function apart(context, labels, scale) {
    const cells = new Map(), kept = [];
    context.font = `bold ${PX}px sans-serif`;
    for (const label of labels) {
      const own = box(context, label, scale);
      const [column, row] = [label.x, label.y].map((at) => Math.floor((at * scale) / CELL_PX));
      const near = [-1, 0, 1].flatMap((across) => [-1, 0, 1].flatMap((down) => cells.get(`${column + across} ${row + down}`) || []));
      if (near.some((other) => overlap(own, other))) continue;
      const key = `${column} ${row}`;
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push(own);
      kept.push(label);
    }
    return kept;
  }

  const known = new Map(); // by scale
  function written(context, scale) {
    if (!known.has(scale)) known.set(scale, apart(context, Houses.labels, scale));
    return known.get(scale);
  }

  // `view` as for `Painter.paint`.
  function draw(context, { left, top, width, height, scale }) {
    if (1 / scale > FROM_M) return;
    context.font = `bold ${PX}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    for (const { text, x, y, angle } of written(context, scale)) {
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

  return { draw, apart, box, FROM_M };
})();
