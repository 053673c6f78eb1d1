"use strict";
// The map: the city's own photo underneath, the roofs on a canvas above it. Units are meters from the northwest corner.

const Ground = (() => {
  const ground = window.ROOFWATCH.ground;
  const host = document.getElementById("map");
  const view = document.getElementById("map-view");
  const frame = document.getElementById("frame");
  const overlap = document.getElementById("overlap");
  const FINEST_M = 0.06;
  const FINGER_PX = 22; // half of 44
  const ROUND_PX = 20; // room around the city for whole symbols
  const EDGE_PX = 60; // a roof nearer to the edge than this is brought to the middle

  if (!ground) {
    view.append(Roofs.make("p", "notice", "No vacant building of this roll has a place on the map. The table lists them."));
    for (const name of ["map-box", "nearby-open", "overlap", "north", "keys"]) document.getElementById(name).hidden = true;
    const nothing = () => {};
    return { show: nothing, select: nothing, clear: nothing, resize: nothing, whenPicked: nothing, whenMoved: nothing, inView: () => [], spot: nothing, host };
  }

  const coarsest = ground.gsd * 2 ** (ground.levels - 1);
  const pixelsAMeter = (zoom) => 2 ** zoom / coarsest;
  const closest = Math.log2(coarsest / Painter.CLOSE_M);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const crs = L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(1 / coarsest, 0, 1 / coarsest, 0) });
  const [west, north, east, south] = ground.extent || [0, 0, ground.width, ground.height]; // of one district, or of the city
  const bounds = L.latLngBounds([north, west], [south, east]);
  const map = L.map(host, {
    crs, minZoom: -1, maxZoom: Math.ceil(Math.log2(coarsest / FINEST_M)), zoomSnap: 0.5, maxBounds: bounds.pad(2), keyboardPanDelta: 120,
    attributionControl: false, zoomControl: false, doubleClickZoom: false, zoomAnimation: !still, fadeAnimation: !still, inertia: !still,
  });
  const scale = L.control.scale({ maxWidth: 100 }).addTo(map);
  document.getElementById("scale").append(scale.getContainer()); // beside the map, where it covers no symbol

  const names = new Set(ground.tiles);
  const Photo = L.GridLayer.extend({
    createTile(place, done) {
      const image = document.createElement("img");
      const name = `${place.z}/${place.x}_${place.y}`;
      image.alt = "";
      image.onload = image.onerror = () => done(null, image);
      image.src = names.has(name) ? Copy.url(`base/${name}.webp`) : "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
      return image;
    },
  });
  const photo = new Photo({ tileSize: ground.tilePx, minZoom: -1, maxZoom: map.getMaxZoom(), minNativeZoom: 0, maxNativeZoom: ground.levels - 1, bounds, keepBuffer: 3 });
  if (names.size) photo.addTo(map);
  const placeless = Roofs.all.filter((roof) => !roof.place).length;
  const missing = [
    placeless && `${Roofs.number(placeless)} without a place: see the table.`,
    ground.unread && `${Roofs.number(ground.unread)} photo tiles could not be read.`,
  ].filter(Boolean);
  document.getElementById("missing").textContent = missing.join(" ");

  const layer = new RoofLayer(pixelsAMeter, (overlaps) => overlap.classList.toggle("quiet", !overlaps));
  const ring = L.marker([0, 0], { icon: L.divIcon({ className: "ring", iconSize: [56, 56] }), interactive: false, keyboard: false });
  let drawn = [];
  let picked = () => {};

  whole();
  layer.addTo(map);
  new ResizeObserver(() => resize()).observe(host);

  function whole() {
    const { top, bottom, height } = seen();
    const room = bottom - top > 4 * ROUND_PX ? [top, height - bottom] : [0, 0];
    map.fitBounds(bounds, { paddingTopLeft: [ROUND_PX, ROUND_PX + room[0]], paddingBottomRight: [ROUND_PX, ROUND_PX + room[1]], animate: false });
  }

  const resize = () => { if (host.clientWidth) map.invalidateSize({ animate: false }); }; // a hidden map keeps its size
  const latLng = (roof) => [roof.place.y, roof.place.x];

  // Roofs in ranked order, the worst first.
  function show(roofs) {
    drawn = roofs.filter((roof) => roof.place).reverse();
    layer.show(drawn);
  }

  // The part of the map that can be seen: a low screen scrolls, and what is scrolled away is not counted.
  function seen() {
    const box = host.getBoundingClientRect(), around = frame.getBoundingClientRect();
    const top = Math.max(box.top, around.top) - box.top, bottom = Math.min(box.bottom, around.bottom) - box.top;
    return { top, bottom: Math.max(top, bottom), width: box.width, height: box.height };
  }

  function inView() {
    const { top, bottom, width } = seen();
    const box = L.latLngBounds(map.containerPointToLatLng([0, top]), map.containerPointToLatLng([width, bottom]));
    const [west, east, north, south] = [box.getWest(), box.getEast(), box.getSouth(), box.getNorth()]; // y grows southward
    return drawn.filter(({ place: { x, y } }) => x >= west && x <= east && y >= north && y <= south).reverse();
  }

  // The roof under a finger: the topmost symbol, else the parcel, else the nearest symbol within reach.
  function under({ lat: y, lng: x }) {
    const meters = 1 / pixelsAMeter(map.getZoom());
    let nearest = null, least = FINGER_PX * meters, inside = null;
    for (let i = drawn.length - 1; i >= 0; i--) {
      const roof = drawn[i];
      const away = Math.hypot(roof.place.x - x, roof.place.y - y);
      if (away <= Painter.radiusOf(roof.symbol, meters) * meters) return roof;
      if (away < least) { least = away; nearest = roof; }
      if (!inside && away < 100 && Roofs.rings(roof).some((points) => contains(points, x, y))) inside = roof;
    }
    return inside || nearest;
  }

  // Whether a ray to the east crosses the ring an odd number of times.
  function contains(points, x, y) {
    let odd = false;
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [ax, ay] = points[i], [bx, by] = points[j];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
    }
    return odd;
  }

  map.on("click", (event) => { const roof = under(event.latlng); if (roof) picked(roof); });

  function select(roof) {
    resize();
    if (!roof.place) return clear();
    ring.setLatLng(latLng(roof)).addTo(map);
    const at = map.latLngToContainerPoint(latLng(roof)), size = map.getSize();
    const inside = at.x > EDGE_PX && at.y > EDGE_PX && at.x < size.x - EDGE_PX && at.y < size.y - EDGE_PX;
    if (!inside || map.getZoom() < closest - 1) map.setView(latLng(roof), Math.max(map.getZoom(), closest), { animate: false });
  }

  // Where a symbol is on the screen.
  function spot(roof) {
    const at = map.latLngToContainerPoint(latLng(roof)), box = host.getBoundingClientRect();
    return { x: box.x + at.x, y: box.y + at.y };
  }

  const clear = () => ring.remove();
  document.getElementById("zoom-in").addEventListener("click", () => map.zoomIn());
  document.getElementById("zoom-out").addEventListener("click", () => map.zoomOut());
  document.getElementById("whole").addEventListener("click", whole);

  return {
    show, select, clear, resize, inView, spot, host,
    whenPicked: (callback) => { picked = callback; },
    whenMoved: (callback) => { map.on("moveend", callback); frame.addEventListener("scroll", callback, { passive: true }); new ResizeObserver(callback).observe(frame); },
  };
})();
