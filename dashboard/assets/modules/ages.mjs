// How old something is, in the unit in which a person would say it.

/** From which age on, and how long one is. @type {[from: number, unit: string, long: number][]} */
const UNITS = [[172_800_000, 'days', 86_400_000], [7_200_000, 'hours', 3_600_000], [60_000, 'minutes', 60_000]];

/** @param {number} ms @returns {[unit: string, count: number]} seconds are rounded, whatever is longer has passed whole */
export function ageOf(ms) {
  for (const [from, unit, long] of UNITS) if (ms >= from) return [unit, Math.floor(ms / long)];
  return ['seconds', Math.max(0, Math.round(ms / 1000))];
}
