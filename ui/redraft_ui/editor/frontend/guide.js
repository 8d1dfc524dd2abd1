// What one should know: the guidelines with examples for every type, and the overview of keys.

import { button, el, key } from "./dom.js";
import { PICTURE_KEYS } from "./picture.js";

/** The panel beside the picture. `guide` is `{correcting, marking, examples}`; `own` the project's guidelines. */
export function guidePanel(guide, types, marking, own, open, ontoggle) {
  const rules = el("ol", {}, ...(marking ? guide.marking : guide.correcting).map((rule) => el("li", { text: rule })));
  const list = el("dl", {}, ...types.flatMap((type) => [
    el("dt", {}, key(type.key), ` ${type.label}`, el("span", { class: "hint", text: `: ${type.hint}` })),
    ...guide.examples.filter((one) => one.type === type.id).map((one) => el("dd", {},
      one.before, one.wrong ? el("del", { text: one.wrong }) : null, one.wrong && one.right && !marking ? " " : null,
      one.right && !marking ? el("ins", { text: one.right }) : null, one.after)),
  ]));
  const panel = el("details", { class: "guide", open },
    el("summary", { text: marking ? "How to mark" : "How to correct" }),
    own ? el("div", { class: "own" }, el("h3", { text: "For this project" }), el("p", { text: own })) : null,
    rules, el("h3", { text: "Kinds of mistakes" }), list);
  panel.addEventListener("toggle", () => ontoggle(panel.open));
  return panel;
}

const both = (a, b) => [a, " ", b];

/** Groups of keys for a mode, each key with what it does. */
function groups(types, marking) {
  const digits = `${types[0]?.key ?? ""} to ${types.at(-1)?.key ?? ""}`;
  const choose = [
    [both(key("←"), key("→")), "choose the word before or behind; with Shift, several"],
    [both(key("↑"), key("↓")), "choose a word in the line above or below"],
    [both(key("Tab"), key("Shift+Tab")),
      marking ? "leave the text" : "next or previous doubtful words; behind the last one, leave the text"],
    [both(key("Alt+N"), key("Alt+P")), marking ? "next or previous mark, round and round" : "the same, round and round"],
  ];
  const mend = [
    [["any letter"], "replace the chosen words by what you type"],
    [[key("Enter")], "change the chosen words; Enter again keeps the change, Esc does not"],
    [[key("Delete")], "remove the chosen words"],
    [both(key("Alt+I"), key("Insert")), "add words behind the chosen ones"],
    [[digits], "say what kind of mistake the chosen change mends"],
    [[key("Space")], "say that the chosen doubtful words are right"],
    [[key("Shift+Delete")], "take back the chosen change"],
    [both(key("Ctrl+Z"), key("Ctrl+Y")), "undo, redo"],
  ];
  const mark = [
    [[digits], "mark the chosen words as wrong in this way"],
    [[key("Delete")], "take the mark off"],
    [both(key("Ctrl+Z"), key("Ctrl+Y")), "undo, redo"],
  ];
  const send = [
    [[key("Ctrl+Enter")], "submit, and go on"],
    [[key("Alt+H")], "no hallucination: all of it is right"],
    [[key("Alt+S")], "skip"],
    [[key("Alt+F")], "flag"],
  ];
  const act = marking ? ["Mark them", mark] : ["Mend them", mend];
  return [["Choose words", choose], act, ["Send", send], ["Picture", PICTURE_KEYS]];
}

/** The overview of keys, a modal dialog; `letters` is whether letters are commands, `onletters` is told of changes. */
export function keysDialog(types, marking, letters, onletters) {
  const box = el("input", { type: "checkbox", checked: letters, onchange: (event) => onletters(event.target.checked) });
  const dialog = el("dialog", { class: "keys", "aria-label": "Keys" },
    el("header", {}, el("h2", { text: "Keys" }),
      button("Close", () => dialog.close(), { "aria-label": "Close the overview of keys" })),
    el("div", { class: "groups" }, ...groups(types, marking).map(([title, rows]) => el("section", {},
      el("h3", { text: title }),
      el("dl", {}, ...rows.flatMap(([keys, what]) => [el("dt", {}, ...keys), el("dd", { text: what })]))))),
    marking ? null : el("label", { class: "letters" }, box, " Letters are commands: ", key("n"), " next, ",
      key("p"), " previous, ", key("i"), " add words, ", key("c"), " checked. To replace words, press Enter first."));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  return dialog;
}
