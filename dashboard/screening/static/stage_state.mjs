/* What the stage shows, decided without a browser: pure functions of what the door said, what became of the clip, and the time. */

/** @typedef {{key: string, kind: 'clip' | 'card' | 'live', title: string, words: string, number: string | null, certified: string | null, src: string | null, duration_ms: number | null, at_ms: number, playing: boolean, sound: boolean}} Item */
/** @typedef {{type: string, black?: unknown, item?: Item | null}} Said */
/** @typedef {'ended' | 'blocked' | 'error'} Outcome why a clip shows its title card instead of its picture */
/** @typedef {'black' | 'neutral' | 'card' | 'clip' | 'title' | 'live'} Screen */
/** @typedef {{ready: boolean, paused: boolean, at_ms: number, outcome: Outcome | null, hushed?: boolean, live?: boolean}} Played hushed: the browser refuses sound; live: cells of a live picture stand there */
/** @typedef {{type: 'shown', key: string | null, state: 'black' | 'card' | 'waiting' | 'playing' | 'hushed' | 'paused' | Outcome, at_ms: number}} Shown */

export const SILENCE_MS = 1500; // the door beats twice a second: three beats are missing
export const FAR_MS = 700; // nearer than this nobody sees that it is not the same picture; a jump would be seen
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 2000;

/** The one decision about black: whatever is not plainly «not black» is black. @param {Said} said */
export const saysBlack = (said) => said.type === 'stage' && said.black !== false;

/** A message of the door. Throws when it is none; the stage then shows the court's card. @param {unknown} text @returns {Said} */
export function read(text) {
  const said = JSON.parse(String(text));
  if (typeof said?.type !== 'string') throw new TypeError('no message');
  if (said.type === 'stage' && !saysBlack(said) && said.item !== null) checkItem(said.item);
  return said;
}

/** @param {any} item */
function checkItem(item) {
  const texts = [item?.key, item?.title, item?.words].every((each) => typeof each === 'string');
  const known = item?.kind === 'card' || item?.kind === 'live' || (item?.kind === 'clip' && typeof item.src === 'string');
  if (!texts || !known || !Number.isFinite(item.at_ms)) throw new TypeError('no item');
}

/** said: the last whole state; null: the line is gone, or nothing was said yet. @param {Said | null} said @param {Outcome | null} outcome @returns {Screen} */
export function screenOf(said, outcome) {
  if (said === null) return 'neutral';
  if (saysBlack(said)) return 'black';
  if (!said.item) return 'neutral';
  if (said.item.kind !== 'clip') return said.item.kind;
  return outcome === null ? 'clip' : 'title';
}

/** Where the clip should be now, ms. heard, now: ms of one clock. @param {Item} item @param {number} heard @param {number} now */
export function placeOf(item, heard, now) {
  const at = item.at_ms + (item.playing ? now - heard : 0);
  return Math.max(0, Math.min(at, item.duration_ms ?? Infinity));
}

/** @param {number} wanted @param {number} is both ms */
export const isFar = (wanted, is) => Math.abs(wanted - is) > FAR_MS;

/** Whether the clip was over by then, so that there is nothing to play. @param {Item} item @param {number} place ms */
export const isOver = (item, place) => item.duration_ms !== null && item.duration_ms - place <= FAR_MS;

/** How long to wait before trying again. @param {number} failures in a row, from 0 */
export const pauseMs = (failures) => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);

/** 2:06 as `02:06`, above an hour `1:02:06`. @param {number} ms */
export function clockOf(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const minutes = Math.floor(s / 60);
  const rest = two(s % 60);
  return minutes < 60 ? `${two(minutes)}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

/** How much of the line is behind, 0 to 1. @param {number} at @param {number | null} duration both ms */
export const shareOf = (at, duration) => (duration ? Math.max(0, Math.min(1, at / duration)) : 0);

/** What the door is told. @param {Said | null} said @param {Played} played @returns {Shown} */
export function shownOf(said, played) {
  const screen = screenOf(said, played.outcome);
  const key = said?.item?.key ?? null;
  if (screen === 'black') return { type: 'shown', key: null, state: 'black', at_ms: 0 };
  if (screen === 'neutral' || screen === 'card') return { type: 'shown', key: screen === 'card' ? key : null, state: 'card', at_ms: 0 };
  if (screen === 'live') return { type: 'shown', key, state: played.live ? 'playing' : 'waiting', at_ms: 0 };
  const running = played.paused ? 'paused' : played.hushed ? 'hushed' : 'playing';
  return { type: 'shown', key, state: played.outcome ?? (played.ready ? running : 'card'), at_ms: Math.round(played.at_ms) };
}
