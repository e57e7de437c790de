// While a call or an alarm is open nobody scrolls: what does not fit above the buttons goes as a whole row, the least urgent first.

import { mark, part } from './draw.mjs';

const CAN_GO = ['worker', 'store', 'dropped', 'shifted', 'foreign', 'absence', 'pause']; // sentences that can wait for the end of a call

/** @param {HTMLElement} place @returns {HTMLElement[]} the first one goes first */
function inOrder(place) {
  /** @param {string} selector @returns {HTMLElement[]} */
  const all = (selector) => [...place.querySelectorAll(selector)].filter((each) => each instanceof HTMLElement);
  const notices = CAN_GO.flatMap((key) => all(`#notices [data-notice="${key}"]`));
  return [...all('#mission-list li:not([data-open])').reverse(), ...all('#mission-list .steps'), ...all('.missions'), ...notices, ...all('#strip'), ...all('#notices [data-notice="own"]'), ...all('#picture-notice')];
}

/** After everything was drawn. */
export function fit() {
  const place = part('reading');
  for (const each of place.querySelectorAll('[data-left-out]')) mark(each, 'data-left-out', null);
  if (!part('phone').hasAttribute('data-busy')) return;
  for (const each of inOrder(place)) {
    if (place.scrollHeight <= place.clientHeight + 1) return;
    mark(each, 'data-left-out', '');
  }
}
