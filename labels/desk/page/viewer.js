"use strict";
/* The two photos: zoomed and moved together. */

const MOST_ZOOM = 16;
const STEP = 1.5;

const viewer = {
  zoom: 1,
  middle: [0.5, 0.5],
  sheets: [],

  show(card, alts) {
    this.zoom = 1;
    this.middle = [0.5, 0.5];
    this.sheets = [];
    this.place(document.querySelector("#now .frame"), card.now, alts.now);
    this.place(document.querySelector("#before .frame"), card.before, alts.before);
    this.draw();
  },

  place(frame, photo, alt) {
    frame.replaceChildren();
    frame.classList.toggle("empty", !photo);
    if (!photo) {
      frame.textContent = "no photo";
      return;
    }
    const sheet = document.createElement("div");
    sheet.className = "sheet";
    const image = document.createElement("img");
    image.src = photo.address;
    image.alt = alt;
    image.draggable = false;
    sheet.append(image, outlineOf(photo));
    frame.append(sheet);
    this.sheets.push({ frame, sheet, photo });
  },

  draw() {
    for (const { frame, sheet, photo } of this.sheets) {
      const fit = Math.min(frame.clientWidth / photo.width, frame.clientHeight / photo.height);
      const width = photo.width * fit * this.zoom;
      const height = photo.height * fit * this.zoom;
      sheet.style.width = `${width}px`;
      sheet.style.height = `${height}px`;
      sheet.style.left = `${frame.clientWidth / 2 - this.middle[0] * width}px`;
      sheet.style.top = `${frame.clientHeight / 2 - this.middle[1] * height}px`;
    }
  },

  enlarge(factor) {
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), MOST_ZOOM);
    if (this.zoom === 1) this.middle = [0.5, 0.5];
    this.draw();
  },

  fit() { this.enlarge(0); },

  move(right, down) {
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    this.middle = [inside(this.middle[0] + right), inside(this.middle[1] + down)];
    this.draw();
  },

  listen() {
    addEventListener("resize", () => this.draw());
    for (const frame of document.querySelectorAll(".frame")) {
      frame.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.enlarge(event.deltaY < 0 ? STEP : 1 / STEP);
      }, { passive: false });
      frame.addEventListener("pointerdown", (event) => frame.setPointerCapture(event.pointerId));
      frame.addEventListener("pointermove", (event) => {
        const sheet = frame.firstElementChild;
        if (!frame.hasPointerCapture(event.pointerId) || !sheet) return;
        this.move(-event.movementX / sheet.clientWidth, -event.movementY / sheet.clientHeight);
      });
    }
  },
};

function outlineOf(photo) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", `0 0 ${photo.width} ${photo.height}`);
  drawing.setAttribute("aria-hidden", "true");
  for (let line = 0; line < 2; line += 1) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", photo.outline);
    drawing.append(path);
  }
  return drawing;
}
