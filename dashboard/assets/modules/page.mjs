// What the face shows: header, panels, calls, alarm, system line. Each panel says how old its newest datum is, by its source's clock.

import { all, clockKnown, now, on, rows, serverNow } from './state.mjs';
import { ago, day, hm, hms, span, weekday } from './clock.mjs';
import { fill, h, sign } from './draw.mjs';
import { drawGantt } from './gantt.mjs';
import { begin, frameDistrict, look, mapReady } from './map.mjs';
import { nearestTeams } from './nearest.mjs';
import { blocked, ring } from './sound.mjs';
import { t } from './text.mjs';
import { heard } from './units.mjs';

/** @typedef {Record<string, any>} Row */

const RED_MS = 60_000; // a part gone for so long: red, not amber
const TEAMS_NEAR = 3;
const OF_THE_BUS = ['map'];
const ENOUGH = /** @type {Record<string, number>} */ ({ events: 5, cases: 4, teams: 4, missions: 6 });
const IN_USE = ['1', '3', '8'];
let layout = new URLSearchParams(location.search).get('layout') ?? '1';
/** When a desk last steered this wall; null: not yet known. @type {number | null} */
let steeredAt = null;
let said = '';
let saidUntil = 0;
let focused = '';

/** @param {(message: Record<string, unknown>) => void} say */
export function start(say) {
  void say;
  if (document.documentElement.dataset.face === 'desk' || location.pathname.endsWith('/desk')) {
    on(deskHead);
    void import('./desk.mjs').then(({ startDesk }) => startDesk());
    return;
  }
  on(draw);
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !/^[1-9]$/.test(event.key)) return;
    choose(event.key);
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

/** @param {string} sentence */
export function notice(sentence) { said = sentence; saidUntil = performance.now() + 4000; }

/** @param {Set<string>} kinds */
function draw(kinds) {
  const place = document.getElementById('wall');
  if (!place) { setTimeout(() => draw(kinds), 50); return; }
  steer(kinds);
  place.dataset.layout = layout;
  place.dataset.connection = now.connection;
  place.dataset.visitors = String(Boolean(now.hello.visitors));
  header();
  today();
  list('events', all('entry').sort((a, b) => b.seq - a.seq), entry, newest('entry', 'at'));
  list('cases', all('case').sort((a, b) => (b.changed_at ?? 0) - (a.changed_at ?? 0)), caseLine, newest('case', 'changed_at'), caseSystemLate());
  list('teams', all('team').filter((team) => team.mission_id || ['way', 'site', 'back', 'silent'].includes(team.status)).sort((a, b) => a.position - b.position), team, now.fixesAt || null);
  missions();
  calls();
  alarm();
  system();
  head('map', now.fixesAt || null, !now.fixesAt ? 'empty' : serverNow() - now.fixesAt > (now.hello.stale_s ?? 30) * 1000 ? 'stale' : 'live');
  stage();
  const toast = document.getElementById('toast');
  if (toast) { toast.textContent = performance.now() < saidUntil ? said : ''; toast.hidden = !toast.textContent; }
}

/** The desk's last command to this wall, once. @param {Set<string>} kinds */
function steer(kinds) {
  if (!kinds.has('wall')) return;
  const own = now.hello.wall_id ? rows.wall?.get(now.hello.wall_id) : null;
  if (!own) return;
  const at = own.steered_at ?? 0;
  const asked = steeredAt === null && new URLSearchParams(location.search).has('layout'); // the address says it, until a desk says otherwise
  if (at !== steeredAt && !asked) layout = own.visitors ? '8' : String(own.layout ?? layout);
  steeredAt = at;
  const wanted = `${own.focus_kind ?? ''}:${own.focus_id ?? ''}:${own.steered_at ?? ''}`;
  if (wanted === focused) return;
  focused = wanted;
  const row = own.focus_kind ? rows[own.focus_kind]?.get(own.focus_id) : null;
  if (row?.lat) look(row.lat, row.lon);
  else frameDistrict();
}

let staged = '';

/** The map goes to an alarm when it begins, and back when the last one is over. */
function stage() {
  const [sos] = openSos();
  const wanted = typeof sos?.lat === 'number' ? `sos:${sos.id}` : '';
  if (wanted === staged || !mapReady()) return;
  staged = wanted;
  if (wanted) look(sos?.lat, sos?.lon, 13.4, [-300, 60]);
  else frameDistrict();
}

/** @param {string} kind @param {string} field @returns {number | null} */
const newest = (kind, field) => all(kind).reduce((/** @type {number | null} */ top, row) => (row[field] && (top === null || row[field] > top) ? row[field] : top), null);

const caseSystemLate = () => now.parts.case_system?.up === false;

/** Since when a panel cannot be right, because a part is gone; 0: it can. @param {string} name */
function goneSince(name) {
  if (now.connection === 'lost') return now.since;
  const part = now.parts[OF_THE_BUS.includes(name) ? 'bus' : 'database'];
  return part?.up === false && name !== 'system' ? part.since ?? serverNow() : 0;
}

/** The head of a panel: what it is, how old by its source's time, and whether that is too old.
 * @param {string} name @param {number | null} asOf @param {'live' | 'stale' | 'down' | 'empty'} state */
export function head(name, asOf, state) {
  const panel = document.querySelector(`[data-panel="${name}"]`);
  if (!(panel instanceof HTMLElement)) return;
  const gone = goneSince(name);
  const shown = now.connection === 'connecting' ? 'empty' : gone ? (asOf ? 'stale' : 'down') : state;
  panel.dataset.state = shown;
  panel.dataset.limit = gone && serverNow() - gone > RED_MS ? 'red' : shown === 'stale' || shown === 'down' ? 'amber' : '';
  if (asOf) panel.dataset.asOf = new Date(asOf).toISOString();
  else delete panel.dataset.asOf;
  const said = now.connection === 'connecting' ? t('wall.connecting') : !asOf ? '' : shown === 'live' || shown === 'empty' ? ago(serverNow() - asOf) : t('wall.as_of', { time: hms(asOf) });
  const age = name === 'map' ? document.getElementById('fix-age') : panel.querySelector('.age');
  if (age && age.textContent !== said) age.textContent = said;
}

/** @param {string} name @param {Row[]} items @param {(row: Row) => HTMLElement} line @param {number | null} asOf @param {boolean} [late] */
export function list(name, items, line, asOf, late = false) {
  const body = document.getElementById(`${name}-body`);
  if (now.connection === 'connecting') fill(body, h('p', { class: 'nothing' }, t('wall.connecting')));
  else if (!items.length) fill(body, h('p', { class: 'nothing' }, t(`wall.${name}_none`)));
  else if (body) fit(body, items, line, name !== 'events');
  head(name, asOf, late ? 'stale' : items.length ? 'live' : 'empty');
}

/** When space ends rows go, not pixels; how many went is said. @param {HTMLElement} body @param {Row[]} items @param {(row: Row) => HTMLElement} line @param {boolean} says */
function fit(body, items, line, says) {
  const most = (ENOUGH[body.id.replace('-body', '')] ?? 5) * (layout === '3' ? 2 : 1);
  const drawn = items.slice(0, most).map(line);
  const more = h('p', { class: 'more' });
  fill(body, ...drawn, more);
  const rest = () => items.length - drawn.length;
  const tell = () => { more.textContent = says && rest() ? t('wall.more', { n: rest() }) : ''; more.hidden = !more.textContent; };
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
  set('court', now.hello.court ?? '');
  set('who', now.hello.me?.label ? t('wall.on_duty', { who: now.hello.me.label }) : now.hello.visitors ? t('wall.visitors') : '');
  const demo = document.getElementById('demo');
  if (demo) demo.hidden = !now.hello.demo;
  const mute = document.getElementById('sound-off');
  if (mute) mute.hidden = !blocked();
}

function today() {
  const row = rows.today?.get('today') ?? {};
  const tiles = [
    ['officers_out', row.officers_out, 'people', t('wall.teams_out', { n: row.teams_out ?? 0 })],
    ['missions_today', row.missions, 'times', t('wall.on_scene', { n: row.on_scene ?? 0 })],
    ['calls_waiting', row.calls_waiting, 'lines', t('wall.calls_open', { n: row.calls_open ?? 0 })],
    ['closed_today', row.closed_today, 'cases', t('wall.closed_yesterday', { n: row.closed_yesterday ?? 0 })],
    ['recovered', row.recovered_cents_today === undefined ? undefined : (row.recovered_cents_today / 1_000_000).toFixed(1), 'ten_thousand', t('wall.payments', { n: row.payments_today ?? 0 })],
    ['sos_open', row.sos_open, 'times', t('wall.sos_today', { n: row.sos_today ?? 0 })],
  ];
  fill(document.getElementById('today-body'), ...tiles.map(([name, value, unit, below]) => h('div', { class: 'tile' },
    h('span', { class: 'name' }, t(`wall.${name}`)), h('span', { class: 'value' }, h('b', {}, value ?? '—'), h('i', {}, t(`wall.unit_${unit}`))), h('span', { class: 'below' }, below))));
  const asOf = Math.max(0, ...Object.values(row.as_of_at ?? {}).filter((at) => typeof at === 'number'));
  head('today', asOf || newest('entry', 'at'), rows.today?.size ? 'live' : 'empty');
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
  drawGantt(shown, serverNow());
  const state = shown.length ? 'live' : 'empty';
  head('missions', asOf, state);
  head('gantt', asOf, state);
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

const openCalls = () => all('call').filter((row) => !row.ended_at && row.state !== 'ENDED').sort((a, b) => a.placed_at - b.placed_at);
const openSos = () => all('sos').filter((row) => !['RESOLVED', 'FALSE_ALARM'].includes(row.state)).sort((a, b) => a.raised_at - b.raised_at);

function calls() {
  const open = openCalls();
  fill(document.getElementById('calls-body'), ...open.slice(0, 3).map((row) => h('article', { class: 'call', 'data-state': row.owner_id || row.answered_at ? 'taken' : 'ringing', 'data-call': row.id },
    h('header', {}, h('strong', {}, t('wall.call')), h('b', {}, row.team ? `${row.team} ${row.who ?? ''}` : row.who ?? ''), h('time', {}, span(serverNow() - row.placed_at))),
    h('p', {}, [row.place, row.matter, row.case_no].filter(Boolean).join('  ')),
    nearLine(row),
    h('footer', {}, sign(row.owner_id ? 'done' : 'clock'), row.owner ? t(row.answered_at ? 'wall.answered_by' : 'wall.owned_by', { who: row.owner }) : t(row.state === 'MISSED' ? 'wall.missed' : 'wall.nobody')))));
  head('calls', newest('call', 'placed_at'), open.length ? 'live' : 'empty');
}

/** @param {Row} row a call */
function nearLine(row) {
  if (typeof row.lat !== 'number') return null;
  const near = nearestTeams(row.lat, row.lon, row.team_id, 2);
  if (!near.length) return null;
  return h('p', { class: 'near-line' }, `${t('wall.nearest')} `, ...near.map(({ team: one, metres, minutes }) => h('span', {}, t('wall.near', { team: one.name ?? '', km: (metres / 1000).toFixed(1), n: minutes }))));
}

/** Who could come, beside the alarm. @param {Row | undefined} row */
function near(row) {
  const place = document.getElementById('near');
  if (!place) return;
  const teams = row && typeof row.lat === 'number' ? nearestTeams(row.lat, row.lon, row.team_id, TEAMS_NEAR) : [];
  place.hidden = !teams.length;
  fill(place, h('header', {}, h('h2', {}, t('wall.nearest')), h('span', { class: 'age' }, t('wall.estimated'))), ...teams.map(({ team: one, metres, minutes, state }) => h('div', { class: 'near' },
    h('b', {}, one.name ?? ''), h('span', {}, t('wall.km', { km: (metres / 1000).toFixed(1) })), h('span', {}, t('wall.about_minutes', { n: minutes })), h('em', { 'data-sign': state }, sign(state), t(`wall.doing_${state}`)))));
}

function alarm() {
  const [row, ...others] = openSos();
  const panel = document.querySelector('[data-panel="alarm"]');
  if (panel instanceof HTMLElement) panel.hidden = !row;
  document.getElementById('wall')?.toggleAttribute('data-sos', Boolean(row));
  if (row) {
    const fix = row.fix_at ? t('wall.sos_fix', { age: ago(serverNow() - row.fix_at), metres: row.accuracy_m === undefined || row.accuracy_m === null ? '—' : Math.round(row.accuracy_m) }) : t('wall.sos_no_fix');
    fill(document.getElementById('alarm-body'), h('h1', {}, sign('sos'), t('wall.sos'), h('time', {}, span(serverNow() - row.raised_at))),
      h('h2', {}, row.who ?? '', h('small', {}, row.team ?? '')), h('p', { class: 'where' }, row.place ?? t('wall.place_unknown')), h('p', {}, fix),
      h('p', {}, row.battery_pct === undefined || row.battery_pct === null ? '' : t('wall.battery', { n: row.battery_pct })), h('p', {}, [row.case_no, row.matter].filter(Boolean).join(' ')),
      others.length ? h('p', {}, t('wall.more_sos', { n: others.length })) : null,
      h('div', { class: 'owner', 'data-owned': Boolean(row.owner_id) }, row.owner ? t('wall.owned_by', { who: row.owner }) : t('wall.nobody'), h('time', {}, span((row.owned_at ?? serverNow()) - row.received_at))));
  }
  near(row);
  head('alarm', row?.raised_at ?? null, row ? 'live' : 'empty');
  sound();
}

function sound() {
  const unowned = openSos().filter((one) => !one.owner_id);
  ring(now.connection !== 'live' ? '' : unowned.length ? (unowned.some((one) => one.level) ? 'again' : 'sos') : openCalls().some((one) => !one.owner_id && !one.answered_at) ? 'call' : '');
}

/** What is gone, first; then what is well. */
function system() {
  const count = heard();
  const part = (/** @type {string} */ name) => now.parts[name]?.up !== false;
  const lost = now.connection === 'lost';
  const items = [
    lost ? ['clock', t('wall.web_down', { time: hms(now.since) })] : null,
    [part('bus') ? 'done' : 'clock', part('bus') ? t('wall.bus_up') : t('wall.bus_down', { time: hms(now.parts.bus?.since ?? serverNow()) })],
    [part('database') ? 'done' : 'clock', part('database') ? t('wall.database_up') : t('wall.database_down')],
    [part('jobs') ? 'done' : 'clock', part('jobs') ? t('wall.jobs_up') : t('wall.jobs_down')],
    [count.online === count.onDuty ? 'done' : 'silent', t('wall.fixes', { online: count.online, all: count.onDuty })],
    now.parts.case_system?.as_of ? [part('case_system') ? 'done' : 'clock', t('wall.case_system', { time: hms(now.parts.case_system.as_of) })] : null,
    now.parts.disk?.free_pct !== undefined ? [part('disk') ? 'done' : 'clock', t('wall.disk', { n: Math.round(now.parts.disk.free_pct) })] : null,
  ].filter((item) => item !== null);
  fill(document.getElementById('system-body'), ...items.map(([word, text]) => h('span', { 'data-sign': word }, sign(/** @type {string} */ (word)), text)));
  const bad = lost || !part('bus') || !part('database') || !part('jobs');
  head('system', now.connection === 'live' ? serverNow() : now.since || null, bad ? 'stale' : 'live');
}
