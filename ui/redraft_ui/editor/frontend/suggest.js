// Which type of mistake a change mends, judged by the words that only one of both texts has. The server knows the same
// words.

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const FILLERS = new Set("a an the of is are was were there it its this that these those and with".split(" "));

/** A function `(old, new) → type` for the vocabulary of a task. */
export function suggester({ number, attribute, position, action }) {
  const [numbers, attributes, positions, actions] = [number, attribute, position, action].map((words) => new Set(words));
  const isNumber = (word) => numbers.has(word) || /^\p{Nd}+$/u.test(word);
  const known = (word) => isNumber(word) || attributes.has(word) || actions.has(word) || positions.has(word);
  return (old, fresh) => {
    const [gone, come] = onlyIn(counted(old), counted(fresh));
    if ([...gone, ...come].every((word) => FILLERS.has(word))) return "object";
    const things = difference(stems(gone), stems(come));
    if (things.some((word) => !known(word))) return "object";
    if (!things.length || things.some(isNumber)) return "number";
    if (things.some((word) => attributes.has(word))) return "attribute";
    return things.some((word) => actions.has(word)) ? "action" : "position";
  };
}

function counted(text) {
  const counts = new Map();
  for (const [word] of text.toLowerCase().matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** The words of which one text has more than the other, either way. */
function onlyIn(a, b) {
  const more = (one, two) => [...one].filter(([word, count]) => count > (two.get(word) ?? 0)).map(([word]) => word);
  return [more(a, b), more(b, a)];
}

/** Content words without a plural's ending. */
function stems(words) {
  const cut = (word) => (word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word);
  return new Set(words.filter((word) => !FILLERS.has(word)).map(cut));
}

const difference = (a, b) => [...a].filter((word) => !b.has(word)).concat([...b].filter((word) => !a.has(word)));
