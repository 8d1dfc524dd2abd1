// The furniture of the editor: made once, filled by the others.

import { button, el, key } from "./dom.js";

/**
 * The parts of the page by name. `run(command)` is called by buttons, `onthreshold(number)` by the slider.
 *
 * `marking`: words are marked as wrong, not changed. `mode`: correct or review.
 */
export function layout({ mode, marking, picture, run, onthreshold }) {
  const act = (label, command, attributes = {}) => (
    button(label, () => run(command), { "data-command": command, ...attributes }));
  const ui = {
    left: el("span", { class: "left" }),
    lease: el("span", { class: "lease", hidden: true }),
    saved: el("span", { class: "saved", "data-state": "kept" }),
    notice: el("div", { class: "notice", role: "alert" }),
    prompt: el("p", { class: "prompt", dir: "auto" }),
    paragraph: el("p", { class: "text", dir: "auto", translate: "no" }),
    doubtCount: el("span", { class: "doubts" }),
    types: el("div", { class: "tools types", role: "group", "aria-label": "Kind of mistake" }),
    amount: el("span", { class: "amount" }),
    bar: el("span", { class: "bar", "aria-hidden": "true" }, el("span", {})),
    ask: el("div", { class: "ask", role: "group", "aria-label": "Before it is sent" }),
    live: el("div", { class: "spoken", role: "status", "aria-live": "polite" }),
    result: el("p", { class: "result-text", dir: "auto" }),
  };
  ui.pane = el("div", { class: "pane", tabindex: -1, role: "group", "aria-label": "Response" }, ui.paragraph);
  ui.slider = el("input", {
    type: "range", min: 0, max: 100, step: 5, oninput: (event) => onthreshold(Number(event.target.value) / 100),
  });
  ui.sliderValue = el("output", {});
  ui.doubtBar = el("div", { class: "doubt-bar" }, ui.doubtCount,
    el("label", { class: "slider" }, el("span", { text: "Show doubts from" }), ui.slider, ui.sliderValue));
  ui.actions = el("div", { class: "tools actions", role: "group", "aria-label": "Chosen words" }, ...(marking
    ? [act("Not wrong", "remove", { title: "Take the mark off (Delete)" })]
    : [
      act("Replace", "edit", { title: "Change the chosen words (Enter)" }),
      act("Remove", "remove", { title: "Remove the chosen words (Delete)" }),
      act("Add words", "insert", { title: "Add words behind the chosen ones (Alt+I)" }),
      act("Checked, right", "check", { title: "The chosen doubtful words are right (Space)", "aria-pressed": "false" }),
      act("Take back", "restore", { title: "Take the chosen change back (Shift+Delete)" }),
    ]),
  el("span", { class: "gap" }),
  el("span", { class: "pair" },
    act("↶", "undo", { "aria-label": "Undo", title: "Undo (Ctrl+Z)" }),
    act("↷", "redo", { "aria-label": "Redo", title: "Redo (Ctrl+Y)" })));
  ui.typing = el("div", { class: "tools typing-tools", hidden: true, role: "group", "aria-label": "Words being typed" },
    act(["Keep ", key("⏎")], "done", { class: "strong" }), act(["Do not change ", key("Esc")], "cancel"));
  ui.submit = act([...submitLabel(mode, marking), " ", key("Ctrl ⏎")], "submit", { class: "primary" });
  ui.clean = act("No hallucination", "clean", { title: "All of it is right (Alt+H)" });
  ui.skip = act("Skip", "skip", { class: "quiet", title: "You cannot tell: somebody else will see it (Alt+S)" });
  ui.flag = act("Flag…", "flag", { class: "quiet", title: "The task itself is unfit (Alt+F)" });
  ui.pass = el("span", { class: "pair", hidden: mode !== "correct" }, ui.skip, ui.flag);
  ui.reason = el("input", { type: "text", maxlength: 2000, autocomplete: "off" });
  ui.send = el("footer", { class: "send" }, ui.ask,
    mode === "review" ? el("label", { class: "reason" }, "Why, if it needs saying", ui.reason) : null,
    el("div", { class: "tools buttons" }, ui.submit, ui.clean, el("span", { class: "gap" }), ui.pass));
  ui.resultPanel = el("details", { class: "result" }, el("summary", { text: "Read it as it stands now" }), ui.result);
  ui.panels = el("div", { class: "panels" }, marking ? null : ui.resultPanel);
  ui.work = el("section", { class: "work", "aria-label": "Response" },
    el("h2", { text: "The model was asked" }), ui.prompt,
    el("div", { class: "answer-head" }, el("h2", { text: "It answered" }), ui.doubtBar),
    ui.pane, ui.types, ui.actions, ui.typing,
    el("div", { class: "meter" }, ui.bar, ui.amount), ui.send, ui.panels);
  ui.feedback = el("section", { class: "feedback", tabindex: -1, hidden: true, "aria-label": "How it went" });
  ui.aside = el("div", { class: "aside" }, picture.node);
  ui.columns = el("div", { class: "columns" }, ui.aside, ui.work, ui.feedback);
  ui.waiting = el("section", { class: "waiting", hidden: true },
    el("h2", { text: "Nothing for you to correct right now" }),
    el("p", { text: "New tasks appear here by themselves: you can leave this page open." }));
  ui.status = el("header", { class: "status" }, ui.left, ui.lease, ui.saved, el("span", { class: "gap" }),
    act(["Keys ", key("?")], "keys", { class: "quiet" }));
  ui.node = el("div", { class: "redraft-editor", "data-mode": mode }, ui.status, ui.notice, ui.columns, ui.waiting, ui.live);
  return ui;
}

/** The buttons that name types: pressing one is `run("type KEY")`. */
export function typeButtons(types, run) {
  return types.map((type) => button([key(type.key), ` ${type.label}`], () => run(`type ${type.key}`),
    { "data-type": type.id, "aria-pressed": "false", title: type.hint }));
}

/** On a narrow screen the first word must do. */
function submitLabel(mode, marking) {
  if (mode === "review") return ["Save as reviewer"];
  return ["Submit", el("span", { class: "wide", text: marking ? " marks" : " correction" })];
}
