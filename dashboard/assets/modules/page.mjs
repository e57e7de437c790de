// What the face shows: header, panels, calls, alarm, system line. Each panel says how old its newest datum is, by its source's clock.

import { all, clockKnown, now, on, rows, serverNow } from './state.mjs';
import { day, hm, hms, weekday, when } from './clock.mjs';
import { fill, h, sign } from './draw.mjs';
import { GRIDS } from './grid.mjs';
import { drawGantt } from './gantt.mjs';
import { head } from './heads.mjs';
import { begin, invents } from './map.mjs';
import { blocked } from './sound.mjs';
import { drawBoard } from './board.mjs';
import { report, sendKept } from './fault.mjs';
import { fitWindow } from './fit.mjs';
import { missing, named, screen } from './screens.mjs';
import { alarm, calls, focus, own, sound, stage, steered } from './stage.mjs';
import { t } from './text.mjs';
import { heard } from './units.mjs';

export { head };

/** @typedef {Record<string, any>} Row */

const LAMPS = ['web', 'bus', 'database', 'jobs', 'relay', 'case_system', 'disk'];
const LONGEST = 22; // signs of one item in the system line
const ENOUGH = /** @type {Record<string, number>} */ ({ events: 5, cases: 4, teams: 4, missions: 6 });
const IN_USE = ['1', '3', '8', '9'];
let layout = new URLSearchParams(location.search).get('layout') ?? '1';
/** When a desk last steered this wall; null: not yet known. @type {number | null} */
let steeredAt = null;
let said = '';
let saidUntil = 0;

/** @type {(message: Record<string, unknown>) => void} */
let tellServer = () => {};
let toldGuests = false;
let toldBoard = false;
let toldScreen = false;

/** The server shows us no more than visitors may see, whatever we would hide: said once a connection, and again when it changes. */
function tellGuests() {
  if (now.connection !== 'live') { toldGuests = false; return; }
  if ((layout === '8') === toldGuests) return;
  toldGuests = !toldGuests;
  tellServer({ type: 'guests', on: toldGuests });
}

/** Layout 9 is sent to those who show it; which screen we are is said once a connection. */
function tellShown() {
  if (now.connection !== 'live') { toldBoard = toldScreen = false; return; }
  if (toldBoard !== (layout === '9')) tellServer({ type: 'board', on: (toldBoard = layout === '9') });
  if (screen && !toldScreen) tellServer({ type: 'screen', screen });
  toldScreen = true;
}

/** Something is broken: one press, whoever stands before the wall. */
async function reportFault() {
  notice(t('wall.fault_going'));
  draw(new Set());
  const { text } = await report('wall', { ...known(), layout: Number(layout), ...(screen ? { screen } : {}) }, '', faultWords(), whose());
  sayFault(text);
}

/** @param {string} text */
function sayFault(text) {
  notice(text);
  draw(new Set());
}

/** What a report says that finds no line. */
export const faultWords = () => ({ kept: t('wall.fault_kept'), lost: t('wall.fault_offline') });

/** Under whose name a report goes; empty before the first hello. @returns {string} */
export const whose = () => now.hello.me?.id ?? now.hello.wall_id ?? '';

/** What wall and desk know of themselves. */
export const known = () => ({
  build: now.hello.build, connection: now.connection, clock_off_ms: serverNow() - Date.now(), error: document.getElementById('notice')?.dataset.code || undefined,
  seconds_silent: now.connection === 'lost' ? (serverNow() - now.since) / 1000 : 0, down: now.troubles.map(({ part }) => part).slice(0, 8).join(',') || undefined,
});

/** @param {(message: Record<string, unknown>) => void} say */
export function start(say) {
  tellServer = say;
  fitWindow();
  if (document.documentElement.dataset.face === 'desk' || location.pathname.endsWith('/desk')) {
    on(deskHead);
    void import('./desk.mjs').then(({ startDesk }) => startDesk());
    return;
  }
  on(draw);
  sendKept('wall', whose, sayFault);
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === 'KeyV') chooseGrid(); // a Chinese input method holds the letter back
    else if (event.key === '0' && !event.repeat) void reportFault();
    else if (/^[1-9]$/.test(event.key)) choose(event.key);
  });
  const maps = /** @type {any} */ (window).eccMaps;
  if (maps && Object.values(maps)[0]) void begin(Object.values(maps)[0]);
  else addEventListener('ecc:map', (event) => void begin(/** @type {CustomEvent} */ (event).detail), { once: true });
  draw(new Set());
}

function deskHead() {
  header();
  system();
  sound();
}

/** @param {string} key */
function choose(key) {
  if (IN_USE.includes(key)) layout = key;
  else notice(t('wall.layout_unused', { layout: key }));
  draw(new Set());
}

/** The next way to show several pictures. */
function chooseGrid() {
  now.grid = GRIDS[(GRIDS.indexOf(now.grid) + 1) % GRIDS.length] ?? 'main';
  notice(t(`wall.grid_${now.grid}`));
  draw(new Set());
}

/** @param {string} sentence */
export function notice(sentence) { said = sentence; saidUntil = performance.now() + 4000; }

/** @param {Set<string>} kinds */
function draw(kinds) {
  const place = document.getElementById('wall');
  if (!place) { setTimeout(() => draw(kinds), 50); return; }
  steer(kinds);
  place.dataset.layout = layout;
  place.dataset.screen = screen;
  if (screen === 'video') place.dataset.calm = t('wall.screen_calm');
  place.dataset.connection = now.connection;
  place.dataset.visitors = String(Boolean(now.hello.visitors));
  now.guests = Boolean(now.hello.visitors) || layout === '8';
  tellGuests();
  tellShown();
  place.dataset.veiled = String(now.guests && !now.hello.visitors); // our rows are still those with names
  header();
  today();
  list('events', all('entry').sort((a, b) => b.seq - a.seq), entry, newest('entry', 'at'));
  list('cases', all('case').sort((a, b) => (b.changed_at ?? 0) - (a.changed_at ?? 0)), caseLine, newest('case', 'changed_at'), caseSystemLate(), caseSystemLost());
  list('teams', teamsOut(), team, now.fixesAt || null);
  missions();
  stage();
  calls();
  alarm();
  if (layout === '9') drawBoard();
  system();
  head('map', now.fixesAt || null, !now.fixesAt ? 'empty' : serverNow() - now.fixesAt > (now.hello.stale_s ?? 30) * 1000 ? 'stale' : 'live');
  focus();
  const guests = document.getElementById('guests');
  if (guests) guests.textContent = t(invents() ? 'wall.guests_simulated' : 'wall.guests');
  if (guests) guests.hidden = !now.guests || Boolean(document.getElementById('wall')?.hasAttribute('data-sos'));
  const toast = document.getElementById('toast');
  if (toast) { toast.textContent = performance.now() < saidUntil ? said : ''; toast.hidden = !toast.textContent; }
}

/** Teams with a mission first, then those without signal or on their way back; whoever only stands on duty is not out. */
function teamsOut() {
  const rank = (/** @type {Row} */ row) => (row.mission_id ? 0 : row.status === 'silent' ? 1 : 2);
  return all('team').filter((row) => row.mission_id || ['way', 'site', 'back', 'silent'].includes(row.status)).sort((a, b) => rank(a) - rank(b) || a.position - b.position);
}

/** The desk's last command to this wall, once. @param {Set<string>} kinds */
function steer(kinds) {
  if (!kinds.has('wall')) return;
  const wall = own();
  if (!wall) return;
  const at = wall.steered_at ?? 0;
  const asked = steeredAt === null && new URLSearchParams(location.search).has('layout'); // the address says it, until a desk says otherwise
  if (at !== steeredAt) now.grid = wall.grid ?? now.grid;
  if (at !== steeredAt && !asked) layout = wall.visitors ? '8' : String(wall.layout ?? layout);
  steeredAt = at;
}

/** @param {string} kind @param {string} field @returns {number | null} */
const newest = (kind, field) => all(kind).reduce((/** @type {number | null} */ top, row) => (row[field] && (top === null || row[field] > top) ? row[field] : top), null);

const caseSystemLate = () => now.parts.case_system?.up === false;
const caseSystemLost = () => now.parts.case_system?.lost === true;

/** @param {string} name @param {Row[]} items @param {(row: Row) => HTMLElement} line @param {number | null} asOf @param {boolean} [late] @param {boolean} [lost] */
export function list(name, items, line, asOf, late = false, lost = false) {
  const body = document.getElementById(`${name}-body`);
  if (now.connection === 'connecting') fill(body, h('p', { class: 'nothing' }, t('wall.connecting')));
  else if (!items.length) fill(body, h('p', { class: 'nothing' }, t(`wall.${name}_none`)));
  else if (body) fit(body, items, line, name !== 'events');
  head(name, asOf, late ? 'stale' : items.length ? 'live' : 'empty', lost);
}

/** When space ends rows go, not pixels; how many went is said. @param {HTMLElement} body @param {Row[]} items @param {(row: Row) => HTMLElement} line @param {boolean} says */
function fit(body, items, line, says) {
  const most = (ENOUGH[body.id.replace('-body', '')] ?? 5) * (layout === '3' ? 2 : 1);
  const drawn = items.slice(0, most).map(line);
  const more = h('p', { class: 'more' });
  fill(body, ...drawn, more);
  const rest = () => items.length - drawn.length;
  const tell = () => { more.textContent = says && rest() ? t(body.id === 'teams-body' ? 'wall.more_teams' : 'wall.more', { n: rest() }) : ''; more.hidden = !more.textContent; };
  tell();
  while (drawn.length > 1 && body.scrollHeight > body.clientHeight + 1) {
    drawn.pop()?.remove();
    tell();
  }
}

function header() {
  const at = serverNow();
  const set = (/** @type {string} */ id, /** @type {string} */ text) => { const e = document.getElementById(id); if (e && e.textContent !== text) e.textContent = text; };
  set('clock', clockKnown() ? hms(at) : '--:--:--');
  set('date', clockKnown() ? day(at) : '');
  set('weekday', clockKnown() ? weekday(at) : '');
  set('court', all('court')[0]?.name ?? now.hello.court ?? '');
  set('who', now.hello.me?.label && !now.guests ? t('wall.on_duty', { who: now.hello.me.label }) : now.guests ? t('wall.visitors') : '');
  set('steered', steered());
  const demo = document.getElementById('demo');
  if (demo) demo.hidden = !now.hello.demo;
  const mute = document.getElementById('sound-off');
  if (mute) mute.hidden = !blocked();
}

function today() {
  const row = rows.today?.get('today') ?? {};
  const tiles = layout === '3' ? operation(row) : [
    ['officers_out', row.officers_out, 'people', t('wall.teams_out', { n: row.teams_out ?? 0 })],
    ['missions_today', row.missions, 'times', t('wall.on_scene', { n: row.on_scene ?? 0 })],
    ['calls_waiting', row.calls_waiting, 'lines', t('wall.calls_open', { n: row.calls_open ?? 0 })],
    ['closed_today', row.closed_today, 'cases', t('wall.closed_yesterday', { n: row.closed_yesterday ?? 0 })],
    ['recovered', row.recovered_cents_today === undefined ? undefined : (row.recovered_cents_today / 1_000_000).toFixed(1), 'ten_thousand', row.payments_today === undefined ? '' : t('wall.payments', { n: row.payments_today })],
    ['sos_open', row.sos_open, 'times', t('wall.sos_today', { n: row.sos_today ?? 0 })],
  ];
  fill(document.getElementById('today-body'), ...tiles.map(([name, value, unit, below]) => h('div', { class: 'tile' },
    h('span', { class: 'name' }, t(`wall.${name}`)), h('span', { class: 'value' }, h('b', {}, value ?? '—'), h('i', {}, t(`wall.unit_${unit}`))), h('span', { class: 'below' }, below))));
  const asOf = Math.max(0, ...Object.values(row.as_of_at ?? {}).filter((at) => typeof at === 'number'));
  head('today', asOf || newest('entry', 'at'), rows.today?.size ? 'live' : 'empty');
}

/** 集中行动: how far the day's missions have come. @param {Row} row @returns {any[][]} */
function operation(row) {
  const todays = all('mission').filter((mission) => mission.state !== 'CANCELLED');
  const count = (/** @type {string} */ state) => todays.filter((mission) => mission.state === state).length;
  const of = t('wall.of_all', { n: todays.length });
  return [
    ['officers_out', row.officers_out, 'people', t('wall.teams_out', { n: row.teams_out ?? 0 })],
    ['not_yet', count('ASSIGNED'), 'times', of], ['on_the_way', count('EN_ROUTE'), 'times', of], ['at_site', count('ON_SCENE'), 'times', of],
    ['finished', count('FINISHED'), 'times', of], ['fruitless', count('FRUITLESS'), 'times', of],
  ];
}

/** @param {Row} row */
export const entry = (row) => h('div', { class: 'entry' }, h('time', {}, hm(row.at)), sign(row.sign ?? 'idle'), h('b', {}, row.title ?? ''), h('span', {}, row.detail ?? ''));

/** @param {Row} row */
function caseLine(row) {
  const word = row.closed_at ? 'done' : row.mission_id ? 'way' : row.side_state ? 'clock' : 'idle';
  return h('div', { class: 'line' }, h('span', { class: 'number' }, row.case_no ?? ''), sign(word), h('em', { 'data-sign': word }, row.closed_at ? t('wall.case_closed') : t(`row.stage.${row.stage}`)));
}

/** @param {Row} row */
function team(row) {
  return h('div', { class: 'line' }, h('b', {}, row.name ?? ''), h('span', {}, row.leader ?? ''), h('span', { class: 'wide' }, row.place ?? ''), sign(row.status), h('em', { 'data-sign': row.status }, t(`wall.doing_${row.status}`)));
}

function missions() {
  const todays = all('mission').filter((row) => row.state !== 'CANCELLED').sort((a, b) => (a.planned_from_at ?? 0) - (b.planned_from_at ?? 0));
  const open = todays.filter((row) => !['FINISHED', 'FRUITLESS'].includes(row.state));
  const shown = [...open, ...todays.filter((row) => !open.includes(row))].slice(0, ENOUGH.missions);
  const asOf = newest('mission', 'changed_at');
  if (!shown.length) fill(document.getElementById('missions-body'), h('p', { class: 'nothing' }, t(now.connection === 'connecting' ? 'wall.connecting' : 'wall.missions_none')));
  else fill(document.getElementById('missions-body'), ...shown.map((row) => {
    const [word, text] = doing(row);
    return h('div', { class: 'mission' }, h('b', {}, row.team ?? ''), h('span', {}, row.matter ?? ''), h('span', { class: 'place' }, row.place ?? ''), sign(word), h('em', { 'data-sign': word }, text));
  }));
  wholePlaces();
  drawGantt(shown, serverNow());
  const state = shown.length ? 'live' : 'empty';
  head('missions', asOf, state);
  head('gantt', asOf, state);
}

/** A place that does not fit is shortened to its street; if that does not fit either, it goes as a whole. */
function wholePlaces() {
  for (const row of document.querySelectorAll('#missions-body .mission')) {
    const place = row.querySelector('.place');
    const over = () => place && place.scrollWidth > place.clientWidth + 1;
    if (place && over()) place.textContent = (place.textContent ?? '').split(' ')[0] ?? '';
    if (over()) place?.replaceChildren();
  }
}

/** @param {Row} row @returns {[string, string]} */
function doing(row) {
  const since = (/** @type {number} */ at) => Math.max(0, Math.round((serverNow() - at) / 60_000));
  if (row.state === 'EN_ROUTE') return ['way', t('wall.mission_way', { n: since(row.departed_at) })];
  if (row.state === 'ON_SCENE') return ['site', t('wall.mission_site', { n: since(row.arrived_at) })];
  if (row.state === 'FRUITLESS') return ['done', t('wall.mission_fruitless')];
  if (row.state === 'FINISHED') return ['done', t('wall.mission_finished')];
  return ['idle', row.planned_from_at ? t('wall.mission_waits', { time: hm(row.planned_from_at) }) : t('wall.mission_planned')];
}

/** It speaks only when something has changed: silent for long is said, with the time of its newest word. @param {boolean} up @returns {string[] | null} */
function caseSystem(up) {
  const asOf = now.parts.case_system?.as_of;
  if (!asOf) return null;
  return [up ? 'done' : 'clock', t(up ? 'wall.case_system' : 'wall.case_system_silent', { time: when(asOf) })];
}

/** Whose positions are refused again and again; only desks are told. @returns {[string, string] | null} */
function refusedOften() {
  const [worst, ...others] = Object.entries(now.doubtful).sort(([, a], [, b]) => b.n - a.n);
  if (!worst) return null;
  return ['silent', t(others.length ? 'desk.doubtful_more' : 'desk.doubtful', { unit: worst[0], n: worst[1].n, more: others.length })];
}

/** @returns {[string, string] | null} */
function screensGone() {
  const gone = missing(own());
  return gone.length && now.connection === 'live' ? ['clock', t('wall.screens_gone', { names: named(gone) })] : null;
}

/** Of the register what has no lamp of its own here; what is down goes before what only warns. @returns {[string, string][]} */
function troubles() {
  const found = now.troubles.filter(({ part }) => !LAMPS.includes(part)).sort((a, b) => Number(b.state === 'down') - Number(a.state === 'down'));
  const [worst] = found;
  if (!worst || layout === '9') return [];
  const said = worst.said.length > LONGEST ? `${worst.said.slice(0, LONGEST)}…` : worst.said; // the whole of it stands in layout 9
  return [['clock', found.length > 1 ? t('wall.troubles_more', { said, n: found.length }) : said]];
}

/** Since when the bus is gone, and why where the register knows it. */
function busDown() {
  const time = hms(now.parts.bus?.since ?? serverNow());
  const why = now.troubles.find((each) => each.part === 'bus' && each.state === 'down')?.why;
  return why ? t('wall.bus_down_why', { time, why }) : t('wall.bus_down', { time });
}

/** What is wrong is never cut off: what is well makes way for it, the last first. @param {HTMLElement | null} line */
function makeRoom(line) {
  if (!line?.querySelector('[data-sign="clock"]')) return;
  for (const well of [...line.querySelectorAll('[data-sign="done"]')].reverse()) {
    if (line.scrollWidth <= line.clientWidth) return;
    if (well.parentElement === line) well.remove();
  }
}

/** What is gone, first; then what is well. */
function system() {
  const count = heard();
  const part = (/** @type {string} */ name) => now.parts[name]?.up !== false;
  const lost = now.connection === 'lost';
  const items = [
    lost ? ['clock', t('wall.web_down', { time: hms(now.since) })] : null,
    !lost && now.parts.web?.up === false ? ['clock', t('wall.web_some', { which: now.parts.web.gone.join('、') })] : null,
    [part('bus') ? 'done' : 'clock', part('bus') ? t('wall.bus_up') : busDown()],
    [part('database') ? 'done' : 'clock', part('database') ? t('wall.database_up') : t('wall.database_down')],
    [part('jobs') ? 'done' : 'clock', part('jobs') ? t('wall.jobs_up') : t('wall.jobs_down')],
    part('relay') ? null : ['clock', t('wall.relay_down')],
    now.guests ? null : [count.online === count.onDuty ? 'done' : 'silent', t('wall.fixes', { online: count.online, all: count.onDuty })],
    caseSystem(part('case_system')),
    now.parts.disk?.free_pct !== undefined ? [part('disk') ? 'done' : 'clock', t('wall.disk', { n: Math.round(now.parts.disk.free_pct) })] : null,
    now.parts.disk?.recording_days !== undefined ? ['clock', t(now.parts.disk.recording_days ? 'wall.recording_days' : 'wall.recording_refused', { n: now.parts.disk.recording_days })] : null,
    refusedOften(),
    screensGone(),
    ...troubles(),
  ].filter((item) => item !== null);
  fill(document.getElementById('system-body'), ...items.map(([word, text]) => h('span', { 'data-sign': word }, sign(/** @type {string} */ (word)), text)));
  makeRoom(document.getElementById('system-body'));
  const bad = lost || !part('bus') || !part('database') || !part('jobs') || !part('relay');
  head('system', now.connection === 'live' || now.connection === 'waiting' ? serverNow() : now.since || null, bad ? 'stale' : 'live');
}
