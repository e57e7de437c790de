// What is missing, and what to do: short sentences between the strip and the missions, most urgent first. They go when their cause goes.

import { h, part, sign } from './draw.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone */

/** @type {Record<import('./position.mjs').Why, string>} */
const PAUSES = {
  insecure: 'pause_insecure',
  missing: 'pause_missing',
  denied: 'pause_denied',
  hidden: 'pause_hidden',
  no_signal: 'pause_no_signal',
};
const GONE_MS = 60000; // «the page was away from 10:02 to 10:05» stays for a minute
const AWAY_MS = 15000;

/** @param {Phone} phone */
export function mountNotices(phone) {
  const place = part('notices');
  /** @type {Map<string, string>} what a module said and has not taken back */
  const said = new Map();
  let drawn = '';
  watchAbsence(phone, (text) => {
    said.set('absence', text);
    setTimeout(() => said.delete('absence'), GONE_MS);
  });

  /** @param {string} key @param {string | null} text */
  const set = (key, text) => {
    if (text === null) said.delete(key);
    else said.set(key, text);
    render();
  };

  function render() {
    const lines = [...causes(phone), ...said].filter(([, text]) => text);
    const now = JSON.stringify(lines);
    if (now === drawn) return;
    drawn = now;
    place.replaceChildren(...lines.map(([key, text]) => h('p', { 'data-notice': key }, sign('clock'), h('span', {}, text))));
  }
  return { render, set };
}

/** What can be read off the phone's state now. @param {Phone} phone @returns {[string, string][]} */
function causes({ positions, store, installed, settled }) {
  const why = positions.pause();
  return [
    ['pause', why ? t(PAUSES[why]) : ''],
    ['shifted', positions.shifted ? t('demo_shifted') : ''],
    ['dropped', positions.dropped ? t('device_dropped', { n: positions.dropped }) : ''],
    ['store', store.durable ? '' : t('missing_store')],
    ['worker', !settled() || installed() ? '' : t('missing_worker')],
  ];
}

/**
 * Says afterwards from when to when the browser watched nothing because the page was away.
 * @param {Phone} phone @param {(text: string) => void} tell
 */
function watchAbsence(phone, tell) {
  /** @type {number | null} */
  let left = null;
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      left = phone.positions.on ? (phone.positions.newest?.t ?? Date.now()) : null;
      return;
    }
    const last = phone.positions.newest?.t ?? 0;
    const began = Math.max(left ?? 0, last);
    if (left !== null && Date.now() - began > AWAY_MS) {
      const offset = phone.clock.offset ?? 0;
      tell(t('pause_was_away', { from: phone.clock.hhmm(began + offset), to: phone.clock.hhmm(phone.clock.now()) }));
    }
    left = null;
  });
}
