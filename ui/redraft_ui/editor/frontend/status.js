// The line above and the meter below: what is left, for how long it is reserved, what is saved, how much has changed.

import { amount, doubtsLeft } from "./commands.js";
import { say, set } from "./dom.js";
import { duration } from "./lease.js";

const SAVED = {
  kept: "Kept on this device",
  waiting: "Saving…",
  saving: "Saving…",
  saved: "Saved",
  sending: "Sending…",
  offline: "Offline: kept on this device",
  "signed-out": "Signed out: kept on this device",
  refused: "Not saved: kept on this device",
  full: "This device keeps nothing: do not close the page",
};
const SOON_SECONDS = 120;

/** `left` does not count the task that is shown, if one is. */
export function showLeft(ui, { left, done }, shown) {
  const more = left >= 1000 ? "1000 or more after this one" : left ? `${left} after this one` : "The last one for now";
  say(ui.left, `${shown ? `${more} · ` : ""}${done} done by you`);
}

export function showLease(ui, seconds) {
  say(ui.lease, seconds > 0 ? `Reserved for you: ${duration(seconds)}` : "Reserved no longer");
  ui.lease.classList.toggle("soon", seconds < SOON_SECONDS);
}

export function showSaved(ui, state) {
  set(ui.saved, "data-state", state);
  say(ui.saved, SAVED[state]);
}

/** The meter, the count of doubts, and how the text reads now. */
export function showModel(ui, model, { marking, limit, shaded }) {
  say(ui.amount, amount(model, marking));
  const much = !marking && model.share > limit;
  ui.amount.classList.toggle("much", much);
  if (much) say(ui.amount, `${ui.amount.textContent}: is so much of it wrong?`);
  ui.bar.hidden = marking;
  ui.bar.firstChild.style.inlineSize = `${Math.min(100, 100 * model.share)}%`;
  ui.bar.classList.toggle("much", much);
  say(ui.doubtCount, shaded ? doubtsLeft(model) : "For this task no doubts are shown: look at every word.");
  ui.slider.parentElement.hidden = !model.doubts.length;
  ui.slider.value = String(Math.round(100 * model.threshold));
  set(ui.slider, "aria-valuetext", `${ui.slider.value} percent`);
  say(ui.sliderValue, `${ui.slider.value} %`);
  say(ui.result, model.corrected);
}
