"use strict";
// A layer of Leaflet that is one canvas, a little larger than the map. It is painted again only when the map leaves it or zooms.

const RoofLayer = L.Renderer.extend({
  initialize(pixelsAMeter, told) {
    L.Renderer.prototype.initialize.call(this, { padding: 0.25 });
    this._pixelsAMeter = pixelsAMeter;
    this._told = told;
    this._roofs = [];
  },

  // The roofs in the order of painting, the last on top.
  show(roofs) {
    this._roofs = roofs;
    if (this._map) this._update();
  },

  getEvents() {
    return { ...L.Renderer.prototype.getEvents.call(this), move: this._followed, moveend: this._settled };
  },

  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
    this._context = this._container.getContext("2d");
  },

  _destroyContainer() { this._container.remove(); },
  _updatePaths() {},

  _outside() {
    const corner = this._map.containerPointToLayerPoint([0, 0]);
    return !this._bounds.contains(L.bounds(corner, corner.add(this._map.getSize())));
  },

  _followed() { if (this._map.getZoom() === this._zoom && this._outside()) this._update(); },
  _settled() { if (this._map.getZoom() !== this._zoom || this._outside()) this._update(); },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const { min } = this._bounds;
    const size = this._bounds.getSize();
    const density = Math.min(2, window.devicePixelRatio || 1);
    const canvas = this._container;
    const width = Math.round(size.x * density), height = Math.round(size.y * density);
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      Object.assign(canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
    }
    L.DomUtil.setPosition(canvas, min);
    this._context.setTransform(density, 0, 0, density, 0, 0);
    const corner = this._map.latLngToLayerPoint([0, 0]);
    this._context.clearRect(0, 0, size.x, size.y);
    const view = { left: min.x - corner.x, top: min.y - corner.y, width: size.x, height: size.y, scale: this._pixelsAMeter(this._zoom) };
    this._told(Painter.paint(this._context, this._roofs, view, density));
  },
});
