/* In and out of a cut: two moments in milliseconds since the source's beginning, always in their order and within it. */

/** @typedef {{in_ms: number, out_ms: number}} Marks */

/** The other mark gives way when one is set beyond it. @param {Marks} marks @param {number} at_ms @param {number} length_ms @returns {Marks} */
export const withIn = (marks, at_ms, length_ms) => {
  const in_ms = within(at_ms, length_ms);
  return { in_ms, out_ms: marks.out_ms > in_ms ? marks.out_ms : length_ms };
};

/** @param {Marks} marks @param {number} at_ms @param {number} length_ms @returns {Marks} */
export const withOut = (marks, at_ms, length_ms) => {
  const out_ms = within(at_ms, length_ms);
  return { in_ms: marks.in_ms < out_ms ? marks.in_ms : 0, out_ms };
};

/** Why it cannot be cut like this; '' when it can. @param {Marks} marks @param {number} least_ms @param {number} most_ms @returns {'' | 'too_short' | 'too_long'} */
export const fault = (marks, least_ms, most_ms) => {
  const lasts = marks.out_ms - marks.in_ms;
  return lasts < least_ms ? 'too_short' : lasts > most_ms ? 'too_long' : '';
};

/** @param {number} at_ms @param {number} length_ms */
const within = (at_ms, length_ms) => Math.min(Math.max(Math.round(at_ms), 0), length_ms);
