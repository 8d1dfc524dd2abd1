// The editor of one person: shows a task, turns commands into changes, and keeps every one of them.
//
//   keys, pointer, input ──► run(command) ──► model ──► stage, status, draft
//   submit, skip, flag ───────────────────► sending ──► next task

import { Activity } from "./activity.js";
import { describe, move } from "./commands.js";
import { say, set } from "./dom.js";
import { Drafts } from "./drafts.js";
import { contentOf, modelOf } from "./exchange.js";
import { caller } from "./http.js";
import { InPlace } from "./inplace.js";
import { Lease } from "./lease.js";
import { Picture } from "./picture.js";
import { Prefs } from "./prefs.js";
import { Sending } from "./sending.js";
import { Stage } from "./stage.js";
import { showLease, showLeft, showModel, showSaved } from "./status.js";
import { Positions } from "./text.js";
import { Trains } from "./trains.js";
import { Turns } from "./turns.js";

export class Editor {
  /** `data` is `{task, user, mode, api, guide}`; `tell(event)` reaches Streamlit. */
  constructor(root, { user, mode, api, guide }, tell) {
    Object.assign(this, { root, user, mode, guide, tell, call: caller(api), task: null });
    this.prefs = new Prefs(user);
    this.picture = new Picture();
    this.trains = new Trains((edits) => this.call("POST", `/tasks/${this.task.id}/preview`, { edits }),
      this.prefs.get("trains"), (open) => this.prefs.set("trains", open));
    this.drafts = new Drafts(this.call, user, { state: (name, body) => this.#draftState(name, body) });
    this.lease = new Lease({ tick: (left) => showLease(this.stage.ui, left), renew: () => this.#renew() });
    this.activity = new Activity(root, () => this.lease.active());
    this.#furnish(false);
    this.turns = new Turns(this);
    this.sending = new Sending(this);
  }

  /** Take up a task; what was begun of it, here or elsewhere, is there again. */
  show(task) {
    this.#furnish(task.kind === "evaluation");
    this.task = task;
    this.positions = new Positions(task.text);
    this.name = [task.id, this.mode === "review" ? "review" : null, task.revising].filter(Boolean).join(":");
    const draft = this.drafts.begin(this.name, `/tasks/${task.id}/draft`, task.draft, this.mode === "correct");
    this.model = modelOf(task, draft, this.positions, this.prefs.get("threshold"));
    this.inplace.begin(this.model);
    this.activity.begin(draft?.seconds ?? 0);
    this.stage.ui.lease.hidden = task.expires_at === null;
    this.lease.begin(task);
    showLeft(this.stage.ui, task, this.mode === "correct" && !task.revising);
    this.stage.present(task);
    this.changed(false);
    if (draft?.typing) this.inplace.reopen(this.positions.spanToUnits(draft.typing.span), draft.typing.text);
    this.sending.shown();
    const { activeElement } = document;
    if (activeElement === document.body || this.root.contains(activeElement)) this.focus();
  }

  /** What stands there, as drafts and answers hold it. */
  content() {
    return contentOf(this.model, this.positions, this.stage.capture.text, this.activity.seconds);
  }

  /** Draw what has changed, and keep it. */
  changed(keep = true) {
    const content = this.content();
    if (keep) {
      this.sending.changed();
      this.drafts.keep(content);
    }
    this.stage.view.update(this.model);
    const { max_change: limit, shaded } = this.task;
    showModel(this.stage.ui, this.model, { marking: this.stage.marking, limit, shaded });
    this.trains.update(content.edits);
    this.selected(false);
  }

  /** Show what is selected, and say it. */
  selected(aloud = true) {
    const { model, stage } = this;
    stage.view.select(model);
    const stop = model.stops[model.head];
    const node = stage.isOpen ? stage.view.ghost : stop && stage.view.nodeOf(stop);
    stage.capture.place(node);
    if (aloud) {
      stage.reveal(node);
      this.say(describe(model, stage.view.labels));
    }
    stage.ui.typing.hidden = !stage.isOpen;
    stage.ui.actions.hidden = stage.isOpen;
    const chosen = stage.marking ? model.selectedMarks : model.selectedEdits;
    const types = new Set(model.typing ? [model.typing.type] : chosen.map((one) => one.type));
    for (const button of stage.ui.types.children) set(button, "aria-pressed", String(types.has(button.dataset.type)));
    const doubts = model.selectedDoubts;
    stage.enable("check", doubts.length > 0, doubts.length > 0 && doubts.every((doubt) => model.isChecked(doubt)));
    stage.enable("restore", model.selectedEdits.length > 0);
    stage.enable("undo", model.past.length > 0);
    stage.enable("redo", model.future.length > 0);
    if (stage.marking) stage.enable("remove", model.selectedMarks.length > 0);
  }

  /** Tell those who do not see it. */
  say(text) { say(this.stage.ui.live, text); }

  focus() { this.stage.focus(); }

  /** Do what a key or a button asks for; false if there is nothing to do. */
  run(command, extend = false) {
    if (!this.task || this.stage.ui.work.hidden) return false;
    const [verb, argument] = command.split(" ");
    if (this.sending.locked && CHANGES.has(verb)) return true;
    const { model, picture, inplace } = this;
    switch (verb) {
      case "submit": case "clean": case "skip": case "flag": return this.sending.press(verb);
      case "keys": this.stage.keys.showModal(); return true;
      case "zoom-in": picture.zoom(1.25); return true;
      case "zoom-out": picture.zoom(0.8); return true;
      case "fit": picture.fit(); return true;
      case "nothing": return true;
      case "type": return this.#type(argument);
      case "edit": if (!this.stage.marking) inplace.edit(); return true;
      case "insert": if (!this.stage.marking) inplace.insert(); return true;
      case "done": case "cancel": return this.#close(verb === "done", argument);
      case "tab": return this.#jump(argument === "back" ? -1 : 1, false);
      case "next": case "previous": this.#jump(verb === "next" ? 1 : -1, true); return true;
      case "all": model.selectStop(0); model.selectStop(model.stops.length - 1, true); this.selected(); return true;
      case "undo": case "redo": return this.#change(() => model[verb](), verb === "undo" ? "Undone" : "Done again");
      case "remove": return this.#change(() => (this.stage.marking ? model.markWrong(null) : model.remove()));
      case "restore": return this.#change(() => model.restore(), "Taken back");
      case "check": return this.#check();
      default: move(model, this.stage.view, verb, extend); this.selected(); return true;
    }
  }

  close() {
    this.drafts.close();
    this.sending.close();
    this.turns.close();
    this.lease.close();
    this.trains.close();
    this.stage.close();
  }

  #change(act, words) {
    if (this.stage.isOpen) this.inplace.close(true);
    act();
    this.changed();
    this.say(words ?? describe(this.model, this.stage.view.labels));
    this.focus();
    return true;
  }

  #type(key) {
    const type = this.task.types.find((one) => one.key === key);
    if (!type) return false;
    if (this.model.typing) {
      this.model.typing.type = type.id;
      this.selected(false);
      this.say(`${type.label}: ${type.hint}`);
    } else if (this.stage.marking) this.#change(() => this.model.markWrong(type.id));
    else if (this.model.selectedEdits.length) this.#change(() => this.model.setType(type.id), `${type.label}: ${type.hint}`);
    else this.inplace.edit(type.id);
    return true;
  }

  #check() {
    const { model } = this;
    const checked = model.toggleChecked();
    if (checked === undefined) {
      const some = model.doubts.length > 0;
      this.say(some ? "Only words with dots under them can be checked." : "There are no doubtful words.");
      return true;
    }
    const more = checked && model.jump(model.open, 1, true);
    this.changed();
    const next = more ? `. Next: ${describe(model, this.stage.view.labels)}` : "";
    this.say((checked ? "Checked, right" : "Not checked any more") + next);
    this.focus();
    return true;
  }

  #jump(step, wrap) {
    if (this.stage.isOpen) this.inplace.close(true);
    const found = this.model.jump(this.stage.marking ? this.model.marks : this.model.open, step, wrap);
    if (found) this.selected();
    return found;
  }

  #close(keep, then) {
    if (!this.stage.isOpen) return false;
    this.inplace.close(keep);
    if (then) this.#jump(then === "next" ? 1 : -1, true);
    this.focus();
    return true;
  }

  #pick(range, { extend, keep }) {
    if (this.sending.locked && this.stage.isOpen) return;
    if (this.stage.isOpen) this.inplace.close(true);
    const anchor = this.model.anchor;
    this.model.select(range);
    if (extend) this.model.anchor = anchor;
    this.selected();
    if (!keep) this.focus();
  }

  #threshold(value) {
    this.prefs.set("threshold", value);
    this.model.threshold = value;
    this.model.rebuild();
    this.changed(false);
  }

  #draftState(name, answer) {
    showSaved(this.stage.ui, name);
    if (!answer || !this.task) return;
    if (answer.body?.code === "lease_lost") return this.turns.lose();
    if (name === "signed-out" || name === "refused") return this.sending.trouble(answer);
    if (name === "offline") return;
    this.sending.calm();
    if (this.task.expires_at === null) return;
    if (answer.body.expires_at === null) this.turns.lose();
    else this.lease.until(answer.body.expires_at);
  }

  async #renew() {
    const { id } = this.task;
    const { status, body } = await this.call("POST", `/tasks/${id}/renew`);
    if (this.task.id !== id) return;
    if (status === 200) this.lease.until(body.expires_at);
    else if (status === 409) this.turns.lose();
  }

  /** Another kind of task needs other furniture. */
  #furnish(marking) {
    if (this.stage?.marking === marking) {
      if (this.stage.isOpen) this.stage.capture.close();
      return;
    }
    this.stage?.close();
    this.stage = new Stage({
      mode: this.mode, marking, picture: this.picture, trains: this.trains, guide: this.guide, prefs: this.prefs,
      on: {
        run: (command, extend) => this.run(command, extend),
        begin: () => { if (this.task && !marking && !this.sending.locked) this.inplace.overwrite(); },
        typed: () => this.drafts.keep(this.content()),
        leave: () => this.inplace.close(true),
        copied: () => this.model?.reading ?? "",
        pick: (range, how) => { if (this.task) this.#pick(range, how); },
        threshold: (value) => this.#threshold(value),
      },
    });
    this.inplace = new InPlace(this.stage, {
      changed: () => this.changed(),
      closed: (kept) => {
        this.changed();
        this.say(kept ? describe(this.model, this.stage.view.labels) : "Not changed");
      },
    });
    this.root.append(this.stage.ui.node);
  }
}

/** Commands that wait while an answer is on its way. */
const CHANGES = new Set([
  "type", "edit", "insert", "done", "cancel", "undo", "redo", "remove", "restore", "check",
  "submit", "clean", "skip", "flag",
]);
