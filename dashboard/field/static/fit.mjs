// While a call or an alarm is open nobody scrolls: what does not fit above the buttons goes as a whole row, the least urgent first.

import { mark, part } from './draw.mjs';

const CAN_GO = ['worker', 'store', 'dropped', 'shifted', 'foreign', 'absence', 'pause']; // sentences that can wait for the end of a call

/** @typedef {[row: Element, how: 'data-left-out' | 'data-short']} Going */

/** @param {HTMLElement} place @returns {Going[]} the first one goes first */
function inOrder(place) {
  /** @param {string} selector @param {Going[1]} [how] @returns {Going[]} */
  const all = (selector, how = 'data-left-out') => [...place.querySelectorAll(selector)].map((row) => [row, how]);
  const notices = CAN_GO.flatMap((key) => all(`#notices [data-notice="${key}"]`));
  const missions = [...all('#mission-list li:not([data-open])').reverse(), ...all('#mission-list .steps'), ...all('.missions')];
  // the words of the notice are owed to whoever is filmed; the officer's own small picture is not
  const picture = part('picture-notice').textContent ? [...all('#picture .frame', 'data-short'), ...all('#picture-notice')] : [];
  return [...missions, ...notices, ...all('#strip'), ...all('#notices [data-notice="own"]'), ...picture];
}

/** After everything was drawn. */
export function fit() {
  const place = part('reading');
  for (const how of ['data-left-out', 'data-short']) for (const row of place.querySelectorAll(`[${how}]`)) mark(row, how, null);
  if (!part('phone').hasAttribute('data-busy')) return;
  for (const [row, how] of inOrder(place)) {
    if (place.scrollHeight <= place.clientHeight + 1) return;
    mark(row, how, '');
  }
}
