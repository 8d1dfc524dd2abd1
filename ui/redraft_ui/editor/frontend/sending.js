// Answers: how one is made, what may come of it, and what is shown then.
//
//   press ──► (question, reason) ──► outbox ──► accepted ──► feedback ──► next task, or waiting for one
//                                         ├──► lost      kept; turns.js
//                                         ├──► question  asked; yes sends it again
//                                         └──► refused   said why

import { flagForm, problem, question, showFeedback } from "./notices.js";
import { Outbox } from "./outbox.js";
import { showSaved } from "./status.js";

/** Nobody judges a task this soon: such a press is the second half of a double one on the task before. */
const LOOK_SECONDS = 0.4;
const TELL_MS = 300;

export class Sending {
  constructor(editor) {
    this.editor = editor;
    this.outbox = new Outbox(editor.call, editor.user, {
      accepted: (name, body, entry) => this.#accepted(name, body, entry),
      lost: (name) => { if (name === editor.name) editor.turns.lose(); },
      question: (name, body, entry) => this.#doubted(name, body, entry),
      refused: (name, body) => this.#refused(name, body),
      state: (state) => this.#state(state),
    });
  }

  /** Nothing may be changed while an answer is on its way. */
  get locked() {
    const entry = this.editor.name && this.outbox.waiting(this.editor.name);
    return Boolean(entry) && !entry.parked;
  }

  /** A task is on the page: one whose answer was kept, because its lease was lost, is answered now. */
  shown() {
    this.editor.stage.ui.notice.replaceChildren();
    this.#settle();
    this.returned();
  }

  /** The task is this person's (again): what was kept of it is sent now. */
  returned() {
    if (this.outbox.unpark(this.editor.name)) this.editor.say("This task came back to you: your answer is sent again.");
    else this.outbox.send();
    this.lock();
  }

  /** Submit, say that nothing is wrong, skip or flag. */
  press(verb) {
    const { editor } = this;
    if (this.locked || this.editor.turns.lost) return true;
    if (editor.stage.isOpen) editor.inplace.close(true);
    const { edits, marks } = editor.model;
    const changed = editor.stage.marking ? marks.length > 0 : edits.length > 0;
    if (!changed && editor.activity.elapsed < LOOK_SECONDS) return true;
    if (verb === "flag") this.#ask(flagForm((reason) => this.#send("flag", { reason }), () => this.#settle(true)));
    else if (verb === "skip" && changed) {
      this.#question("Skip it, and drop what you did?", "Skip it", () => this.#send("skip", {}));
    } else if (verb === "skip") this.#send("skip", {});
    else if (verb === "submit" && !changed) {
      this.#question("Nothing is changed. Is all of it right?", "No hallucination", () => this.#answer("clean"));
    } else if (verb === "clean" && changed) {
      const what = editor.stage.marking ? "You have marked words as wrong." : "You have changed words.";
      this.#question(`${what} Submit that instead?`, "Submit it", () => this.#answer());
    } else this.#answer(verb === "clean" ? "clean" : undefined);
    return true;
  }

  /** Something was changed: an answer that could not be sent is out of date. */
  changed() {
    if (this.outbox.waiting(this.editor.name)?.parked) this.outbox.drop(this.editor.name);
  }

  /** A call that is not about an answer was refused: say so, as long as nothing else is to be said. */
  trouble(answer) {
    const { stage, drafts } = this.editor;
    if (!this.editor.turns.lost && !this.locked) stage.ui.notice.replaceChildren(problem(answer, () => drafts.retry()));
    this.troubled = true;
  }

  /** All is well again. */
  calm() {
    if (this.troubled && !this.editor.turns.lost && !this.locked) this.editor.stage.ui.notice.replaceChildren();
    this.troubled = false;
  }

  close() {
    this.closed = true;
    clearTimeout(this.teller);
    this.outbox.close();
  }

  /** Send a correction, marks, or that there is nothing to correct. */
  #answer(given, confirmed = []) {
    const { editor } = this;
    const { edits, marks } = editor.content();
    const { marking } = editor.stage;
    const answer = given ?? (marking ? "marked" : "corrected");
    const body = { answer, confirmed, edits: [], marks };
    if (answer === "corrected") body.edits = edits;
    if (answer === "clean" && marking) body.marks = [];
    if (!marking) body.corrected = answer === "corrected" ? editor.model.corrected : null;
    if (editor.mode === "review") body.reason = editor.stage.ui.reason.value.trim();
    else body.shaded = editor.task.shaded;
    return this.#send("submit", body);
  }

  #send(verb, body) {
    const { mode, task, activity, name } = this.editor;
    const times = { seconds: Math.round(10 * activity.seconds) / 10, elapsed: Math.round(10 * activity.elapsed) / 10 };
    const whole = { nonce: nonce(), ...times, ...body };
    if (mode === "correct") whole.next = !task.revising;
    let path = `/tasks/${task.id}/${verb}`;
    if (mode === "review") path = `/reviews/${task.id}`;
    else if (task.revising) path = `/answers/${task.revising}/revise`;
    this.#settle();
    this.outbox.put(name, path, whole);
    this.lock();
    return true;
  }

  #accepted(name, body, entry) {
    const { editor } = this;
    const id = name.split(":")[0];
    editor.turns.answered(id);
    editor.drafts.end(name);
    this.#tell({ task: id, correction: body?.correction ?? null });
    showSaved(editor.stage.ui, "saved");
    if (name !== editor.name || !editor.task) {
      editor.say("An earlier answer has been sent.");
      return;
    }
    editor.say("Sent.");
    if (editor.mode === "review") return editor.show({ ...editor.task, draft: { revision: 0, ...editor.content() } });
    if (editor.task.revising) return this.#done();
    if (body.feedback) return showFeedback(editor, body.feedback, entry.body, () => editor.turns.goOn(body.next));
    return editor.turns.goOn(body.next);
  }

  /** Nothing follows here: the page takes over. */
  #done() {
    const { ui } = this.editor.stage;
    this.done = true;
    this.lock();
    ui.ask.replaceChildren();
  }

  /** A guard rail asks whether it is meant. */
  #doubted(name, body, entry) {
    this.lock();
    if (name !== this.editor.name) return;
    const again = () => this.#answer(entry.body.answer, [...entry.body.confirmed, body.question]);
    this.#question(body.message, "Yes, submit it", again);
  }

  #refused(name, body) {
    this.lock();
    if (name === this.editor.name) this.#question(body.message, null, null);
  }

  #question(sentence, yes, onyes) {
    showSaved(this.editor.stage.ui, "saved");
    this.#ask(question(sentence, yes, onyes, () => this.#settle(true)));
  }

  #state(state) {
    const { editor } = this;
    showSaved(editor.stage.ui, this.outbox.kept === false ? "full" : state);
    this.lock();
    if (state === "sending") return;
    const status = state === "signed-out" ? 401 : 0;
    editor.stage.ui.notice.replaceChildren(problem({ status }, () => this.outbox.send()));
  }

  #ask(node) {
    this.editor.stage.ui.ask.replaceChildren(node);
    node.querySelector("textarea, button")?.focus();
    node.scrollIntoView({ block: "nearest" });
  }

  #settle(focus = false) {
    this.editor.stage.ui.ask.replaceChildren();
    if (focus) this.editor.focus();
  }

  /** Let nothing be changed while an answer is on its way, and nothing be sent without a lease. */
  lock() {
    const { ui } = this.editor.stage;
    const on = this.locked || Boolean(this.done);
    ui.node.classList.toggle("locked", on);
    if (!on && !this.editor.turns.lost) ui.notice.replaceChildren();
    for (const node of [ui.submit, ui.clean, ui.skip, ui.flag]) node.disabled = on || this.editor.turns.lost;
  }

  /** Tell Streamlit, once for several answers in a row, so that its page stays in step. */
  #tell(event) {
    clearTimeout(this.teller);
    this.teller = setTimeout(() => this.editor.tell(event), TELL_MS);
  }
}

/** 128 random bits; `crypto.randomUUID` is not there without TLS. */
function nonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
