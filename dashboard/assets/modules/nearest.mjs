// Which teams could be at a place first, and who is there already, by the newest fixes: by road where the server knows the roads, else by
// the straight line, which is an estimate and is called so.

import { now, rows, serverNow } from './state.mjs';
import { t } from './text.mjs';
import { stateOf, unitsSeen } from './units.mjs';
import { waysTo } from './ways.mjs';

const DETOUR = 1.35; // as geo/nearest.py reckons, so that an order says what the list said
const TOWN_MPS = 9; // 32 km/h
const DEGREE_M = 111_195;
const BESIDE_M = 200; // within call
const KEPT_MS = 1000; // asked again for each frame drawn, answered anew once a second

/** @typedef {import('./units.mjs').Unit} Unit */
/** @typedef {import('./ways.mjs').Way} Way */
/** @typedef {{team: Record<string, any>, unit: Unit, metres: number, seconds: number, minutes: number, state: string, way: Way | null}} Near */

/** @type {Map<string, {at: number, near: Near[]}>} */
const kept = new Map();

/** @param {number} lat @param {number} lon @param {Unit} unit */
export const apart = (lat, lon, unit) => Math.hypot((unit.lat - lat) * DEGREE_M, (unit.lon - lon) * DEGREE_M * Math.cos((lat * Math.PI) / 180));
/** @param {Unit} unit @param {number} at */
const heardLately = (unit, at) => unit.row?.on_duty && at - unit.fixAt <= (now.hello.lost_s ?? 120) * 1000;

/** @param {Record<string, any>} row a call or an alarm @param {number} most @returns {Near[]} nobody without a place */
export function nearestTeams(row, most) {
  if (typeof row.lat !== 'number') return [];
  const key = `${row.raised_at === undefined ? 'call' : 'sos'}:${row.id}`;
  const known = kept.get(key);
  if (known && performance.now() - known.at < KEPT_MS) return known.near.slice(0, most);
  if (kept.size > 20) kept.clear();
  const near = measured(row.lat, row.lon, row.team_id, waysTo(key));
  kept.set(key, { at: performance.now(), near });
  return near.slice(0, most);
}

/** How these were found: «按道路», or «直线估算» as soon as one of them was. @param {Near[]} near */
export const foundBy = (near) => t(near.length && near.every((one) => one.way) ? 'wall.by_road' : 'wall.estimated');

/** @param {number} lat @param {number} lon @param {string | null | undefined} without the team that is there itself @param {Map<string, Way>} ways
 * @returns {Near[]} */
function measured(lat, lon, without, ways) {
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
  for (const [id, straight] of best) {
    const team = rows.team?.get(id);
    const way = ways.get(id) ?? null;
    const unit = way ? unitsSeen().get(Number(way.unit)) ?? straight.unit : straight.unit;
    const [metres, seconds] = way ? [way.metres, way.seconds] : [straight.metres, (straight.metres * DETOUR) / TOWN_MPS];
    if (team) near.push({ team, unit, metres, seconds, minutes: Math.max(1, Math.round(seconds / 60)), state: team.status, way });
  }
  return near.sort((a, b) => Number(!a.way) - Number(!b.way) || a.seconds - b.seconds); // whom the server named, it named before all others
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
