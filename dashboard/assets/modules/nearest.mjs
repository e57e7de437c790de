// Which teams stand nearest to a place, and who is there already, by the newest fixes; minutes are an estimate and are called so.

import { now, rows, serverNow } from './state.mjs';
import { stateOf, unitsSeen } from './units.mjs';

const DETOUR = 1.4; // roads of a district are about so much longer than the straight line
const TOWN_MPS = 8.3; // 30 km/h
const DEGREE_M = 111_195;
const BESIDE_M = 200; // within call
const KEPT_MS = 1000; // asked again for each frame drawn, answered anew once a second

/** @typedef {import('./units.mjs').Unit} Unit */
/** @typedef {{team: Record<string, any>, unit: Unit, metres: number, minutes: number, state: string}} Near */

/** @type {Map<string, {at: number, near: Near[]}>} */
const kept = new Map();

/** @param {number} lat @param {number} lon @param {Unit} unit */
const apart = (lat, lon, unit) => Math.hypot((unit.lat - lat) * DEGREE_M, (unit.lon - lon) * DEGREE_M * Math.cos((lat * Math.PI) / 180));
/** @param {Unit} unit @param {number} at */
const heardLately = (unit, at) => unit.row?.on_duty && at - unit.fixAt <= (now.hello.lost_s ?? 120) * 1000;

/** @param {number} lat @param {number} lon @param {string | null | undefined} without the team that is there itself @param {number} most @returns {Near[]} */
export function nearestTeams(lat, lon, without, most) {
  const key = `${lat}:${lon}:${without}`;
  const known = kept.get(key);
  if (known && performance.now() - known.at < KEPT_MS) return known.near.slice(0, most);
  if (kept.size > 20) kept.clear();
  const near = measured(lat, lon, without);
  kept.set(key, { at: performance.now(), near });
  return near.slice(0, most);
}

/** @param {number} lat @param {number} lon @param {string | null | undefined} without @returns {Near[]} */
function measured(lat, lon, without) {
  const at = serverNow();
  /** @type {Map<string, {unit: Unit, metres: number}>} */
  const best = new Map();
  for (const unit of unitsSeen().values()) {
    const team = unit.row?.team_id;
    if (!team || team === without || !heardLately(unit, at) || stateOf(unit, at) === 'sos') continue;
    const metres = apart(lat, lon, unit);
    if (metres < (best.get(team)?.metres ?? Infinity)) best.set(team, { unit, metres });
  }
  /** @type {Near[]} */
  const near = [];
  for (const [id, { unit, metres }] of best) {
    const team = rows.team?.get(id);
    if (team) near.push({ team, unit, metres, minutes: Math.max(1, Math.round((metres * DETOUR) / TOWN_MPS / 60)), state: team.status });
  }
  return near.sort((a, b) => a.metres - b.metres);
}

/** Who is with the one that asks for help: within call, or on scene of the same mission; nearest first.
 * @param {Record<string, any>} row a call or an alarm @returns {{unit: Unit, metres: number}[]} */
export function beside(row) {
  if (typeof row.lat !== 'number') return [];
  const at = serverNow();
  const found = [];
  for (const unit of unitsSeen().values()) {
    if (String(unit.no) === row.unit || !heardLately(unit, at)) continue;
    const metres = apart(row.lat, row.lon, unit);
    if (metres <= BESIDE_M || (row.mission_id && unit.row?.mission_id === row.mission_id && unit.row?.status === 'site')) found.push({ unit, metres });
  }
  return found.sort((a, b) => a.metres - b.metres);
}
