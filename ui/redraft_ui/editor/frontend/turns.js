// Whose turn a task is: taking the next one, waiting for one, losing one.

import { lostNotice, problem } from "./notices.js";
import { showLeft, showSaved } from "./status.js";

const WAIT_MS = 4000;

/** Tasks answered on this page, by user: Streamlit may still hand them out once. */
const done = new Set();

export class Turns {
  constructor(editor) { Object.assign(this, { editor, lost: false }); }

  /** Take over what Streamlit hands out, unless the editor is further, or still at work. */
  offered(task) {
    const { editor } = this;
    const { mode, task: shown } = editor;
    if (mode === "correct" && shown && !this.lost) return;
    const old = mode === "correct" && task && !task.revising && done.has(this.#key(task.id));
    if (task && !old && shown?.id !== task.id) this.#take(task);
    else if (!shown && old) this.next();
    else if (!shown && !task) this.wait();
  }

  answered(id) { done.add(this.#key(id)); }

  /** The next task came with the answer to the last, or has to be asked for. */
  goOn(task) {
    if (task) this.#take(task);
    else this.next();
  }

  /** Take the next task; without one, look again every few seconds. */
  async next() {
    clearTimeout(this.poll);
    const answer = await this.editor.call("POST", "/tasks/next");
    if (this.closed) return;
    if (answer.status === 200) return this.#take(answer.body);
    if (answer.status === 204) return this.wait();
    if (!this.editor.task) this.wait();
    this.editor.stage.ui.notice.replaceChildren(problem(answer, () => this.next()));
  }

  /** There is nothing to do: look again in a while. */
  wait() {
    const { editor } = this;
    const { ui, view } = editor.stage;
    if (editor.task !== null || ui.waiting.hidden) this.#count();
    ui.columns.hidden = ui.lease.hidden = true;
    ui.waiting.hidden = false;
    ui.notice.replaceChildren();
    editor.task = null;
    view.clear();
    editor.lease.lose();
    showSaved(ui, "saved");
    clearTimeout(this.poll);
    const pause = WAIT_MS * (0.75 + Math.random() / 2);
    this.poll = setTimeout(() => (document.hidden ? this.wait() : this.next()), pause);
  }

  /**
   * The task went back to the worklist. If nobody else has it, it is the next one again, and nothing is to be told;
   * else what was done of it stays on this device.
   */
  async lose() {
    if (this.lost) return;
    this.lost = true;
    const { editor } = this;
    const { task, lease, sending, stage } = editor;
    lease.lose();
    sending.lock();
    const { status, body } = await editor.call("POST", "/tasks/next");
    if (this.closed || editor.task !== task) return;
    if (status === 200 && body.id === task.id) {
      this.lost = false;
      lease.begin(body);
      sending.returned();
      return;
    }
    stage.ui.lease.hidden = true;
    stage.ui.notice.replaceChildren(lostNotice(() => this.next()));
  }

  close() {
    this.closed = true;
    clearTimeout(this.poll);
  }

  #take(task) {
    clearTimeout(this.poll);
    done.delete(this.#key(task.id));
    this.lost = false;
    this.editor.show(task);
  }

  async #count() {
    const { status, body } = await this.editor.call("GET", "/me");
    if (status === 200 && !this.closed && !this.editor.task) showLeft(this.editor.stage.ui, body, false);
  }

  #key(id) { return `${this.editor.user}:${id}`; }
}
