// What the server said last: rows by kind and id, its clock, which parts are up. Merges and tells; decides nothing.

/** @typedef {Record<string, any>} Row */
/** @typedef {'connecting' | 'live' | 'lost'} Connection */

const KINDS = ['court', 'area', 'fence', 'team', 'unit', 'case', 'mission', 'call', 'sos', 'wall', 'entry', 'today'];
const OFFSETS = 10;

/** @type {Record<string, Map<string, Row>>} */
export const rows = Object.fromEntries(KINDS.map((kind) => [kind, new Map()]));
/** @type {{hello: Row, parts: Record<string, Row>, walls: Record<string, number>, connection: Connection, since: number, seq: number, drawn: number, watchers: number, fixesAt: number}} */
export const now = { hello: {}, parts: {}, walls: {}, connection: 'connecting', since: 0, seq: 0, drawn: 0, watchers: 0, fixesAt: 0 };

/** @type {Set<(kinds: Set<string>) => void>} */
const listeners = new Set();
/** @type {number[]} */
const offsets = [];

/** The server's clock, ms since 1970: not the wall PC's, which may be minutes wrong. */
export const serverNow = () => performance.now() + (offsets.length ? Math.max(...offsets) : Date.now() - performance.now());

/** The message that took least time is the best measure of the server's clock. @param {number} serverTime */
export function hearClock(serverTime) {
  const offset = serverTime - performance.now();
  if (offsets.length && Math.abs(offset - Math.max(...offsets)) > 1500) offsets.length = 0; // asleep or changed: measure anew
  offsets.push(offset);
  if (offsets.length > OFFSETS) offsets.shift();
}

/** @param {(kinds: Set<string>) => void} listener called with the kinds of rows that changed, empty: only the clock moved */
export const on = (listener) => { listeners.add(listener); };

/** @param {Iterable<string>} kinds */
export function tell(kinds) {
  const set = new Set(kinds);
  for (const listener of listeners) listener(set);
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
  now.connection = connection;
  now.since = serverNow();
  tell([]);
}

/** @param {string} kind @returns {Row[]} */
export const all = (kind) => [...(rows[kind]?.values() ?? [])];
