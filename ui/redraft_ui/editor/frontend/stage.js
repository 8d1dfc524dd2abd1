// The furniture with its hands and eyes: what is drawn, where one types, which key does what. Made anew when another kind
// of task comes.

import { Capture } from "./capture.js";
import { set } from "./dom.js";
import { guidePanel, keysDialog } from "./guide.js";
import { anywhere, inInput, inText, isComposing } from "./keyboard.js";
import { layout, typeButtons } from "./layout.js";
import { Pointer } from "./pointer.js";
import { View } from "./view.js";

export class Stage {
  /**
   * `on` has `run(command)`, which is false if the key should do what it does elsewhere; `begin()`, `typed()`, `leave()`,
   * `copied()` of the input; `pick(range, how)` of the pointer; `threshold(value)` of the slider.
   */
  constructor({ mode, marking, picture, trains, guide, prefs, on }) {
    Object.assign(this, { mode, marking, picture, guide, prefs, on, types: [] });
    this.ui = layout({ mode, marking, picture, run: on.run, onthreshold: on.threshold });
    this.view = new View(this.ui.paragraph, {});
    this.capture = new Capture(this.view, { ...on, change: on.typed, done: () => on.run("done") });
    this.capture.box.readOnly = marking;
    this.ui.pane.append(this.capture.box);
    if (!marking) this.ui.panels.append(trains.node);
    this.ui.resultPanel.open = prefs.get("result");
    this.ui.resultPanel.addEventListener("toggle", () => prefs.set("result", this.ui.resultPanel.open));
    this.pointer = new Pointer(this.ui.pane, this.view, { pick: on.pick, edit: () => on.run("edit") });
    this.ui.node.addEventListener("keydown", (event) => this.#key(event));
    this.ui.node.addEventListener("keyup", (event) => event.stopPropagation());
    this.sizes = new ResizeObserver(() => this.capture.place(this.capture.isOpen ? this.view.ghost : null));
    this.sizes.observe(this.ui.pane);
  }

  get isOpen() { return this.capture.isOpen; }

  /** Put up what belongs to a task: its picture, its types, its guidelines. */
  present(task) {
    const { ui } = this;
    this.types = task.types;
    this.view.labels = Object.fromEntries(task.types.map((type) => [type.id, type.label.toLowerCase()]));
    this.view.clear();
    this.picture.show(task.image);
    ui.prompt.textContent = task.prompt;
    ui.types.replaceChildren(...typeButtons(task.types, this.on.run));
    ui.doubtBar.hidden = this.marking;
    ui.pass.hidden = this.mode !== "correct" || task.revising !== null;
    const wide = matchMedia("(min-width: 900px)").matches;
    const guide = guidePanel(this.guide, task.types, this.marking, task.guidelines, wide && this.prefs.get("guide"),
      (open) => { if (matchMedia("(min-width: 900px)").matches) this.prefs.set("guide", open); });
    if (task.guidelines !== this.shownGuidelines || !this.guideNode) {
      this.guideNode?.remove();
      this.guideNode = guide;
      ui.aside.append(guide);
      this.shownGuidelines = task.guidelines;
    }
    this.keys?.remove();
    this.keys = keysDialog(task.types, this.marking, this.prefs.get("letters"), (on) => this.prefs.set("letters", on));
    ui.node.append(this.keys);
    ui.columns.hidden = false;
    ui.waiting.hidden = true;
    ui.feedback.hidden = true;
    ui.work.hidden = false;
  }

  /** Scroll to what is selected, once the page is laid out anyway. */
  reveal(node) {
    requestAnimationFrame(() => node?.scrollIntoView({ block: "nearest" }));
  }

  /** Enable a command's button, and say whether it is on. */
  enable(command, enabled, pressed) {
    const node = this.ui.actions.querySelector(`[data-command="${command}"]`);
    if (!node) return;
    set(node, "disabled", !enabled);
    if (pressed !== undefined) set(node, "aria-pressed", String(pressed));
  }

  /** Give the focus to the response; a touch screen would bring up its keyboard, so there the text itself takes it. */
  focus() {
    if (matchMedia("(pointer: coarse)").matches && !this.isOpen) this.ui.pane.focus({ preventScroll: true });
    else this.capture.focus();
  }

  close() {
    this.sizes.disconnect();
    this.pointer.close();
    this.ui.node.remove();
  }

  /** No key goes on to Streamlit, which has keys of its own (r runs the page again, c clears its cache). */
  #key(event) {
    event.stopPropagation();
    if (isComposing(event) || this.keys?.open) return;
    const { capture, ui, picture } = this;
    const inResponse = event.target === capture.box || event.target === ui.pane;
    const typing = capture.isOpen && inResponse || isField(event.target, capture.box);
    let command = anywhere(event, typing);
    if (!command && picture.frame === event.target) {
      if (picture.press(event)) event.preventDefault();
      return;
    }
    if (!command && inResponse) command = capture.isOpen ? inInput(event) : this.#commandInText(event);
    if (command && event.repeat && ["submit", "clean", "skip", "flag"].includes(command)) command = "nothing";
    if (command && this.on.run(command, event.shiftKey) !== false) event.preventDefault();
    else if (!command && inResponse && !capture.focused && !event.ctrlKey && !event.metaKey) capture.focus();
  }

  #commandInText(event) {
    const letters = this.marking || this.prefs.get("letters");
    return inText(event, { letters, types: this.types.map((type) => type.key) });
  }
}

/** Whether an element takes text and is not ours to command. */
const isField = (node, ours) => node !== ours && node.matches?.("textarea, input:not([type=range], [type=checkbox])");
