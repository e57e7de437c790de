/* The plan of a mask and every change of it, as values: data/rules/masks.py says the same of a moment, and a test compares both. */

/** @typedef {[at_ms: number, left: number, top: number, right: number, bottom: number]} Key */
/** @typedef {Key[]} Pane a window over the picture; `Window` is the browser's own word */
/** @typedef {'PLAIN' | 'CHANGED' | 'TONE'} Voice */
/** @typedef {[from_ms: number, to_ms: number, voice: Voice]} Span the end not included */
/** @typedef {{windows: Pane[], sounds: Span[], why: string | null}} Mask */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box 0 … 1 of the picture */

export const WINDOWS_MOST = 32;
export const KEYS_MOST = 400;
export const SPANS_MOST = 100;
export const WHY_LONGEST = 120;
const [CELLS_LONG, CELLS_SHORT, CELL_LEAST] = [40, 23, 16];
const SIDE_LEAST = 0.02; // of the picture: smaller could not be taken hold of again
const PLACES = 10_000; // a plan says no more than a tenth of a thousandth: finer than a pixel of any camera

/** @type {Mask} */
export const CLOSED = { windows: [], sounds: [], why: null };

// --- at a moment

/** @param {Key} key @returns {Box} */
const boxOf = ([, left, top, right, bottom]) => ({ left, top, right, bottom });

/** Where a window is; null when it is not there at this moment. @param {Pane} pane @param {number} at_ms @returns {Box | null} */
export const boxAt = (pane, at_ms) => {
  const [first, last] = [pane[0], pane.at(-1)];
  if (!first || !last || at_ms < first[0] || at_ms > last[0]) return null;
  const after = pane.findIndex((key, number) => number > 0 && at_ms <= key[0]);
  const [earlier, later] = [pane[after - 1], pane[after]];
  if (!earlier || !later) return boxOf(last);
  const share = (at_ms - earlier[0]) / (later[0] - earlier[0]);
  const [a, b] = [boxOf(earlier), boxOf(later)];
  /** @param {number} begin @param {number} end */
  const between = (begin, end) => begin + (end - begin) * share;
  return { left: between(a.left, b.left), top: between(a.top, b.top), right: between(a.right, b.right), bottom: between(a.bottom, b.bottom) };
};

/** @param {Mask} mask @param {number} at_ms @returns {Box[]} */
export const boxesAt = (mask, at_ms) => mask.windows.flatMap((pane) => boxAt(pane, at_ms) ?? []);

/** How the sound of this moment is heard; null: not at all. @param {Mask} mask @param {number} at_ms @returns {Voice | null} */
export const voiceAt = (mask, at_ms) => mask.sounds.find(([from_ms, to_ms]) => from_ms <= at_ms && at_ms < to_ms)?.[2] ?? null;

/** Left, top, right, bottom in whole pairs of pixels: never more open than was said, never less hidden. @param {Box} box @param {number} width @param {number} height @param {boolean} hides @returns {[number, number, number, number]} */
export const pixels = (box, width, height, hides) => {
  const [down, up] = hides ? [Math.floor, Math.ceil] : [Math.ceil, Math.floor];
  const [left, top] = [2 * down(box.left * width / 2), 2 * down(box.top * height / 2)];
  const [right, bottom] = [2 * up(box.right * width / 2), 2 * up(box.bottom * height / 2)];
  return [left, top, Math.min(right, width + width % 2), Math.min(bottom, height + height % 2)];
};

/** How many cells hide a picture of this size, across and down. @param {number} width @param {number} height @returns {[number, number]} */
export const cells = (width, height) => {
  const [wide, high] = width >= height ? [CELLS_LONG, CELLS_SHORT] : [CELLS_SHORT, CELLS_LONG];
  return [Math.max(1, Math.min(wide, Math.floor(width / CELL_LEAST))), Math.max(1, Math.min(high, Math.floor(height / CELL_LEAST)))];
};

// --- boxes

/** @param {number} value */
const rounded = (value) => Math.round(value * PLACES) / PLACES;
/** @param {number} value @param {number} least @param {number} most */
export const within = (value, least, most) => Math.min(Math.max(value, least), most);

/** Between two corners in any order, inside the picture and never too small. @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @returns {Box} */
export const boxBetween = (x1, y1, x2, y2) => {
  const left = within(Math.min(x1, x2), 0, 1 - SIDE_LEAST);
  const top = within(Math.min(y1, y2), 0, 1 - SIDE_LEAST);
  const right = within(Math.max(x1, x2), left + SIDE_LEAST, 1);
  const bottom = within(Math.max(y1, y2), top + SIDE_LEAST, 1);
  return { left: rounded(left), top: rounded(top), right: rounded(right), bottom: rounded(bottom) };
};

/** Pushed, its size kept, as far as the picture goes. @param {Box} box @param {number} dx @param {number} dy @returns {Box} */
export const pushed = (box, dx, dy) => {
  const [x, y] = [within(dx, -box.left, 1 - box.right), within(dy, -box.top, 1 - box.bottom)];
  return { left: rounded(box.left + x), top: rounded(box.top + y), right: rounded(box.right + x), bottom: rounded(box.bottom + y) };
};

/** One corner or side drawn. @param {Box} box @param {string} which some of n, e, s, w @param {number} dx @param {number} dy @returns {Box} */
export const stretched = (box, which, dx, dy) => {
  const left = which.includes('w') ? within(box.left + dx, 0, box.right - SIDE_LEAST) : box.left;
  const right = which.includes('e') ? within(box.right + dx, box.left + SIDE_LEAST, 1) : box.right;
  const top = which.includes('n') ? within(box.top + dy, 0, box.bottom - SIDE_LEAST) : box.top;
  const bottom = which.includes('s') ? within(box.bottom + dy, box.top + SIDE_LEAST, 1) : box.bottom;
  return { left: rounded(left), top: rounded(top), right: rounded(right), bottom: rounded(bottom) };
};

// --- windows. Each gives a new plan and leaves the old one as it was: that is what undoing goes back to.

/** @param {number} at_ms @param {Box} box @returns {Key} */
const keyOf = (at_ms, box) => [at_ms, box.left, box.top, box.right, box.bottom];
/** @param {Key | undefined} a @param {Key | undefined} b */
const samePlace = (a, b) => Boolean(a && b && a.slice(1).every((value, number) => value === b[number + 1]));
/** @param {Mask} mask @param {number} which @param {Pane} pane @returns {Mask} */
const withPane = (mask, which, pane) => ({ ...mask, windows: mask.windows.map((each, number) => (number === which ? pane : each)) });

/** A new window from this moment to the clip's end. @param {Mask} mask @param {number} at_ms @param {Box} box @param {number} length_ms @returns {Mask} */
export const opened = (mask, at_ms, box, length_ms) => {
  /** @type {Pane} */
  const pane = at_ms < length_ms ? [keyOf(at_ms, box), keyOf(length_ms, box)] : [keyOf(at_ms, box)];
  return { ...mask, windows: [...mask.windows, pane] };
};

/** A window put elsewhere at this moment: a key there. An end that only held the place it had before it follows. @param {Mask} mask @param {number} which @param {number} at_ms @param {Box} box @returns {Mask} */
export const placed = (mask, which, at_ms, box) => {
  const pane = mask.windows[which];
  if (!pane || !boxAt(pane, at_ms)) return mask;
  const [last, before] = [pane.at(-1), pane.at(-2)];
  const held = last && before && before[0] <= at_ms && at_ms < last[0] && samePlace(last, before);
  const kept = pane.filter((key) => key[0] !== at_ms && !(held && key === last));
  const keys = [...kept, keyOf(at_ms, box), ...(held ? [keyOf(last[0], box)] : [])];
  return withPane(mask, which, keys.sort((a, b) => a[0] - b[0]));
};

/** It begins here: earlier than before, or later. @param {Mask} mask @param {number} which @param {number} at_ms @returns {Mask} */
export const begunAt = (mask, which, at_ms) => {
  const pane = mask.windows[which];
  const [first, last] = [pane?.[0], pane?.at(-1)];
  if (!pane || !first || !last || at_ms > last[0]) return mask;
  const box = boxAt(pane, at_ms) ?? boxOf(first);
  return withPane(mask, which, [keyOf(at_ms, box), ...pane.filter((key) => key[0] > at_ms)]);
};

/** It ends here: earlier than before, or later. @param {Mask} mask @param {number} which @param {number} at_ms @returns {Mask} */
export const endedAt = (mask, which, at_ms) => {
  const pane = mask.windows[which];
  const [first, last] = [pane?.[0], pane?.at(-1)];
  if (!pane || !first || !last || at_ms < first[0]) return mask;
  const box = boxAt(pane, at_ms) ?? boxOf(last);
  return withPane(mask, which, [...pane.filter((key) => key[0] < at_ms), keyOf(at_ms, box)]);
};

/** @param {Mask} mask @param {number} which @returns {Mask} */
export const withoutPane = (mask, which) => ({ ...mask, windows: mask.windows.filter((_, number) => number !== which) });

/** The key of this moment taken away; the last one left is the window itself and stays. @param {Mask} mask @param {number} which @param {number} at_ms @returns {Mask} */
export const withoutKey = (mask, which, at_ms) => {
  const kept = mask.windows[which]?.filter((key) => key[0] !== at_ms) ?? [];
  return kept.length ? withPane(mask, which, kept) : mask;
};

/** The same window once more, a little aside so that both are seen. @param {Mask} mask @param {number} which @returns {Mask} */
export const copied = (mask, which) => {
  const pane = mask.windows[which];
  if (!pane) return mask;
  /** @param {Key} key */
  const aside = (key) => keyOf(key[0], pushed(boxOf(key), key[3] + 0.03 <= 1 ? 0.03 : -0.03, key[4] + 0.03 <= 1 ? 0.03 : -0.03));
  return { ...mask, windows: [...mask.windows, pane.map(aside)] };
};

/** Whether a window has a key at just this moment. @param {Mask} mask @param {number} which @param {number} at_ms */
export const hasKey = (mask, which, at_ms) => mask.windows[which]?.some((key) => key[0] === at_ms) ?? false;

/** Whether a plan is larger than the court's rules take. @param {Mask} mask */
export const tooMuch = (mask) =>
  mask.windows.length > WINDOWS_MOST || mask.sounds.length > SPANS_MOST || mask.windows.reduce((sum, pane) => sum + pane.length, 0) > KEYS_MOST;

// --- sounds: never two at once, in their order

/** @param {Span[]} spans */
const inOrder = (spans) => spans.sort((a, b) => a[0] - b[0]);

/** Sound from this moment to the next one that was opened, or to the clip's end. @param {Mask} mask @param {number} at_ms @param {Voice} voice @param {number} length_ms @returns {Mask} */
export const soundFrom = (mask, at_ms, voice, length_ms) => {
  const here = mask.sounds.find((span) => span[0] <= at_ms && at_ms < span[1]);
  const next = Math.min(length_ms, ...mask.sounds.filter((span) => span[0] > at_ms).map((span) => span[0]));
  const to_ms = here ? here[1] : next;
  if (at_ms >= to_ms) return mask;
  const others = mask.sounds.filter((span) => span !== here);
  if (here && here[0] < at_ms) others.push([here[0], at_ms, here[2]]);
  return { ...mask, sounds: inOrder([...others, [at_ms, to_ms, voice]]) };
};

/** The sound that is heard just before this moment ends here. @param {Mask} mask @param {number} at_ms @returns {Mask} */
export const soundTo = (mask, at_ms) => ({
  ...mask, sounds: mask.sounds.map(([from_ms, to_ms, voice]) => [from_ms, from_ms < at_ms && at_ms < to_ms ? at_ms : to_ms, voice]),
});

/** @param {Mask} mask @param {number} which @param {Voice} voice @returns {Mask} */
export const voiced = (mask, which, voice) => ({
  ...mask, sounds: mask.sounds.map((span, number) => (number === which ? [span[0], span[1], voice] : span)),
});

/** A span that begins or ends at this moment instead, as far as its neighbours let it. @param {Mask} mask @param {number} which @param {'from' | 'to'} side @param {number} at_ms @param {number} length_ms @returns {Mask} */
export const soundMoved = (mask, which, side, at_ms, length_ms) => {
  const span = mask.sounds[which];
  if (!span) return mask;
  const [least, most] = [mask.sounds[which - 1]?.[1] ?? 0, mask.sounds[which + 1]?.[0] ?? length_ms];
  const [from_ms, to_ms] = side === 'from' ? [Math.max(at_ms, least), span[1]] : [span[0], Math.min(at_ms, most)];
  if (from_ms >= to_ms) return mask;
  return { ...mask, sounds: mask.sounds.map((each, number) => (number === which ? [from_ms, to_ms, each[2]] : each)) };
};

/** @param {Mask} mask @param {number} which @returns {Mask} */
export const withoutSound = (mask, which) => ({ ...mask, sounds: mask.sounds.filter((_, number) => number !== which) });

/** Turned round for a written reason, or back. @param {Mask} mask @param {string | null} why @returns {Mask} */
export const turned = (mask, why) => ({ ...mask, why: why === null ? null : why.trim() });

/** @param {Mask} a @param {Mask} b */
export const same = (a, b) => JSON.stringify([a.windows, a.sounds, a.why]) === JSON.stringify([b.windows, b.sounds, b.why]);
