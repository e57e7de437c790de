/* Which stretches of the rendered clip a reviewer has seen run, and how much is left. Jumping over a stretch is not seeing it. */

/** @typedef {[from_ms: number, to_ms: number]} Stretch */

export const HOLE_MS = 120; // players tell their time in steps: a smaller hole between two stretches is none
const UNEVEN_MS = 500; // a busy machine's player catches up in steps of this size (measured: 220 ms with four browsers on two cores)
const UNSEEN_MS = 2_000; // without a picture drawn

/** The stretches with one more, joined and in their order. @param {Stretch[]} seen @param {number} from_ms @param {number} to_ms @returns {Stretch[]} */
export const withStretch = (seen, from_ms, to_ms) => {
  if (!(to_ms > from_ms)) return seen;
  /** @type {Stretch[]} */
  const joined = [];
  for (const [from, to] of [...seen, /** @type {Stretch} */ ([from_ms, to_ms])].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1] + HOLE_MS) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
};

/** How much nobody has seen yet. @param {Stretch[]} seen @param {number} length_ms */
export const leftOf = (seen, length_ms) => {
  let [left, at] = [0, 0];
  for (const [from, to] of seen) {
    if (from - at > HOLE_MS) left += from - at;
    at = Math.max(at, to);
  }
  return length_ms - at > HOLE_MS ? left + length_ms - at : left;
};

/** Where the first stretch begins that nobody has seen yet; 0 where nothing is left. @param {Stretch[]} seen @param {number} length_ms */
export const firstLeft = (seen, length_ms) => {
  let at = 0;
  for (const [from, to] of seen) {
    if (from - at > HOLE_MS) break;
    at = Math.max(at, to);
  }
  return length_ms - at > HOLE_MS ? at : 0;
};

/** What ran between two looks at the clock, or nothing: it was jumped, or nothing was drawn for so long that nobody can have seen it. before, now: of the clip; passed: by the wall's clock. @param {number} before @param {number} now @param {number} passed @returns {Stretch | null} */
export const ran = (before, now, passed) => (now > before && now - before <= passed * 1.25 + UNEVEN_MS && passed <= UNSEEN_MS ? [before, now] : null);
