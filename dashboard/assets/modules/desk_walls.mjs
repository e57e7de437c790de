// The walls that this desk steers: what stands on each, how old its picture is, who put it there when. The last command wins.

import { all, now, rows, serverNow } from './state.mjs';
import { ago, hms } from './clock.mjs';
import { ask } from './desk_ask.mjs';
import { around, keep, others } from './desk_draw.mjs';
import { desk, goTo } from './desk_state.mjs';
import { nameOf } from './desk_lists.mjs';
import { GRIDS } from './grid.mjs';
import { h, sign } from './draw.mjs';
import { head } from './heads.mjs';
import { missing, named } from './screens.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row */

const MOST = 4;
const SEEN_MS = 12_000; // a wall says what it has drawn every five seconds
const STAGE = 7; // before an audience: only «take it back» works on it
const ARMED_MS = 4000;
const LAYOUTS = /** @type {[key: string, layout: number][]} */ ([['R', 1], ['J', 3], ['O', 9], ['B', 8]]);

export const walls = () => all('wall').sort((a, b) => a.position - b.position);
/** The one that the keys act on. @returns {Row | undefined} */
export const steered = () => rows.wall?.get(desk.wall) ?? walls()[0];
/** Its number on the list: the digit that selects it. @param {Row} wall */
export const numberOf = (wall) => walls().findIndex((row) => row.id === wall.id) + 1;

/** @param {number} number */
export function selectWall(number) {
  const wall = walls()[number - 1];
  if (!wall) return;
  desk.wall = wall.id;
  goTo('queue');
}

/** @param {number} by */
export function stepWall(by) {
  const list = walls();
  const at = list.findIndex((row) => row.id === steered()?.id);
  desk.wall = list[Math.max(0, Math.min(list.length - 1, at + by))]?.id ?? '';
  goTo('walls');
}

/** @param {Row} wall @returns {[sign: string, said: string, state: string]} */
function seen(wall) {
  if (wall.layout === STAGE) return ['', '', 'stage']; // its page has left this line: the host sees what it shows
  const at = now.walls[wall.id];
  if (!at) return ['silent', t('desk.wall_unseen'), 'unseen'];
  if (serverNow() - at > SEEN_MS) return ['clock', t('wall.as_of', { time: hms(at) }), 'stale'];
  return ['done', ago(serverNow() - at), 'live'];
}

/** @param {Row} wall */
function stands(wall) {
  if (wall.layout === STAGE) return t('desk.layout_7');
  if (wall.visitors || wall.layout === 8) return t('desk.layout_8');
  if (!wall.focus_kind) return t(`desk.layout_${wall.layout}`);
  const row = rows[wall.focus_kind]?.get(wall.focus_id);
  if (!row) return t('wall.focus_gone');
  return wall.focus_kind === 'mission' ? [row.team, row.matter].filter(Boolean).join(' ') : nameOf(row) || String(row.label ?? '');
}

export function drawWalls() {
  const list = walls();
  const chosen = steered();
  const staged = document.getElementById('on-stage');
  if (staged) staged.hidden = !list.some((row) => row.layout === STAGE);
  head('walls', list.length ? Math.max(0, ...list.map((row) => now.walls[row.id] ?? 0)) || null : null, list.length ? 'live' : 'empty');
  const { shown, before, after } = around(list, list.findIndex((row) => row.id === chosen?.id), MOST);
  const connecting = now.connection === 'connecting';
  const states = shown.map(seen);
  const focused = shown.map(stands);
  keep(document.getElementById('walls-body'), [connecting, shown, before, after, states, focused, shown.map(missing), chosen?.id, chosen && isArmed(chosen), desk.zone === 'walls'], () => (shown.length
    ? [others(before), ...shown.map((row, i) => wallRow(row, states[i] ?? ['', '', ''], row.id === chosen?.id)), others(after)]
    : [h('p', { class: 'nothing' }, t(connecting ? 'wall.connecting' : 'desk.walls_none'))]));
}

/** @param {Row} row @param {[string, string, string]} seen @param {boolean} chosen */
function wallRow(row, [shape, said, state], chosen) {
  const pick = h('button', { type: 'button', class: 'pick', 'data-id': `wall:${row.id}`, 'aria-pressed': String(chosen) },
    h('kbd', {}, numberOf(row)), h('b', {}, row.name ?? ''), h('span', { class: 'stands' }, stands(row)), h('span', { class: 'seen' }, shape ? sign(shape) : null, said));
  pick.onclick = () => { desk.wall = row.id; goTo('queue'); };
  const by = row.steered_at ? t('desk.steered', { who: row.steered_by ?? t('desk.somebody'), time: hms(row.steered_at) }) : t('desk.never_steered');
  return h('div', { class: 'wall-row', 'data-wall': row.id, 'data-seen': state, 'data-chosen': chosen }, pick, h('div', { class: 'by' }, h('small', {}, by), chosen && row.layout !== STAGE ? gridKey(row) : null), screensOf(row), chosen ? keys(row) : null);
}

/** How several pictures stand on it; the key puts the next way there. @param {Row} row */
function gridKey(row) {
  const next = GRIDS[(GRIDS.indexOf(row.grid) + 1) % GRIDS.length] ?? 'main';
  const made = h('button', { type: 'button', class: 'grid-key', 'data-key': 'v', 'data-id': `${row.id}:V` }, h('kbd', {}, 'V'), t(`desk.grid_${row.grid}`));
  made.onclick = () => void ask({ id: row.id, verb: 'grid', grid: next });
  return made;
}

/** @param {Row} row */
const isArmed = (row) => desk.armed === `back:${row.id}` && performance.now() < desk.armedUntil;

/** Which of its screens nobody sees, and a key for each that is not there on purpose. @param {Row} row */
function screensOf(row) {
  const gone = now.connection === 'live' && row.layout !== STAGE ? missing(row) : [];
  if (!gone.length) return null;
  return h('div', { class: 'screens' }, sign('clock'), h('b', {}, t('desk.screens_gone', { names: named(gone) })), ...gone.map((screen) => {
    const made = h('button', { type: 'button', 'data-id': `${row.id}:drop:${screen}` }, `${t('desk.drop_screen')} ${t(`wall.screen_${screen}`)}`);
    made.onclick = () => void ask({ id: row.id, verb: 'drop_screen', screen });
    return made;
  }));
}

/** Takes a wall back from an audience, at the second press: names and places stand on it again then. @param {Row} row */
function backKey(row) {
  const word = h('span', {}, t(isArmed(row) ? 'desk.press_again' : 'desk.take_back', { verb: t('desk.take_back') }));
  const made = h('button', { type: 'button', 'data-key': 'r', 'data-id': `${row.id}:back`, 'data-armed': isArmed(row) }, h('kbd', {}, 'R'), word);
  made.onclick = () => {
    if (isArmed(row)) {
      desk.armed = '';
      void ask({ id: row.id, verb: 'take_back' });
    } else Object.assign(desk, { armed: `back:${row.id}`, armedUntil: performance.now() + ARMED_MS });
    drawWalls();
  };
  return made;
}

/** @param {Row} row */
function keys(row) {
  if (row.layout === STAGE) return h('div', { class: 'wall-keys' }, backKey(row));
  const guests = Boolean(row.visitors);
  const button = (/** @type {string} */ key, /** @type {string} */ text, /** @type {boolean} */ pressed, /** @type {Record<string, unknown>} */ asked) => {
    const made = h('button', { type: 'button', 'data-key': key.toLowerCase(), 'data-id': `${row.id}:${key}`, 'aria-pressed': String(pressed) }, h('kbd', {}, key), text);
    made.onclick = () => void ask({ id: row.id, ...asked });
    return made;
  };
  const back = guests && row.layout === 8 ? { layout: 1 } : {}; // a wall without guests does not keep their layout
  return h('div', { class: 'wall-keys' }, ...LAYOUTS.map(([key, layout]) => button(key, t(`desk.layout_key_${layout}`), row.layout === layout, { verb: 'steer', layout })),
    button('G', t('wall.visitors'), guests, { verb: 'visitors', on: !guests, ...back }));
}
