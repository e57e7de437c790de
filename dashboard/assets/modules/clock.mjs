// Times as the court's clock shows them, and how old something is.

import { now, serverNow } from './state.mjs';
import { t } from './text.mjs';
import { ageOf } from './ages.mjs';

const DAY = 86_400_000;
const two = (/** @type {number} */ n) => String(n).padStart(2, '0');

/** @param {number} ms @returns {Date} whose UTC fields are the court's civil time */
const civil = (ms) => new Date(ms + (now.hello.civil_offset_s ?? 28800) * 1000);

/** @param {number} ms */
export const hms = (ms) => { const d = civil(ms); return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`; };
/** @param {number} ms */
export const hm = (ms) => hms(ms).slice(0, 5);
/** The time, and the day with it if that is not today's. @param {number} ms */
export function when(ms) {
  const d = civil(ms), today = civil(serverNow());
  const same = Math.floor(d.getTime() / DAY) === Math.floor(today.getTime() / DAY);
  return same ? hms(ms) : t('wall.day_and_time', { month: d.getUTCMonth() + 1, day: d.getUTCDate(), time: hm(ms) });
}
/** @param {number} ms */
export const day = (ms) => { const d = civil(ms); return t('wall.date', { year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate() }); };
/** @param {number} ms */
export const weekday = (ms) => t(`wall.weekday_${civil(ms).getUTCDay()}`);
/** Milliseconds since the court's midnight. @param {number} ms */
export const inDay = (ms) => (ms + (now.hello.civil_offset_s ?? 28800) * 1000) % DAY;

/** A running clock: 00:42, 1:02:03. @param {number} ms */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(s / 3600);
  return `${hours ? `${hours}:` : ''}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** @param {number} ms age */
export function ago(ms) {
  const [unit, n] = ageOf(ms);
  return t(`wall.${unit}_ago`, { n });
}
