// The stage: what takes the wall over when somebody calls or asks for help, and what a desk has put into focus.

import { all, now, rows, serverNow } from './state.mjs';
import { ago, hms, span } from './clock.mjs';
import { fill, h, sign } from './draw.mjs';
import { feedsBeside, gridOf } from './feeds.mjs';
import { doing, showCells, showStills } from './grid.mjs';
import { head } from './heads.mjs';
import { flyTo, follow, frameDistrict, look, mapReady, reach, showComing, unframed } from './map.mjs';
import { apart, beside, foundBy, nearestTeams } from './nearest.mjs';
import { showsVideo, sounds } from './screens.mjs';
import { ring } from './sound.mjs';
import { chips, hasPicture, showCall } from './stage_video.mjs';
import { lamp, nameOf as nameOfPart, names, orderOf, orderTime, partsOf, pictureWord, ringsOut, wantsNext } from './talks.mjs';
import { t } from './text.mjs';
import { select } from './trail.mjs';
import { stateOf, unitsSeen } from './units.mjs';

/** @typedef {Record<string, any>} Row */
/** `beside`: the picture has the stage, the map is the card beside it. @typedef {{key: string, kind: 'sos' | 'call' | 'focus', lat?: number, lon?: number, unit?: string, beside?: boolean}} Goal */

const TEAMS_NEAR = 3;
const CARDS_MOST = 2;
const OF_SOS = /** @type {[number, number]} */ ([-300, 60]); // the card stands left of the place, the teams below it
const OF_CALL = /** @type {[number, number]} */ ([324, 100]); // the middle of the framed scene
const OF_CARD = /** @type {[number, number]} */ ([-620, 19]); // the middle of the card beside the picture
const CARD_PX = 96;
let staged = '';

export const openCalls = () => all('call').filter((row) => !row.ended_at && row.state !== 'ENDED' && !ringsOut(row)).sort((a, b) => a.placed_at - b.placed_at);
export const openSos = () => all('sos').filter((row) => !['RESOLVED', 'FALSE_ALARM'].includes(row.state)).sort((a, b) => a.raised_at - b.raised_at);
/** The row of this wall itself. */
export const own = () => (now.hello.wall_id ? rows.wall?.get(now.hello.wall_id) : undefined);

/** Visitors stand before it: no names, no positions. */
const guests = () => Boolean(now.hello.visitors) || document.getElementById('wall')?.dataset.layout === '8';
const newest = (/** @type {Row[]} */ list, /** @type {string} */ field) => list.reduce((/** @type {number | null} */ top, row) => (row[field] && (top === null || row[field] > top) ? row[field] : top), null);

/** The call on the stage: the one a desk put there, else the first; none while a desk shows something newer. @param {Row[]} open */
function callOnStage(open) {
  const wall = own();
  if (wall?.focus_kind === 'call') return open.find((row) => row.id === wall.focus_id) ?? open[0];
  const shown = wall?.focus_kind && (wall.steered_at ?? 0) > (newest(open, 'received_at') ?? 0);
  return shown ? undefined : open[0];
}

/** The alarm on the stage: the one a desk put there while it is open, else the first. @returns {Row | undefined} */
function sosOnStage() {
  const open = openSos();
  const wall = own();
  return (wall?.focus_kind === 'sos' ? open.find((row) => row.id === wall.focus_id) : undefined) ?? open[0];
}

/** Where the map belongs now; null: the whole district. @returns {Goal | null} */
function goal() {
  if (guests()) return null;
  const sos = sosOnStage();
  if (sos) return { key: `sos:${sos.id}`, kind: 'sos', lat: sos.lat, lon: sos.lon, unit: sos.unit };
  const call = callOnStage(openCalls());
  if (call) return { key: `call:${call.id}`, kind: 'call', lat: call.lat, lon: call.lon, unit: call.unit, beside: hasPicture(call) };
  const wall = own();
  if (!wall?.focus_kind) return null;
  const place = placeOf(wall.focus_kind, wall.focus_id);
  return { key: `${wall.focus_kind}:${wall.focus_id}:${wall.steered_at}:${place ? 'there' : 'nowhere'}`, kind: 'focus', ...place };
}

/** @param {string} kind @param {string} id @returns {{lat: number, lon: number, unit?: string} | null} */
function placeOf(kind, id) {
  if (kind === 'unit') {
    const unit = unitsSeen().get(Number(id));
    return unit && unit.row?.on_duty !== false ? { lat: unit.lat, lon: unit.lon, unit: id } : null;
  }
  const row = rows[kind]?.get(id);
  const place = typeof row?.lat === 'number' ? row : rows.area?.get(row?.area_id ?? '');
  return typeof place?.lat === 'number' ? { lat: place.lat, lon: place.lon, unit: row?.unit } : null;
}

/** Sends the map to the goal, once, and then only keeps a moving unit in the picture. */
export function stage() {
  const wall = document.getElementById('wall');
  if (!wall) return;
  const to = goal();
  wall.dataset.stage = to?.kind ?? '';
  wall.dataset.staged = to?.key ?? '';
  showComing(to?.kind === 'focus' ? '' : to?.key ?? '');
  wall.toggleAttribute('data-beside', Boolean(to?.beside));
  watch(to?.kind === 'focus' ? to.unit ?? '' : '');
  select(Number(to?.unit ?? 0));
  if (!mapReady()) return;
  const key = `${to?.key ?? ''}${to?.beside ? ':beside' : ''}`;
  const there = typeof to?.lat === 'number' && typeof to.lon === 'number';
  if (key === staged) {
    if (there && to.kind === 'focus' && to.unit) follow(to.lat ?? 0, to.lon ?? 0);
    if (!there && !guests() && unframed()) frameDistrict();
    return;
  }
  staged = key;
  if (!there) { frameDistrict(); return; }
  const [lat, lon] = [to.lat ?? 0, to.lon ?? 0];
  if (to.kind === 'focus') flyTo(lat, lon, 13.8);
  else look(lat, lon, zoomFor(to, lat, lon), to.kind === 'sos' ? OF_SOS : to.beside ? OF_CARD : OF_CALL);
}

let watched = '';

/** Whoever is shown large knows it: the server tells his phone and keeps a trace. @param {string} unit */
function watch(unit) {
  if (unit === watched || now.connection !== 'live') return;
  watched = unit;
  /** @type {any} */ (window).ecc?.say?.({ type: 'watch', unit: unit || null });
}

const ALONE_M = 800; // shown round somebody to whom nobody is near

/** So near that the next two teams are in the picture, never nearer than the streets round about. @param {Goal} to @param {number} lat @param {number} lon */
function zoomFor(to, lat, lon) {
  const far = Math.max(0, ...nearestTeams(rows[to.kind]?.get(to.key.slice(to.kind.length + 1)) ?? {}, 2).map(({ unit }) => apart(lat, lon, unit)));
  return reach(lat, far || ALONE_M, to.kind === 'sos' ? 330 : to.beside ? CARD_PX : 290);
}

// --- focus

/** What a desk has put here: its name, what it does, who put it when. */
export function focus() {
  const card = document.getElementById('focus');
  const wall = own();
  if (!card) return;
  card.hidden = guests() || !wall?.focus_kind || document.getElementById('wall')?.dataset.stage !== 'focus';
  if (card.hidden || !wall) return;
  const [name, state, detail] = named(wall.focus_kind, wall.focus_id);
  fill(card, h('h2', {}, name), state ? h('em', { 'data-sign': state }, sign(state), t(`wall.doing_${state}`)) : null, h('p', {}, detail), h('small', {}, steered()));
}

/** «周法官 10:02 指定»: whoever steered last. */
export function steered() {
  const wall = own();
  return wall?.steered_at && wall.steered_by && !guests() ? t('wall.steered', { who: wall.steered_by, time: hms(wall.steered_at) }) : '';
}

/** @param {string} kind @param {string} id @returns {[name: string, state: string, detail: string]} */
function named(kind, id) {
  const row = rows[kind]?.get(id);
  if (!row) return [t('wall.focus_gone'), '', ''];
  if (kind === 'unit') {
    const unit = unitsSeen().get(Number(id));
    if (!unit) return [row.label ?? id, row.status ?? '', t('wall.sos_no_fix')];
    const heard = stateOf(unit, serverNow());
    return [row.label ?? id, heard === 'online' ? row.status : heard, fixOf(seenFix(unit))];
  }
  if (kind === 'mission') return [[row.team, row.matter].filter(Boolean).join(' '), row.state === 'EN_ROUTE' ? 'way' : row.state === 'ON_SCENE' ? 'site' : '', [row.place, row.case_no].filter(Boolean).join('  ')];
  return [nameOf(row), kind === 'sos' ? 'sos' : 'calling', [row.place, row.matter].filter(Boolean).join('  ')];
}

/** @param {Row} row */
const nameOf = (row) => (row.team ? `${row.team} ${row.who ?? ''}` : row.who ?? '');
const ACCURACY_UNKNOWN = 65_535; // geo/packed.py

/** @param {{fixAt: number, accuracy: number}} unit @returns {Row} */
const seenFix = (unit) => ({ fix_at: unit.fixAt, accuracy_m: unit.accuracy === ACCURACY_UNKNOWN ? null : unit.accuracy });

/** The newest fix of who calls: that of his press, or what the map has had since. @param {Row} row @returns {Row} */
function lastFix(row) {
  const unit = unitsSeen().get(Number(row.unit));
  return unit?.fixAt && unit.fixAt > (row.fix_at ?? 0) ? seenFix(unit) : row;
}

/** @param {Row} row */
const fixOf = (row) => (row.fix_at ? t('wall.sos_fix', { age: ago(serverNow() - row.fix_at), metres: row.accuracy_m === undefined || row.accuracy_m === null ? '—' : Math.round(row.accuracy_m) }) : t('wall.sos_no_fix'));

// --- calls

/** @param {Row} row */
const saidOf = (row) => (row.owner ? t(row.answered_at ? 'wall.answered_by' : 'wall.owned_by', { who: row.owner }) : t(row.state === 'MISSED' ? 'wall.missed' : 'wall.nobody'));
/** @param {Row} row */
const stateOfCall = (row) => (row.answered_at ? 'answered' : row.owner_id ? 'taken' : 'ringing');

export function calls() {
  const open = guests() ? [] : openCalls();
  const first = openSos().length ? undefined : callOnStage(open);
  showCall(showsVideo() ? first : undefined, 'tile');
  const waiting = open.filter((row) => row !== first);
  const beside = first && hasPicture(first);
  const stills = others(first, waiting);
  const most = stills.size ? 0 : beside ? 1 : first ? CARDS_MOST : CARDS_MOST + 1;
  const cards = waiting.slice(0, most).map(card);
  const more = waiting.length > cards.length && !stills.size ? [h('p', { class: 'more' }, t('wall.more', { n: waiting.length - cards.length }))] : [];
  const near = stills.size && beside ? TEAMS_NEAR - 1 : TEAMS_NEAR;
  fill(document.getElementById('calls-body'), ...(first ? [scene(first), h('aside', {}, caseCard(first), beside ? placeCard(first) : null, nearCard(first, near), ...cards, ...more)] : [...cards, ...more]));
  head('calls', newest(all('call'), 'placed_at'), open.length ? 'live' : 'empty');
}

/** The other pictures, as the grid wants them. @param {Row | undefined} first @param {Row[]} waiting @returns {Set<string>} those that stand there as stills */
function others(first, waiting) {
  const feeds = first && showsVideo() ? feedsBeside(first, waiting) : [];
  const grid = gridOf(Boolean(first && hasPicture(first)));
  const wall = document.getElementById('wall');
  if (wall) wall.dataset.grid = first ? grid : '';
  showCells(first && grid === 'quad' ? feeds : null);
  return showStills(grid === 'main' ? feeds : [], waiting.length);
}

/** A call that waits. @param {Row} row */
function card(row) {
  return h('article', { class: 'call waiting', 'data-state': stateOfCall(row), 'data-call': row.id },
    h('header', {}, h('strong', {}, t('wall.call')), h('b', {}, nameOf(row)), h('time', {}, span(serverNow() - row.placed_at))),
    h('footer', {}, sign(row.owner_id ? 'done' : 'clock'), saidOf(row)));
}

/** The call on the stage: the map framed round the caller, and below it how far the call has come. @param {Row} row */
function scene(row) {
  const state = stateOfCall(row);
  const word = t(row.state === 'MISSED' && !row.owner_id ? 'wall.call_missed' : `wall.call_${state}`);
  const order = orderOf(row.id);
  return h('article', { class: 'call staged', 'data-state': state, 'data-call': row.id },
    h('div', { class: 'scene', 'data-picture': hasPicture(row) },
      h('header', {}, h('strong', {}, t('wall.call')), h('b', {}, nameOf(row)), h('span', {}, row.number ?? ''), h('em', { class: 'picture' }, row.state === 'RECONNECTING' && !row.picture_closed_at ? '' : pictureWord(row)), lamp(row), ...chips(row)),
      h('div', { class: 'foot' }, thereLine(row), doing(row), h('b', {}, row.place ?? t('wall.place_unknown')), h('span', {}, [fixOf(lastFix(row)), t('wall.staged', { time: hms(row.received_at ?? row.placed_at) })].join('  ')))),
    order ? orderBlock(order) : h('div', { class: 'order' },
      h('div', { class: 'word' }, sign(state === 'answered' ? 'done' : 'clock'), h('b', {}, word), h('time', {}, span(serverNow() - (row.answered_at ?? row.placed_at)))),
      h('div', { class: 'steps' }, step('placed', row.placed_at, true), step('received', row.received_at, true), step('owned', row.owned_at, Boolean(row.owned_at)), step('answered', row.answered_at, Boolean(row.answered_at)), step('ended', row.ended_at, false)),
      h('footer', {}, saidOf(row))));
}

/** Who is there, who waits to come in, who commands. @param {Row} row */
function thereLine(row) {
  const waits = partsOf(row.id, 'WAITING').map((one) => t('wall.leader_waits', { who: nameOfPart(one) }));
  const there = names(row.id);
  const line = [there.length ? t('wall.there', { names: there.join('、') }) : '', ...waits, row.commander ? t('wall.in_command', { who: row.commander }) : ''].filter(Boolean).join('  ');
  return line ? h('span', { class: 'there' }, line) : null;
}

/** Who was sent, how far that has come, and its clock. @param {Row} order */
function orderBlock(order) {
  const gone = order.state === 'ACCEPTED' || order.state === 'ARRIVED';
  const far = t(order.estimated ? 'wall.order_far' : 'wall.order_by_road', { km: (order.distance_m / 1000).toFixed(1), n: Math.max(1, Math.round(order.eta_s / 60)) });
  return h('div', { class: 'order', 'data-order': order.id, 'data-state': order.state },
    h('div', { class: 'word' }, sign(gone ? (order.state === 'ARRIVED' ? 'done' : 'way') : 'clock'), h('b', {}, t(`wall.order_${order.state}`)), h('time', {}, span(orderTime(order)))),
    h('div', { class: 'steps' }, step('sent', order.sent_at, true), step('delivered', order.delivered_at, Boolean(order.delivered_at)),
      step(order.state === 'DECLINED' ? 'declined' : 'accepted', order.answered_at, Boolean(order.answered_at)), step('arrived', order.arrived_at, Boolean(order.arrived_at))),
    h('footer', {}, [order.number, t('wall.order', { team: order.team ?? '' }), order.distance_m === undefined ? '' : far].filter(Boolean).join('  ')));
}

/** @param {string} name @param {number | null} at @param {boolean} done */
const step = (name, at, done) => h('span', { 'data-done': done }, sign(done ? 'done' : 'waits'), h('b', {}, t(`wall.step_${name}`)), h('i', {}, at ? hms(at) : '–'));

/** Where the caller is, while the picture has the stage: a window to the map that lies below everything. @param {Row} row */
function placeCard(row) {
  const { fix_at } = lastFix(row);
  return h('section', { class: 'place-card' }, h('header', {}, h('h2', {}, t('video.place')), h('span', { class: 'age' }, fix_at ? ago(serverNow() - fix_at) : t('wall.sos_no_fix'))));
}

/** What the caller is there for. @param {Row} row */
function caseCard(row) {
  const mission = rows.mission?.get(row.mission_id ?? '');
  const known = rows.case?.get(mission?.case_id ?? '') ?? {};
  const money = known.claim_cents ? t('wall.money', { n: (known.claim_cents / 1_000_000).toFixed(1) }) : '';
  const lines = [['matter', row.matter ?? mission?.matter], ['applicant', known.applicant], ['debtor', known.debtor], ['claim', money]].filter(([, text]) => text);
  return h('section', { class: 'case-card' }, h('h2', {}, row.case_no ?? t('wall.no_case')), ...lines.map(([name, text]) => h('p', {}, h('span', {}, t(`wall.case_${name}`)), h('b', {}, text))));
}

/** @param {Row} row @param {number} most */
function nearCard(row, most) {
  const teams = nearestTeams(row, most);
  return h('section', { class: 'near-card' }, h('header', {}, h('h2', {}, t('wall.nearest')), h('span', { class: 'estimate' }, foundBy(teams))), ...(teams.length ? teams.map(nearRow) : [h('p', { class: 'nothing' }, t('wall.near_none'))]));
}

/** @param {import('./nearest.mjs').Near} near */
const nearRow = ({ team, metres, minutes, state }) => h('div', { class: 'near' }, h('b', {}, team.name ?? ''), h('span', {}, t('wall.km', { km: (metres / 1000).toFixed(1) })), h('span', {}, t('wall.about_minutes', { n: minutes })), h('em', { 'data-sign': state }, sign(state), t(`wall.doing_${state}`)));

// --- SOS

export function alarm() {
  const row = sosOnStage();
  const others = openSos().filter((other) => other !== row);
  const panel = document.querySelector('[data-panel="alarm"]');
  if (panel instanceof HTMLElement) panel.hidden = !row;
  document.getElementById('wall')?.toggleAttribute('data-sos', Boolean(row));
  if (row) fill(document.getElementById('alarm-body'), ...told(row, others));
  near(row);
  head('alarm', row?.raised_at ?? null, row ? 'live' : 'empty');
  sound();
}

/** @param {Row} row @param {Row[]} others @returns {(Node | null)[]} */
function told(row, others) {
  const title = h('h1', {}, sign('sos'), t('wall.sos'), h('time', {}, span(serverNow() - row.raised_at)));
  if (guests()) return [title, h('p', {}, t('wall.sos_before_guests'))];
  const battery = row.battery_pct === undefined || row.battery_pct === null ? '' : t('wall.battery', { n: row.battery_pct });
  return [title, h('h2', {}, row.who ?? '', h('small', {}, row.team ?? '')), h('p', { class: 'where' }, row.place ?? t('wall.place_unknown')),
    h('p', {}, [fixOf(lastFix(row)), battery].filter(Boolean).join('  ')), h('p', {}, [row.case_no, row.matter].filter(Boolean).join(' ')),
    others.length ? h('p', { class: 'others' }, t('wall.more_sos', { n: others.length })) : null, besideBlock(row),
    h('div', { class: 'owner', 'data-owned': Boolean(row.owner_id) }, row.owner ? t('wall.owned_by', { who: row.owner }) : t('wall.nobody'), h('time', {}, span((row.owned_at ?? serverNow()) - row.received_at)))];
}

/** @param {Row} row */
function besideBlock(row) {
  const there = beside(row);
  const far = Math.max(5, Math.ceil((there[there.length - 1]?.metres ?? 0) / 5) * 5);
  const names = there.slice(0, 3).map(({ unit }) => unit.row?.who ?? String(unit.no)).join('、');
  const text = !there.length ? t('wall.beside_none') : there.length > 3 ? t('wall.beside_many', { names, n: there.length, metres: far }) : t('wall.beside_few', { names, metres: far });
  return h('div', { class: 'beside' }, h('span', {}, t('wall.beside')), h('b', {}, text));
}

/** Who could come, beside the alarm. @param {Row | undefined} row */
function near(row) {
  const place = document.getElementById('near');
  if (!place) return;
  const teams = row && !guests() ? nearestTeams(row, TEAMS_NEAR) : [];
  place.hidden = !teams.length;
  fill(place, h('header', {}, h('h2', {}, t('wall.nearest')), h('span', { class: 'estimate' }, foundBy(teams))), ...teams.map(nearRow));
}

export function sound() {
  if (!sounds(own())) { ring(''); return; }
  const unowned = openSos().filter((one) => !one.owner_id);
  const help = all('help').some((one) => !one.taken_at); // a desk only: no wall has such rows
  ring(now.connection !== 'live' && now.connection !== 'waiting' ? '' : unowned.length ? (unowned.some((one) => one.level) ? 'again' : 'sos') : help || openCalls().some((one) => (!one.owner_id && !one.answered_at) || wantsNext(orderOf(one.id))) ? 'call' : '');
}
