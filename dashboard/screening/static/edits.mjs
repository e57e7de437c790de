/* What was changed, and the way back: a line of plans and the place on it. Plain values, so that each step is whole. */

const STEPS_MOST = 200;

/** @template T @typedef {{past: T[], present: T, future: T[]}} Edits */

/** @template T @param {T} present @returns {Edits<T>} */
export const begun = (present) => ({ past: [], present, future: [] });

/** A new step; what had been undone before it is gone. @template T @param {Edits<T>} edits @param {T} next @returns {Edits<T>} */
export const changed = (edits, next) => (
  JSON.stringify(next) === JSON.stringify(edits.present) ? edits : { past: [...edits.past, edits.present].slice(-STEPS_MOST), present: next, future: [] }
);

/** @template T @param {Edits<T>} edits @returns {Edits<T>} */
export const undone = (edits) => {
  const [before] = edits.past.slice(-1);
  return before === undefined ? edits : { past: edits.past.slice(0, -1), present: before, future: [edits.present, ...edits.future] };
};

/** @template T @param {Edits<T>} edits @returns {Edits<T>} */
export const redone = (edits) => {
  const [next, ...rest] = edits.future;
  return next === undefined ? edits : { past: [...edits.past, edits.present], present: next, future: rest };
};
