// The picture: it fits at first, and is zoomed and moved with wheel, fingers, mouse or keys. The full size is fetched
// once it is needed.

import { button, el, key, say, set } from "./dom.js";

const LARGEST = 12;
const STEP = 1.25;
const SMALL = 256;

export class Picture {
  constructor() {
    this.fingers = new Map();
    this.image = el("img", { alt: "The picture that the response is about", draggable: "false", decoding: "async" });
    this.image.addEventListener("load", () => this.#loaded());
    this.image.addEventListener("error", () => this.#failed());
    this.problem = el("p", { class: "problem", hidden: true });
    this.frame = el("div", {
      class: "frame", tabindex: 0, role: "group",
      "aria-label": "Picture. Plus and minus zoom, arrow keys move it, zero fits it.",
    }, this.image, this.problem);
    this.scale = el("output", { class: "scale", "aria-live": "off" });
    this.full = button("Full size", () => this.#fetchFull(), { hidden: true, title: "Load every pixel of the picture" });
    this.bar = el("div", { class: "tools", role: "group", "aria-label": "Picture size" },
      button("−", () => this.zoom(1 / STEP), { "aria-label": "Zoom out", title: "Zoom out (−)" }),
      button("+", () => this.zoom(STEP), { "aria-label": "Zoom in", title: "Zoom in (+)" }),
      button("Fit", () => this.fit(), { title: "Show the whole picture (0)" }), this.full, this.scale);
    this.node = el("figure", { class: "picture", "aria-label": "Picture" }, this.frame, this.bar);
    this.#listen();
  }

  /** Show the picture at `url`, which is `width` × `height` pixels in full. */
  show({ url, width, height }) {
    if (url === this.url) return;
    Object.assign(this, { url, width, height, isFull: false });
    this.problem.hidden = true;
    this.frame.style.setProperty("--ratio", width && height ? `${width} / ${height}` : "4 / 3");
    set(this.frame, "aria-busy", "true");
    this.image.src = url;
    this.fit();
  }

  /** Zoom by a factor around a point of the frame, its middle by default. */
  zoom(factor, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2) {
    const to = Math.min(LARGEST, Math.max(1, this.z * factor));
    const ratio = to / this.z;
    Object.assign(this, { z: to, x: x - (x - this.x) * ratio, y: y - (y - this.y) * ratio });
    this.#draw();
    if (to > 1.2) this.#fetchFull();
  }

  fit() {
    Object.assign(this, { z: 1, x: 0, y: 0 });
    this.#draw();
  }

  move(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#draw();
  }

  /** Deal with a key; false if it is not the picture's. */
  press(event) {
    const step = 60;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key === "+" || event.key === "=") this.zoom(STEP);
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "0") this.fit();
    else if (moves[event.key] && this.z > 1) this.move(...moves[event.key]);
    else return false;
    return true;
  }

  #listen() {
    const { frame } = this;
    const at = (event) => {
      const box = frame.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    frame.addEventListener("wheel", (event) => {
      if (event.deltaY > 0 && this.z === 1) return;  // nothing to zoom out of: the page scrolls
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), ...at(event));
    }, { passive: false });
    frame.addEventListener("dblclick", (event) => (this.z > 1 ? this.fit() : this.zoom(2.5, ...at(event))));
    frame.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.fingers.set(event.pointerId, at(event));
      frame.setPointerCapture(event.pointerId);
      frame.classList.add("held");
    });
    frame.addEventListener("pointermove", (event) => this.#drag(event.pointerId, at(event)));
    for (const name of ["pointerup", "pointercancel"]) {
      frame.addEventListener(name, (event) => {
        this.fingers.delete(event.pointerId);
        frame.classList.toggle("held", this.fingers.size > 0);
      });
    }
  }

  /** One finger moves, two pinch. */
  #drag(finger, to) {
    const from = this.fingers.get(finger);
    if (!from) return;
    const other = [...this.fingers].find(([id]) => id !== finger)?.[1];
    this.fingers.set(finger, to);
    if (!other) return this.move(to[0] - from[0], to[1] - from[1]);
    const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
    this.zoom(apart(to, other) / apart(from, other), (to[0] + other[0]) / 2, (to[1] + other[1]) / 2);
  }

  #draw() {
    const [w, h] = [this.frame.clientWidth, this.frame.clientHeight];
    this.x = Math.min(0, Math.max(w - w * this.z, this.x));
    this.y = Math.min(0, Math.max(h - h * this.z, this.y));
    this.image.style.transform = this.z === 1 ? "" : `translate(${this.x}px, ${this.y}px) scale(${this.z})`;
    this.frame.classList.toggle("zoomed", this.z > 1);
    say(this.scale, this.z > 1 ? `${Math.round(this.z * 100)} %` : "");
  }

  #fetchFull() {
    if (this.isFull || this.full.hidden) return;
    this.isFull = true;
    this.full.hidden = true;
    this.image.src = this.#with("full=1");
  }

  #with(parameter) { return `${this.url}${this.url.includes("?") ? "&" : "?"}${parameter}`; }

  #loaded() {
    set(this.frame, "aria-busy", null);
    this.problem.hidden = true;
    this.image.classList.toggle("pixels", this.image.naturalWidth <= SMALL);
    this.full.hidden = this.isFull || this.image.naturalWidth >= this.width;
  }

  #failed() {
    set(this.frame, "aria-busy", null);
    const again = () => {
      this.problem.hidden = true;
      this.image.src = this.#with(`try=${Date.now()}`);
    };
    this.problem.replaceChildren("The picture cannot be shown. ", button("Try again", again),
      " or skip the task: somebody else will see it.");
    this.problem.hidden = false;
  }
}

/** The picture's keys, for the overview of keys. */
export const PICTURE_KEYS = [
  [[key("+"), " ", key("−")], "zoom in and out"],
  [[key("0")], "show the whole picture"],
  [["arrow keys"], "move a zoomed picture, once it has the focus"],
];
