// Where things are in a text. JavaScript counts UTF-16 units, the server counts code points; words are what one selects.

const SCRIPTS = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"];
const WORDLESS = new RegExp(`[${SCRIPTS.map((name) => `\\p{Script=${name}}`).join("")}]`, "u");
const PIECE = new RegExp(
  "[\\p{L}\\p{M}\\p{N}_]+(?:['\\u2019-][\\p{L}\\p{M}\\p{N}_]+)*"
  + "|\\p{Extended_Pictographic}(?:\\uFE0F|[\\u{1F3FB}-\\u{1F3FF}]|\\u200D\\p{Extended_Pictographic})*|\\S", "gu");
const LETTER = /[\p{L}\p{N}]/u;
const CLOSING = /^[\s.,;:!?)\]}'\u2019\u201D%]/u;

/** Converts between UTF-16 units of one text and its code points. */
export class Positions {
  constructor(text) {
    this.pairs = [];
    for (let at = 0; at < text.length - 1; at++) {
      if (isHigh(text.charCodeAt(at)) && isLow(text.charCodeAt(at + 1))) this.pairs.push(at++);
    }
  }

  /** The code point at which UTF-16 unit `at` lies. */
  toPoints(at) {
    let before = 0;
    while (before < this.pairs.length && this.pairs[before] < at) before++;
    return at - before;
  }

  /** The UTF-16 unit at which code point `point` begins. */
  toUnits(point) {
    let at = point;
    for (const pair of this.pairs) {
      if (pair >= at) break;
      at++;
    }
    return at;
  }

  /** The same with the `start` and `end` of something. */
  spanToPoints({ start, end }) { return { start: this.toPoints(start), end: this.toPoints(end) }; }
  spanToUnits({ start, end }) { return { start: this.toUnits(start), end: this.toUnits(end) }; }
}

/** The words and signs of a text as `{start, end}`, in order; a sign is a word of its own. */
export function unitsOf(text) {
  const units = [];
  for (const match of text.matchAll(PIECE)) {
    const [word, start] = [match[0], match.index];
    if (WORDLESS.test(word) && Intl.Segmenter) {
      for (const part of new Intl.Segmenter(undefined, { granularity: "word" }).segment(word)) {
        units.push({ start: start + part.index, end: start + part.index + part.segment.length });
      }
    } else units.push({ start, end: start + word.length });
  }
  return units;
}

/** The text that edits in order, without overlaps, give. */
export function applied(text, edits) {
  let out = "";
  let at = 0;
  for (const { start, end, replacement } of edits) {
    out += text.slice(at, start) + replacement;
    at = end;
  }
  return out + text.slice(at);
}

/** Inserted words with the spaces that they need between what is before and behind `at`. */
export function spaced(text, at, words) {
  const before = text[at - 1];
  const behind = text[at];
  const left = before && !/\s/.test(before) && !CLOSING.test(words) && before !== "(" ? " " : "";
  const right = behind && LETTER.test(behind) && !/\s$/.test(words) ? " " : "";
  return left + words + right;
}

/** The range to remove so that no double space is left: the words with the space before them, or else after them. */
export function withSpace(text, { start, end }) {
  const [before, behind] = [text[start - 1] ?? "\n", text.slice(end)];
  if (before === "\n") return { start, end: end + (/^[^\S\n]/.test(behind) ? 1 : 0) };
  const leaves = /\s/.test(before) && (!behind || CLOSING.test(behind));
  return { start: leaves ? start - 1 : start, end };
}

/** Edits, word by word, that turn `text[start:end]` into `words`: unchanged words in between stay untouched. */
export function wordEdits(text, { start, end }, words) {
  const old = unitsOf(text.slice(start, end)).map((u) => ({ start: u.start + start, end: u.end + start }));
  const fresh = unitsOf(words);
  const edits = [];
  let [at, from] = [start, 0];
  for (const [i, k] of [...matches(text, old, words, fresh), [old.length, fresh.length]]) {
    const [to, until] = [old[i]?.start ?? end, fresh[k]?.start ?? words.length];
    gap(edits, text, at, to, words.slice(from, until));
    [at, from] = [old[i]?.end, fresh[k]?.end];
  }
  return edits;
}

/** Pairs of equal words, in order: a longest common subsequence. */
function matches(text, old, words, fresh) {
  const a = old.map((u) => text.slice(u.start, u.end));
  const b = fresh.map((u) => words.slice(u.start, u.end));
  if (a.length * b.length > 250_000) return [];
  const best = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = b.length - 1; k >= 0; k--) {
      best[i][k] = a[i] === b[k] ? best[i + 1][k + 1] + 1 : Math.max(best[i + 1][k], best[i][k + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, k = 0; i < a.length && k < b.length;) {
    if (a[i] === b[k] && best[i][k] === best[i + 1][k + 1] + 1) pairs.push([i++, k++]);
    else if (best[i + 1][k] >= best[i][k + 1]) i++;
    else k++;
  }
  return pairs;
}

/** The edit, if any, that puts `words` in place of `text[start:end]`, without white space at their ends in common. */
function gap(edits, text, start, end, words) {
  const space = (one, other) => one === other && /\s/.test(one);
  while (start < end && words && space(words[0], text[start])) [start, words] = [start + 1, words.slice(1)];
  while (start < end && words && space(words.at(-1), text[end - 1])) [end, words] = [end - 1, words.slice(0, -1)];
  if (text.slice(start, end) !== words) edits.push({ start, end, replacement: words });
}

const isHigh = (unit) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit) => unit >= 0xdc00 && unit < 0xe000;
