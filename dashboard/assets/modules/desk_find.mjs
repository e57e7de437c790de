// Find a unit by typing its number: the three best, with what it does, how old its fix is and how full its battery.

import { all, serverNow } from './state.mjs';
import { age, keep } from './desk_draw.mjs';
import { choose, goTo } from './desk_state.mjs';
import { fill, h, sign } from './draw.mjs';
import { t } from './text.mjs';
import { stateOf, unitsSeen } from './units.mjs';

/** @typedef {Record<string, any>} Row */

const MOST = 3;
const UNKNOWN = 255;

/** @type {HTMLInputElement | null} */
let input = null;
let at = 0;

/** @param {string} no @returns {[sign: string, word: string]} */
export function doing(no) {
  const unit = unitsSeen().get(Number(no));
  const row = all('unit').find((one) => one.no === no);
  if (row?.sos_id) return ['sos', t('wall.doing_sos')];
  const heard = unit && row?.on_duty ? stateOf(unit, serverNow()) : 'online';
  const word = heard === 'online' ? row?.status ?? 'off' : heard;
  return [word === 'off' ? 'silent' : word, t(`wall.doing_${word}`)];
}

/** «电量 64%», '' if it does not say. @param {string} no */
export function batteryOf(no) {
  const level = unitsSeen().get(Number(no))?.battery ?? UNKNOWN;
  return level === UNKNOWN ? '' : t('wall.battery', { n: level });
}

/** The same number first, then those that begin with it, then those that hold it, then names. @returns {Row[]} */
function hits() {
  const typed = input?.value.trim() ?? '';
  if (!typed) return [];
  const rank = (/** @type {Row} */ row) => (row.no === typed ? 0 : row.no.startsWith(typed) ? 1 : row.no.includes(typed) ? 2 : String(row.label ?? '').includes(typed) ? 3 : 9);
  return all('unit').map((row) => ({ row, rank: rank(row) })).filter(({ rank }) => rank < 9)
    .sort((a, b) => a.rank - b.rank || Number(b.row.on_duty) - Number(a.row.on_duty) || Number(a.row.no) - Number(b.row.no)).slice(0, MOST).map(({ row }) => row);
}

export function startFind() {
  const place = document.getElementById('find-place');
  if (!place || input) return;
  input = /** @type {HTMLInputElement} */ (h('input', { id: 'find-input', inputmode: 'numeric', autocomplete: 'off', maxlength: 12, placeholder: t('desk.find_hint'), 'aria-label': t('desk.find_hint'), role: 'combobox', 'aria-controls': 'find-hits', 'aria-expanded': 'false' }));
  input.oninput = () => { at = 0; drawFind(); };
  input.onkeydown = typed;
  input.onblur = () => setTimeout(drawFind, 150); // a click on a hit comes first
  fill(place, input);
}

export function openFind() {
  input?.focus();
  input?.select();
  drawFind();
}

/** @param {KeyboardEvent} event */
function typed(event) {
  const found = hits();
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') at = Math.max(0, Math.min(found.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1)));
  else if (event.key === 'Enter' && !event.isComposing) take(found[at]);
  else if (event.key === 'Escape' && input) { input.value = ''; input.blur(); }
  else return;
  event.preventDefault();
  drawFind();
}

/** @param {Row | undefined} row */
function take(row) {
  if (!row) return;
  input?.blur();
  choose('unit', row.no);
  goTo('queue');
}

export function drawFind() {
  const place = document.getElementById('find-hits');
  if (!place || !input) return;
  const typing = document.activeElement === input && input.value.trim() !== '';
  place.hidden = !typing;
  input.setAttribute('aria-expanded', String(typing));
  if (!typing) return;
  const found = hits();
  at = Math.max(0, Math.min(found.length - 1, at));
  keep(place, [found, at, found.map((row) => [unitsSeen().get(Number(row.no))?.fixAt, doing(row.no), batteryOf(row.no)])], () => (found.length ? found.map(hit) : [h('p', { class: 'nothing' }, t('desk.find_none'))]));
}

/** @param {Row} row @param {number} i */
function hit(row, i) {
  const [shape, word] = doing(row.no);
  const unit = row.on_duty ? unitsSeen().get(Number(row.no)) : undefined;
  const one = h('div', { class: 'hit', role: 'option', 'data-unit': row.no, 'aria-selected': String(i === at) },
    sign(shape), h('b', {}, row.no), h('span', { class: 'wide' }, row.label ?? ''), h('em', { 'data-sign': shape }, word),
    h('small', {}, unit ? age(unit.fixAt, 'desk.fix') : t('wall.sos_no_fix'), h('span', {}, row.on_duty ? batteryOf(row.no) : '')));
  one.onpointerdown = (event) => { event.preventDefault(); take(row); };
  return one;
}
