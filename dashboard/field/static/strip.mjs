// The strip under the name: network, battery, position. Each says what is measured, with the age counted from the fix itself.

import { mark, part, say } from './draw.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone */

const SLOW_MS = 1500;
const OLD_S = 15;
const LOW_PCT = 30;

/** How requests went lately; told by every door. */
export class Network {
  #ms = 0;
  #failedSince = 0;

  /** @param {import('./doors.mjs').Outcome} outcome @param {number} ms */
  note(outcome, ms) {
    if (outcome.status === 0 || outcome.status >= 502) this.#failedSince ||= performance.now();
    else {
      this.#failedSince = 0;
      this.#ms = ms;
    }
  }

  /** @param {boolean} live the ear at /live is open @returns {'good' | 'weak' | 'none'} */
  quality(live) {
    if (!navigator.onLine || (this.#failedSince && !live)) return 'none';
    if (this.#failedSince || !live || this.#ms > SLOW_MS) return 'weak';
    return 'good';
  }
}

/**
 * Battery in whole per cent, where the browser tells it (Chromium does; Safari and Firefox do not).
 * @returns {Promise<() => number | null>}
 */
export async function watchBattery() {
  try {
    const battery = await /** @type {any} */ (navigator).getBattery();
    return () => Math.round(battery.level * 100);
  } catch {
    return () => null;
  }
}

/** @param {Phone} phone */
export function mountStrip(phone) {
  return {
    render() {
      const network = phone.network.quality(phone.live.state === 'live');
      show('network', network, t({ good: 'network_good', weak: 'network_weak', none: 'network_none' }[network]));
      const battery = phone.battery();
      show('battery', battery !== null && battery <= LOW_PCT ? 'low' : 'good', battery === null ? t('battery_unknown') : `${battery}%`);
      show('fix', ...fixState(phone));
    },
  };
}

/** @param {string} cell @param {string} state @param {string} words */
function show(cell, state, words) {
  mark(part(`cell-${cell}`), 'data-state', state);
  say(part(`${cell}-words`), words);
}

/** @param {Phone} phone @returns {[string, string]} */
function fixState({ positions, clock }) {
  if (!positions.on) return ['off', t('fix_off')];
  if (positions.pause()) return ['paused', t('fix_paused')];
  if (!positions.newest) return ['waiting', t('fix_waiting')];
  const seconds = Math.max(0, Math.round((clock.now() - clock.served(positions.newest)) / 1000));
  return [seconds > OLD_S ? 'paused' : 'good', t('seconds_ago', { seconds })];
}
