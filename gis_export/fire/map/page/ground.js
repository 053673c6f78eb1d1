"use strict";
// The map: the city's own photo underneath, the roofs on a canvas above it. Units are meters from the northwest corner.

const Ground = (() => {
  const ground = window.ROOFWATCH.ground;
  const host = document.getElementById("map");
  const view = document.getElementById("map-view");
  const overlap = document.getElementById("overlap");
  const FINEST_M = 0.06;
  const FINGER_PX = 22; // half of 44
  const TOOLS_PX = 56; // height of the buttons above the map
  const EDGE_PX = 60; // a roof nearer to the edge than this is brought to the middle

  if (!ground) {
    view.append(Roofs.make("p", "notice", "No vacant building of this roll has a place on the map. The table lists them."));
    for (const name of ["map", "nearby-open", "overlap", "keys"]) document.getElementById(name).hidden = true;
    const nothing = () => {};
    return { show: nothing, select: nothing, clear: nothing, resize: nothing, whenPicked: nothing, whenMoved: nothing, inView: () => [], host };
  }

  const coarsest = ground.gsd * 2 ** (ground.levels - 1);
  const pixelsAMeter = (zoom) => 2 ** zoom / coarsest;
  const closest = Math.log2(coarsest / Painter.CLOSE_M);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const crs = L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(1 / coarsest, 0, 1 / coarsest, 0) });
  const bounds = L.latLngBounds([0, 0], [ground.height, ground.width]);
  const map = L.map(host, {
    crs, minZoom: -1, maxZoom: Math.ceil(Math.log2(coarsest / FINEST_M)), zoomSnap: 0.5, maxBounds: bounds.pad(2), keyboardPanDelta: 120,
    attributionControl: false, zoomControl: false, doubleClickZoom: false, zoomAnimation: !still, fadeAnimation: !still, inertia: !still,
  });
  L.control.scale({ position: "bottomright", maxWidth: 160 }).addTo(map);

  const names = new Set(ground.tiles);
  const Photo = L.GridLayer.extend({
    createTile(place, done) {
      const image = document.createElement("img");
      const name = `${place.z}/${place.x}_${place.y}`;
      image.alt = "";
      image.onload = image.onerror = () => done(null, image);
      image.src = names.has(name) ? `base/${name}.webp` : "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
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
  if (missing.length) view.append(Roofs.make("p", "missing", missing.join(" ")));

  const layer = new RoofLayer(pixelsAMeter, (overlaps) => { overlap.hidden = !overlaps; });
  const ring = L.marker([0, 0], { icon: L.divIcon({ className: "ring", iconSize: [56, 56] }), interactive: false, keyboard: false });
  let drawn = [];
  let picked = () => {};

  whole();
  layer.addTo(map);
  new ResizeObserver(() => resize()).observe(host);

  // All of the city, beside the legend or above it where there is room.
  function whole() {
    const { offsetWidth: width, offsetHeight: height } = document.getElementById("legend");
    const size = map.getSize();
    const beside = size.x > 2 * width + 200, above = !beside && size.y > 2 * height + 100;
    map.fitBounds(bounds, { paddingTopLeft: [beside ? width + 10 : 0, TOOLS_PX], paddingBottomRight: [0, above ? height + 10 : 0], animate: false });
  }

  const resize = () => { if (host.clientWidth) map.invalidateSize({ animate: false }); }; // a hidden map keeps its size
  const latLng = (roof) => [roof.place.y, roof.place.x];

  // Roofs in ranked order, the worst first.
  function show(roofs) {
    drawn = roofs.filter((roof) => roof.place).reverse();
    layer.show(drawn);
  }

  function inView() {
    const box = map.getBounds();
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

  const clear = () => ring.remove();
  document.getElementById("zoom-in").addEventListener("click", () => map.zoomIn());
  document.getElementById("zoom-out").addEventListener("click", () => map.zoomOut());
  document.getElementById("whole").addEventListener("click", whole);

  return {
    show, select, clear, resize, inView, host,
    whenPicked: (callback) => { picked = callback; },
    whenMoved: (callback) => { map.on("moveend", callback); },
  };
})();
