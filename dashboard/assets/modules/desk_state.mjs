// What this desk has before it: the chosen row, the wall that it steers, the panel to which arrows and digits go.

import { rows, tell } from './state.mjs';

/** @typedef {Record<string, any>} Row */

/** `menu`: which choice a case verb has opened; `armed`: a verb that waits for its second press, until `armedUntil`. */
export const desk = { kind: '', id: '', zone: 'queue', wall: '', menu: '', armed: '', armedUntil: 0 };

/** @param {string} kind @param {string} id */
export const isChosen = (kind, id) => desk.kind === kind && desk.id === id;
/** @returns {Row | undefined} */
export const chosenRow = () => (desk.kind ? rows[desk.kind]?.get(desk.id) : undefined);

/** @param {string} kind @param {string} id */
export function choose(kind, id) {
  if (!isChosen(kind, id)) Object.assign(desk, { kind, id, menu: '', armed: '' });
  tell([]);
}

/** @param {string} zone */
export function goTo(zone) {
  desk.zone = zone;
  const root = document.getElementById('desk');
  if (root) root.dataset.zone = zone;
  tell([]);
}

/** What the server's rules allow from where; said once, with the page. @returns {{mission: Record<string, string[]>, case: Record<string, string[]>, side: string[], stops: string[], closing: string[], nodes: number}} */
export const steps = () => (known ??= JSON.parse(document.getElementById('desk')?.dataset.steps ?? '{}'));
/** @type {any} */
let known;
