// What the editor says and asks beside the text: inline, in plain words, with the focus on what is likely wanted.

import { button, el } from "./dom.js";
import { drawn } from "./drawn.js";

/** A sentence with at most two ways out; without `yes` it can only be put away. */
export function question(sentence, yes, onyes, onno) {
  return asked(el("p", { text: sentence }), [
    yes ? button(yes, onyes, { class: "strong" }) : null,
    button(yes ? "Go back" : "All right", onno),
  ], onno);
}

/** Why a task is unfit. */
export function flagForm(onsend, onno) {
  const example = "For example: the picture is broken, or shows something nobody should see";
  const box = el("textarea", { rows: 2, maxlength: 2000, placeholder: example });
  const send = () => (box.value.trim() ? onsend(box.value.trim()) : box.focus());
  const form = asked(el("label", {}, el("span", { text: "What is wrong with this task? A reviewer will look at it." }), box),
    [button("Flag it", send, { class: "strong" }), button("Go back", onno)], onno);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  return form;
}

export const lostNotice = (onnext) => banner("warning",
  "The time for this task ran out, and it went back to the pile. What you did is kept on this device, and comes back "
  + "with the task should you get it again.",
  button("Take the next task", onnext, { class: "strong" }));

/** Why the server did not do what it was asked, and a button to ask again. */
export function problem({ status, body }, onagain) {
  if (status === 401) {
    return banner("warning",
      "You are signed out. Everything is kept on this device: sign in again in another tab, then try again here.",
      button("Try again", onagain, { class: "strong" }));
  }
  if (status >= 400 && status < 500) {
    return banner("warning", `${body?.message ?? "The server refused this."} What you did is kept on this device.`);
  }
  return banner("info",
    "The server cannot be reached. What you did is kept on this device, and is sent as soon as it can be.",
    button("Try now", onagain));
}

/** How an answer compares with the known one, in place of the text until one goes on. */
export function showFeedback(editor, { right, text, edits, explanation, span_f1: overlap }, sent, ongo) {
  const { ui, view } = editor.stage;
  const { task, positions } = editor;
  const units = (list) => list.map((edit) => ({ ...edit, ...positions.spanToUnits(edit) }));
  const go = button("Go on", () => { ui.feedback.hidden = true; ui.work.hidden = false; ongo(); }, { class: "primary" });
  const share = Math.round(100 * overlap);
  const agreement = `What you changed agrees with what was to be changed to ${share} %.`;
  ui.feedback.replaceChildren(
    el("p", { class: "kicker", text: "Practice task" }),
    el("h2", { text: right ? "Right!" : "Not quite" }),
    explanation ? el("p", { text: explanation }) : null,
    right ? null : el("p", { class: "hint", text: agreement }),
    el("h3", { text: edits.length ? "What was to be changed" : "Nothing was to be changed" }),
    drawn(task.text, units(edits), [], view.labels),
    el("h3", { text: "What you changed" }),
    drawn(task.text, units(sent.edits ?? []), [], view.labels),
    go);
  ui.work.hidden = true;
  ui.feedback.hidden = false;
  editor.say(`${right ? "Right!" : "Not quite."} ${explanation} It should read: ${text}`);
  go.focus();
}

function asked(body, buttons, onno) {
  const node = el("div", { class: "question" }, body, el("div", { class: "tools" }, ...buttons));
  node.addEventListener("keydown", (event) => { if (event.key === "Escape") onno(); });
  return node;
}

function banner(kind, sentence, ...buttons) {
  return el("div", { class: `banner ${kind}` }, el("p", { text: sentence }), ...buttons);
}
