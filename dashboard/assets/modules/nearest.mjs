// Which teams stand nearest to a place, by the newest fix of any of their units; minutes are an estimate and are called so.

import { now, rows, serverNow } from './state.mjs';
import { stateOf, unitsSeen } from './units.mjs';

const DETOUR = 1.4; // roads of a district are about so much longer than the straight line
const TOWN_MPS = 8.3; // 30 km/h
const DEGREE_M = 111_195;

/** @typedef {{team: Record<string, any>, metres: number, minutes: number, state: string}} Near */

/** @param {number} lat @param {number} lon @param {string | null | undefined} without the team that is there itself @param {number} most @returns {Near[]} */
export function nearestTeams(lat, lon, without, most) {
  const at = serverNow();
  const east = DEGREE_M * Math.cos((lat * Math.PI) / 180);
  /** @type {Map<string, number>} */
  const best = new Map();
  for (const unit of unitsSeen().values()) {
    const team = unit.row?.team_id;
    if (!team || team === without || !unit.row?.on_duty || at - unit.fixAt > (now.hello.lost_s ?? 120) * 1000 || stateOf(unit, at) === 'sos') continue;
    const metres = Math.hypot((unit.lat - lat) * DEGREE_M, (unit.lon - lon) * east);
    if (metres < (best.get(team) ?? Infinity)) best.set(team, metres);
  }
  /** @type {Near[]} */
  const near = [];
  for (const [id, metres] of best) {
    const team = rows.team?.get(id);
    if (team) near.push({ team, metres, minutes: Math.max(1, Math.round((metres * DETOUR) / TOWN_MPS / 60)), state: team.status });
  }
  return near.sort((a, b) => a.metres - b.metres).slice(0, most);
}
