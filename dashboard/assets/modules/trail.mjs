// Where a unit was lately: kept in this page only, forgotten with it; drawn for the one that is selected.

const MOST = 90;
const APART = 1e-6; // of the world's width: about 30 m on the ground at 40° north

/** @type {Map<number, [lon: number, lat: number][]>} */
const trails = new Map();
let chosen = 0;

/** @param {number} no 0: none */
export const select = (no) => { chosen = no; };
export const selected = () => chosen;
export const forgetTrails = () => trails.clear();
/** @param {number} no @returns {[lon: number, lat: number][]} */
export const trailOf = (no) => trails.get(no) ?? [];

/** @param {number} no @param {number} lat @param {number} lon */
export function remember(no, lat, lon) {
  const trail = trails.get(no);
  if (!trail) { trails.set(no, [[lon, lat]]); return; }
  const [x = 0, y = 0] = trail[trail.length - 1] ?? [];
  if (Math.hypot(lon - x, lat - y) / 360 < APART) return;
  trail.push([lon, lat]);
  if (trail.length > MOST) trail.shift();
}
