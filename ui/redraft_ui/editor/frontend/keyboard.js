// Which key means what. Letters replace the selected words, so commands are signs, digits, named keys and Alt with a letter.

const ALT = { KeyN: "next", KeyP: "previous", KeyI: "insert", KeyH: "clean", KeyS: "skip", KeyF: "flag" };
const LETTERS = { n: "next", p: "previous", i: "insert", c: "check" };
const NAMED = {
  Enter: "edit", F2: "edit", Insert: "insert", " ": "check", Delete: "remove", Backspace: "remove",
  "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "fit",
};
const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

/** What a key asks for wherever the focus is in the editor, or null. */
export function anywhere(event, typing) {
  const mod = event.ctrlKey || event.metaKey;
  if (mod && event.key === "Enter") return "submit";
  if (event.altKey && !mod && !event.getModifierState("AltGraph")) {
    const digit = /^Digit(\d)$/.exec(event.code)?.[1];
    return digit ? `type ${digit}` : ALT[event.code] ?? null;
  }
  if (typing) return null;
  if (mod && !event.altKey) {
    const letter = event.key.toLowerCase();
    if (letter === "z") return event.shiftKey ? "redo" : "undo";
    return letter === "y" ? "redo" : null;
  }
  return event.key === "?" ? "keys" : null;
}

/**
 * What a key asks for while the response has the focus and no input is open, or null if it is to be typed.
 *
 * `letters`: n, p, i and c are commands, and other letters do nothing; `types` are the keys that stand for types.
 */
export function inText(event, { letters, types }) {
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "a" && !event.altKey ? "all" : null;
  if (event.altKey) return null;
  if (MOVES.includes(event.key)) return event.key;
  if (event.key === "Tab") return event.shiftKey ? "tab back" : "tab";
  if (event.shiftKey && ["Delete", "Backspace"].includes(event.key)) return "restore";
  if (types.includes(event.key)) return `type ${event.key}`;
  if (NAMED[event.key]) return NAMED[event.key];
  if (letters && event.key.length === 1) return LETTERS[event.key.toLowerCase()] ?? "nothing";
  return null;
}

/** What a key asks for while an input is open, or null if it is the input's own. */
export function inInput(event) {
  if (event.key === "Enter" && !event.shiftKey) return "done";
  if (event.key === "Escape") return "cancel";
  if (event.key === "Tab") return event.shiftKey ? "done back" : "done next";
  return null;
}

/** Whether an input method has the key: it is none of ours. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;
