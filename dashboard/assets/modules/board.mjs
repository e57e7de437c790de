// Layout 9 运行保障: a tile for each part of the product, what changed last, what was reported. The server says every word; this draws.

import { all, now, rows, serverNow } from './state.mjs';
import { ago, hms, when } from './clock.mjs';
import { fill, h, sign } from './draw.mjs';
import { head } from './heads.mjs';
import { t } from './text.mjs';

/** @typedef {{name: string, label: string, state: 'up' | 'warn' | 'down' | 'off', said: string, ms: number | null, series: number[], owner: string, to_do: string}} Part */

const SIGNS = /** @type {Record<string, string>} */ ({ up: 'done', warn: 'clock', down: 'broken', off: 'silent' });
const CHANGES = 5;
const SVG = 'http://www.w3.org/2000/svg';
const [WIDE, HIGH] = [180, 40];
/** What is drawn already: a tile is made anew only when something in it changed. @type {Map<string, string>} */
const drawn = new Map();
let heardAt = 0;
/** @type {unknown} */
let heard = null;

/** @returns {Part[]} */
const parts = () => /** @type {Part[]} */ (now.board).map((part) => (part.name === 'web' && now.connection === 'lost' ? { ...part, state: 'down', said: t('wall.web_down', { time: hms(now.since) }), ms: null } : part));

export function drawBoard() {
  const body = document.getElementById('board-body');
  if (!body) return;
  if (now.board !== heard) { heard = now.board; heardAt = serverNow(); }
  if (!now.board.length) {
    drawn.clear();
    fill(body, h('p', { class: 'nothing' }, t(now.connection === 'connecting' ? 'wall.connecting' : 'wall.board_waits')));
    head('board', null, 'empty');
    return;
  }
  if (!body.querySelector('.part')) fill(body);
  for (const part of parts()) tile(body, part);
  fill(document.getElementById('board-changes'), h('b', {}, t('wall.board_changes')), ...changes());
  fill(document.getElementById('board-faults'), ...reported());
  head('board', heardAt || null, now.connection === 'lost' ? 'stale' : 'live');
}

/** @param {HTMLElement} body @param {Part} part */
function tile(body, part) {
  const since = rows.part?.get(part.name)?.since_at;
  const looks = JSON.stringify([part, since, since ? when(since) : '']);
  const old = body.querySelector(`[data-part="${part.name}"]`);
  if (old && drawn.get(part.name) === looks) return;
  drawn.set(part.name, looks);
  const bad = part.state === 'down' || part.state === 'warn';
  const made = h('article', { class: 'part', 'data-part': part.name, 'data-state': part.state },
    h('header', {}, sign(SIGNS[part.state] ?? 'silent'), h('h3', {}, part.label), h('em', {}, t(`wall.part_${part.state}`))),
    h('p', { class: 'told' }, part.said === t(`wall.part_${part.state}`) ? '' : part.said),
    bad && part.to_do ? h('p', { class: 'to-do' }, part.to_do) : pace(part),
    h('footer', {}, h('span', {}, since ? t('wall.part_since', { time: when(since) }) : part.state === 'off' ? '' : t('wall.part_steady')), h('span', {}, part.owner ? t('wall.part_owner', { who: part.owner }) : '')));
  if (old) old.replaceWith(made);
  else body.append(made);
}

/** How long it took to answer, the last times. @param {Part} part */
function pace(part) {
  if (part.ms === null) return h('p', { class: 'pace' });
  const line = document.createElementNS(SVG, 'svg');
  line.setAttribute('viewBox', `0 0 ${WIDE} ${HIGH}`);
  line.setAttribute('aria-hidden', 'true');
  const most = Math.max(1, ...part.series);
  const step = WIDE / Math.max(1, part.series.length - 1);
  const curve = document.createElementNS(SVG, 'polyline');
  curve.setAttribute('points', part.series.map((ms, i) => `${(i * step).toFixed(1)},${(HIGH - 3 - (ms / most) * (HIGH - 6)).toFixed(1)}`).join(' '));
  line.append(curve);
  const made = h('p', { class: 'pace' }, h('span', {}, h('b', {}, part.ms < 10 ? part.ms.toFixed(1) : String(Math.round(part.ms))), t('wall.part_ms')));
  if (part.series.length > 1) made.prepend(line);
  return made;
}

/** What went down or came back last, of all parts together. */
function changes() {
  const label = (/** @type {string} */ name) => now.board.find((part) => part.name === name)?.label ?? name;
  const found = all('part').flatMap((row) => row.history.map((/** @type {[number, string]} */ [at, state]) => ({ at, state, name: row.name })));
  const newest = found.sort((a, b) => b.at - a.at).slice(0, CHANGES);
  if (!newest.length) return [h('span', {}, t('wall.board_steady'))];
  return newest.map(({ at, state, name }) => h('span', { 'data-state': state }, sign(state === 'up' ? 'done' : 'broken'), h('time', {}, when(at)), `${label(name)} ${t(state === 'up' ? 'wall.part_back' : 'wall.part_down')}`));
}

/** How many reported something, and since when the oldest waits. */
function reported() {
  const open = all('fault').filter((row) => row.state !== 'CLOSED');
  const waiting = open.filter((row) => row.state === 'OPEN').sort((a, b) => a.reported_at - b.reported_at);
  const today = t('wall.faults_today', { n: all('fault').length });
  if (!open.length) return [sign('done'), h('b', {}, t('wall.faults_none')), h('span', {}, today), h('span', {}, t('wall.fault_key'))];
  const oldest = waiting[0];
  return [sign(oldest ? 'clock' : 'way'), h('b', {}, t('wall.faults_open', { n: open.length })),
    h('span', {}, oldest ? t('wall.faults_waiting', { n: waiting.length, ago: ago(serverNow() - oldest.reported_at) }) : t('wall.faults_taken')), h('span', {}, today)];
}
