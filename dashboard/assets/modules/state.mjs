// What the server said last: rows by kind and id, its clock, which parts are up. Merges and tells; decides nothing.

/** @typedef {Record<string, any>} Row */
/** `waiting`: the server speaks, but nobody can read our rows; those we have are from before. @typedef {'connecting' | 'live' | 'waiting' | 'lost'} Connection */

const KINDS = ['court', 'area', 'fence', 'team', 'unit', 'case', 'mission', 'call', 'participant', 'whisper', 'order', 'sos', 'recording', 'help', 'wall', 'part', 'fault', 'entry', 'today'];
/** @type {Record<string, Map<string, Row>>} */
export const rows = Object.fromEntries(KINDS.map((kind) => [kind, new Map()]));
/** @type {{hello: Row, parts: Record<string, Row>, walls: Record<string, number>, doubtful: Record<string, {n: number, why: string}>, connection: Connection, since: number, seq: number, drawn: number, watchers: number, fixesAt: number, guests: boolean, grid: string, troubles: {part: string, state: string, said: string, why: string}[], board: Row[], screens: Record<string, Record<string, number>>, map: string}} grid: of this wall's video; board: of layout 9; screens: by wall, when each was seen; map: the version of the court's map */
export const now = { hello: {}, parts: {}, walls: {}, doubtful: {}, connection: 'connecting', since: 0, seq: 0, drawn: 0, watchers: 0, fixesAt: 0, guests: false, grid: 'main', troubles: [], board: [], screens: {}, map: '' };

/** @type {Set<(kinds: Set<string>) => void>} */
const listeners = new Set();
/** server − performance.now(); null until the server has spoken. @type {number | null} */
let offset = null;
/** Of messages that came late, or of a server whose clock was set back. @type {number[]} */
let behind = [];
const SETTLED_MS = 400; // messages that were held up differ among themselves; a clock that was set back does not
const AGREEING = 4;

/** The server's clock, ms since 1970: not the wall PC's, which may be minutes wrong and be set at any time. */
export const serverNow = () => (offset === null ? Date.now() : performance.now() + offset);

/** Whether the server has told its time. */
export const clockKnown = () => offset !== null;

/** A message may come late, never early: the largest offset is the truest. @param {number} serverTime */
export function hearClock(serverTime) {
  const heard = serverTime - performance.now();
  if (offset === null || heard >= offset) {
    offset = heard;
    behind = [];
    return;
  }
  offset -= 0.05; // two counters drift apart: the best so far fades by 50 ppm
  behind = offset - heard < SETTLED_MS ? [] : [...behind, heard].slice(-AGREEING);
  if (behind.length === AGREEING && Math.max(...behind) - Math.min(...behind) < SETTLED_MS) {
    offset = Math.max(...behind);
    behind = [];
  }
}

/** The server was at least there already: a moment inside a message that may be older than the message. @param {number} serverTime */
export function hearAtLeast(serverTime) {
  if (offset !== null && serverTime - performance.now() > offset) offset = serverTime - performance.now();
}

/** @param {(kinds: Set<string>) => void} listener called with the kinds of rows that changed, empty: only the clock moved */
export const on = (listener) => { listeners.add(listener); };

/** @param {Iterable<string>} kinds */
export function tell(kinds) {
  const set = new Set(kinds);
  for (const listener of listeners) {
    try {
      listener(set);
    } catch (error) {
      console.error(error); // one part that cannot draw must not stop the others
    }
  }
}

/** @param {Record<string, Record<string, Row>>} fresh */
export function replace(fresh) {
  for (const kind of KINDS) {
    rows[kind]?.clear();
    for (const [id, row] of Object.entries(fresh[kind] ?? {})) rows[kind]?.set(id, row);
  }
  tell(KINDS);
}

/** @param {[string, string, Row | null][]} changes */
export function merge(changes) {
  /** @type {Set<string>} */
  const kinds = new Set();
  for (const [kind, id, row] of changes) {
    if (row === null) rows[kind]?.delete(id);
    else rows[kind]?.set(id, row);
    kinds.add(kind);
  }
  tell(kinds);
}

/** @param {Connection} connection */
export function connected(connection) {
  if (now.connection === connection) return;
  if (connection !== 'waiting') now.since = serverNow(); // the rows are as old as when we lost them
  now.connection = connection;
  tell([]);
}

/** @param {string} kind @returns {Row[]} */
export const all = (kind) => [...(rows[kind]?.values() ?? [])];
