"use strict";
// The map: the city's own photo underneath, parcels and symbols on a canvas above it. Units are meters from the northwest corner.

const Ground = (() => {
  const ground = window.ROOFWATCH.ground;
  const host = document.getElementById("map");
  const SYMBOL_PX = 14;
  const FINEST_M = 0.06;
  const CLOSE_M = 0.12; // meters per pixel at which the symbols of neighboring row houses stand apart

  if (!ground) {
    host.append(Roofs.make("p", "notice", "No vacant building of this roll has a place on the map. The table lists them."));
    return { select() {}, clear() {}, resize() {} };
  }

  const coarsest = ground.gsd * 2 ** (ground.levels - 1);
  const crs = L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(1 / coarsest, 0, 1 / coarsest, 0) });
  const bounds = L.latLngBounds([0, 0], [ground.height, ground.width]);
  const renderer = L.canvas({ tolerance: 8, padding: 0.2 });
  const map = L.map(host, {
    crs, renderer, minZoom: 0, maxZoom: ground.levels - 1 + Math.max(0, Math.ceil(Math.log2(ground.gsd / FINEST_M))),
    zoomSnap: 0.5, attributionControl: false, zoomControl: false, maxBounds: bounds.pad(0.5), keyboardPanDelta: 120,
  });
  L.control.zoom({ position: "topleft" }).addTo(map);
  L.control.scale({ position: "bottomright", maxWidth: 160 }).addTo(map);

  const names = new Set(ground.tiles);
  const Photo = L.GridLayer.extend({
    createTile(place) {
      const name = `${place.z}/${place.x}_${place.y}`;
      if (!names.has(name)) return document.createElement("div");
      const image = document.createElement("img");
      image.alt = "";
      image.src = `base/${name}.webp`;
      return image;
    },
  });
  new Photo({ tileSize: ground.tilePx, minZoom: 0, maxZoom: map.getMaxZoom(), maxNativeZoom: ground.levels - 1, bounds, keepBuffer: 4 }).addTo(map);

  L.Canvas.include({
    _drawHazard(layer) {
      if (this._drawing && !layer._empty()) Symbols.draw(this._ctx, layer.options.symbol, layer._point, layer._radius);
    },
  });
  // Dashes in the color of the word on a dark casing, so that yellow shows on concrete and blue on slate.
  const Outline = L.Polygon.extend({
    _updatePath() {
      const plain = this.options;
      this.options = { ...plain, color: "#000", weight: 5, opacity: 0.75, fill: false, dashArray: null, _dashArray: null };
      this._renderer._updatePoly(this, true);
      this.options = plain;
      this._renderer._updatePoly(this, true);
    },
  });
  const HazardMarker = L.CircleMarker.extend({ _updatePath() { this._renderer._drawHazard(this); } });

  const DASHES = { dash: "8 5", "dash dot": "10 4 2 4", dot: "2 4", solid: null };
  const parcels = L.featureGroup();
  const markers = [];
  const ring = L.circleMarker([0, 0], { radius: 24, color: "#fff", weight: 5, fill: false, interactive: false, renderer });
  const ringInk = L.circleMarker([0, 0], { radius: 24, color: "#000", weight: 2, fill: false, interactive: false, renderer });
  let picked = () => {};

  const middle = (roof) => L.latLngBounds(latLngs(roof)[0]).getCenter();
  const latLngs = (roof) => roof.rings.map((points) => points.map(([x, y]) => [y, x]));

  for (const roof of [...Roofs.ranked].reverse()) {
    if (!roof.rings.length) continue;
    const outline = new Outline(latLngs(roof).map((points) => [points]), {
      renderer, color: roof.symbol.color, weight: 3, fill: true, fillOpacity: 0.15, dashArray: DASHES[roof.symbol.outline],
    });
    outline.on("click", () => picked(roof));
    parcels.addLayer(outline);
    const marker = new HazardMarker(middle(roof), { renderer, symbol: roof.symbol, radius: SYMBOL_PX });
    marker.on("click", () => picked(roof));
    markers.push(marker.addTo(map));
  }

  function fitSymbols() {
    const meters = coarsest / 2 ** map.getZoom();
    const radius = Math.max(7, Math.min(SYMBOL_PX, SYMBOL_PX * (CLOSE_M / meters) ** 0.33));
    for (const marker of markers) marker.setRadius(marker.options.symbol.shape === "circle" ? radius * 0.85 : radius);
    const close = meters < 0.7;
    if (close && !map.hasLayer(parcels)) parcels.addTo(map).bringToBack();
    if (!close && map.hasLayer(parcels)) parcels.remove();
  }
  map.fitBounds(bounds);
  fitSymbols();
  map.on("zoomend", fitSymbols);
  if (ground.unread) map.getContainer().append(Roofs.make("p", "unread", `${ground.unread} photo tiles could not be read and are missing here.`));

  function select(roof) {
    if (!roof.rings.length) return clear();
    const place = middle(roof);
    const zoom = Math.max(map.getZoom(), Math.log2(coarsest / CLOSE_M));
    ring.setLatLng(place).addTo(map).bringToFront();
    ringInk.setLatLng(place).addTo(map).bringToFront();
    const size = map.getSize();
    const covered = document.getElementById("card").offsetWidth;
    const shift = size.x > 800 ? covered / 2 : 0;
    map.setView(map.unproject(map.project(place, zoom).add([shift, 0]), zoom), zoom, { animate: false });
  }

  function clear() {
    ring.remove();
    ringInk.remove();
  }

  return { select, clear, resize: () => map.invalidateSize(), whenPicked: (callback) => { picked = callback; } };
})();
