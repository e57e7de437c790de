// Draws without disturbing: a list is built anew only when it says something else, clocks run in place, the focus stays where it was.

import { serverNow } from './state.mjs';
import { ago, span } from './clock.mjs';
import { fill, h } from './draw.mjs';
import { t } from './text.mjs';

/** @param {Element | null} place @param {unknown} said everything that the children show @param {() => (Node | null)[]} build */
export function keep(place, said, build) {
  const key = JSON.stringify(said);
  if (!(place instanceof HTMLElement) || place.dataset.drawn === key) return;
  const held = document.activeElement instanceof HTMLElement && place.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
  place.dataset.drawn = key;
  fill(place, ...build());
  const again = held && place.querySelector(`[data-id="${CSS.escape(held)}"]`);
  if (again instanceof HTMLElement) again.focus();
}

/** A clock that counts from then. @param {number} since @param {string} [name] */
export const clock = (since, name) => h('time', { class: name, 'data-since': since }, span(serverNow() - since));

/** «定位 3 秒前». @param {number} at @param {string} [key] the sentence that holds the age */
export const age = (at, key) => h('span', { 'data-aged': at, 'data-key-of': key }, aged(at, key));

/** @param {number} at @param {string | undefined} key */
const aged = (at, key) => { const said = ago(serverNow() - at); return key ? t(key, { age: said }) : said; };

/** Every clock and age, half a second on. */
export function runClocks() {
  for (const one of document.querySelectorAll('[data-since], [data-aged]')) {
    if (!(one instanceof HTMLElement) || one.id) continue;
    const { since, aged: at, keyOf } = one.dataset;
    const said = since ? span(serverNow() - Number(since)) : aged(Number(at), keyOf);
    if (one.textContent !== said) one.textContent = said;
  }
}

/** So many of a list, round the chosen one, and how many stand before and after. @template T @param {T[]} list @param {number} at @param {number} most @returns {{shown: T[], before: number, after: number}} */
export function around(list, at, most) {
  const from = Math.max(0, Math.min(list.length - most, at - Math.floor(most / 2)));
  const shown = list.slice(from, from + most);
  return { shown, before: from, after: list.length - from - shown.length };
}

/** «另有 3 项». @param {number} n */
export const others = (n) => (n ? h('p', { class: 'more' }, t('wall.more', { n })) : null);
