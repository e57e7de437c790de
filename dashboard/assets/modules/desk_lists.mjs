// The desk's lists: who waits (mine, nobody's, others'), today's missions, the cases that changed.

import { all, now, rows, serverNow } from './state.mjs';
import { hm, hms, span } from './clock.mjs';
import { around, clock, keep, others } from './desk_draw.mjs';
import { choose, desk, isChosen } from './desk_state.mjs';
import { h, sign } from './draw.mjs';
import { head } from './heads.mjs';
import { openCalls, openSos } from './stage.mjs';
import { leaderOf, orderOf, ringsOut, undelivered, wantsNext } from './talks.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row */
/** @typedef {[kind: string, row: Row]} One */

const QUEUE_MOST = 5;
const LIST_MOST = 6;

/** @param {Row} row */
export const beganAt = (row) => row.placed_at ?? row.raised_at;
/** @param {Row} row */
export const nameOf = (row) => [row.team, row.who].filter(Boolean).join(' ');
/** @param {Row} row @returns {'me' | 'nobody' | 'other'} */
export const ownerOf = (row) => (!row.owner_id ? 'nobody' : row.owner_id === now.hello.me?.id ? 'me' : 'other');
const newest = (/** @type {One[]} */ list, /** @type {(row: Row) => number | undefined} */ of) => list.reduce((/** @type {number | null} */ top, [, row]) => Math.max(top ?? 0, of(row) ?? 0) || null, null);

/** An alarm that nobody has first, then mine, then what waits, then others'. @returns {One[]} */
export function waiting() {
  /** @type {One[]} */
  const open = [...openSos().map((row) => /** @type {One} */ (['sos', row])), ...[...openCalls(), ...all('call').filter(ringsOut)].map((row) => /** @type {One} */ (['call', row]))];
  const rank = (/** @type {One} */ [kind, row]) => (ownerOf(row) === 'nobody' ? (kind === 'sos' ? 0 : 2) : ownerOf(row) === 'me' ? 1 : 3);
  return open.sort((a, b) => rank(a) - rank(b) || beganAt(a[1]) - beganAt(b[1]));
}

const OVER = ['FINISHED', 'FRUITLESS', 'CANCELLED'];

/** Those that are open first, by their plan. @returns {One[]} */
export const missions = () => all('mission').sort((a, b) => Number(OVER.includes(a.state)) - Number(OVER.includes(b.state)) || (a.planned_from_at ?? 0) - (b.planned_from_at ?? 0)).map((row) => ['mission', row]);
/** @returns {One[]} */
export const cases = () => all('case').sort((a, b) => Number(Boolean(a.closed_at)) - Number(Boolean(b.closed_at)) || (b.changed_at ?? 0) - (a.changed_at ?? 0)).map((row) => ['case', row]);

/** @type {Record<string, () => One[]>} */
export const LISTS = { queue: waiting, missions, cases };

/** Where the chosen one stands. @param {One[]} list */
const placeIn = (list) => list.findIndex(([kind, row]) => isChosen(kind, row.id));

/** The next one of the list that the arrows go through. @param {number} by */
export function stepList(by) {
  const list = LISTS[desk.zone]?.() ?? [];
  const at = placeIn(list);
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, at + by))];
  if (next) choose(next[0], next[1].id);
}

/** @param {string} name @param {One[]} list @param {(one: One) => HTMLElement} draw @param {number} most @param {string} none @param {unknown[]} [also] */
function drawList(name, list, draw, most, none, also = []) {
  const { shown, before, after } = around(list, placeIn(list), most);
  const connecting = now.connection === 'connecting';
  keep(document.getElementById(`${name}-body`), [connecting, shown, before, after, desk.kind, desk.id, ...also], () => (shown.length
    ? [others(before), ...shown.map(draw), others(after)]
    : [h('p', { class: 'nothing' }, t(connecting ? 'wall.connecting' : none))]));
}

/** @param {string} kind @param {Row} row @param {Record<string, string | boolean | null>} attributes @param {(Node | string | null)[]} inside */
function choosing(kind, row, attributes, inside) {
  const button = h('button', { type: 'button', 'data-id': `${kind}:${row.id}`, 'aria-current': isChosen(kind, row.id) ? 'true' : null, [`data-${kind}`]: row.id, ...attributes }, ...inside);
  button.onclick = () => choose(kind, row.id);
  return button;
}

// --- calls and alarms

export function drawQueue() {
  const list = waiting();
  drawList('queue', list, card, list.length > QUEUE_MOST ? QUEUE_MOST - 1 : QUEUE_MOST, 'desk.queue_none', [now.hello.me?.id, list.map(([, row]) => [orderOf(row.id)?.state, leaderOf(row.id)?.state, leaderOf(row.id)?.verified_at]), list.map(([, row]) => rows.unit?.get(row.unit)?.status)]);
  head('queue', newest(list, beganAt), list.length ? 'live' : 'empty');
  const done = all('call').filter((row) => row.ended_at).length + all('sos').filter((row) => row.closed_at).length;
  const longest = all('call').reduce((most, row) => Math.max(most, (row.answered_at ?? row.ended_at ?? serverNow()) - row.placed_at), 0);
  keep(document.getElementById('queue-told'), [list.length, done, Math.floor(longest / 1000)], () => [
    h('p', {}, h('span', {}, t('desk.waiting_now')), h('b', {}, list.length)), h('p', {}, h('span', {}, t('desk.done_today')), h('b', {}, done)),
    h('p', {}, h('span', {}, t('desk.longest')), h('b', {}, longest ? span(longest) : '—'))]);
}

/** @param {One} one */
function card([kind, row]) {
  const owner = ownerOf(row);
  const shape = kind === 'sos' ? 'sos' : rows.unit?.get(row.unit)?.status ?? 'idle';
  const escalated = (owner === 'nobody' && (kind === 'sos' ? row.level : row.state === 'MISSED' ? 1 : 0)) || (kind === 'call' && (wantsNext(orderOf(row.id)) || undelivered(orderOf(row.id))) ? 1 : 0);
  return choosing(kind, row, { class: 'card', 'data-kind': kind, 'data-owner': owner, 'data-state': row.state, 'data-level': escalated ? String(escalated) : null }, [
    sign(shape), h('b', {}, ...(kind === 'sos' ? [h('em', {}, t('wall.sos')), [row.who, row.team].filter(Boolean).join(' ')] : [nameOf(row)])), clock(row.answered_at ?? beganAt(row)),
    h('span', {}, [String(row.place ?? '').split(' ')[0], row.matter].filter(Boolean).join(' ') || row.number), said(kind, row, owner)]);
}

/** Whose it is, or how long it has been nobody's. @param {string} kind @param {Row} row @param {string} owner */
function said(kind, row, owner) {
  if (kind === 'call' && ringsOut(row)) return h('span', { class: 'unowned' }, sign('clock'), t('desk.ringing_out'));
  const order = kind === 'call' ? orderOf(row.id) : undefined;
  if (wantsNext(order) || undelivered(order)) return h('span', { class: 'unowned' }, sign('clock'), orderSaid(/** @type {Row} */ (order)));
  const leader = kind === 'call' ? leaderOf(row.id) : undefined;
  if (leader?.state === 'WAITING') return h('span', { class: 'unowned' }, sign('clock'), leaderSaid(leader));
  if (owner === 'me') return h('span', { class: 'plate' }, t(row.answered_at ? 'desk.talking' : 'desk.mine'));
  if (owner === 'other') return h('span', {}, t('desk.owned', { who: row.owner, time: hms(row.owned_at) }));
  const key = kind === 'sos' ? (row.level ? 'desk.sos_level' : 'wall.nobody') : row.state === 'MISSED' ? 'desk.missed' : 'wall.nobody';
  return h('span', { class: 'unowned' }, sign('clock'), t(key, { n: row.level }));
}

/** @param {Row} order */
export const orderSaid = (order) => t(undelivered(order) ? 'desk.order_undelivered' : `desk.order_${order.state}`, { team: order.team ?? '', why: order.reason ? t(`row.reason.${order.reason}`) : '' });
/** @param {Row} leader */
export const leaderSaid = (leader) => t(`desk.leader_${leader.verified_at ? 'VERIFIED' : leader.state}`, { who: leader.who ?? '', digits: leader.digits ?? '' });

// --- missions and cases

/** @param {Row} row @returns {[sign: string, word: string, at: number | null]} */
export function stateOfMission(row) {
  if (row.state === 'EN_ROUTE') return ['way', t('wall.on_the_way'), row.departed_at];
  if (row.state === 'ON_SCENE') return ['site', t('wall.at_site'), row.arrived_at];
  if (row.state === 'ASSIGNED') return ['idle', row.planned_from_at ? t('wall.mission_waits', { time: hm(row.planned_from_at) }) : t('wall.mission_planned'), null];
  const word = row.state === 'FRUITLESS' ? 'wall.mission_fruitless' : row.state === 'CANCELLED' ? 'desk.cancelled' : 'wall.mission_finished';
  return [row.state === 'FINISHED' ? 'done' : 'silent', t(word), row.ended_at];
}

export function drawMissions() {
  const list = missions();
  drawList('missions', list, ([kind, row]) => {
    const [shape, word, at] = stateOfMission(row);
    return choosing(kind, row, { class: 'row' }, [sign(shape), h('b', {}, row.team ?? ''), h('span', { class: 'wide' }, row.matter ?? ''), h('em', { 'data-sign': shape }, [row.on_stage ? t('desk.live_staged_short') : '', word, at ? hm(at) : ''].filter(Boolean).join(' '))]);
  }, LIST_MOST, 'wall.missions_none');
  head('missions', newest(list, (row) => row.changed_at), list.length ? 'live' : 'empty');
}

/** @param {Row} row @returns {[sign: string, word: string]} */
export function stateOfCase(row) {
  if (row.closed_at) return ['done', t('wall.case_closed')];
  if (row.side_state) return ['clock', t(`row.side.${row.side_state}`)];
  return [row.mission_id ? 'way' : 'idle', t(`row.stage.${row.stage}`)];
}

export function drawCases() {
  const list = cases();
  drawList('cases', list, ([kind, row]) => {
    const [shape, word] = stateOfCase(row);
    return choosing(kind, row, { class: 'row' }, [sign(shape), h('span', { class: 'wide number' }, row.case_no ?? ''), h('em', { 'data-sign': shape }, word)]);
  }, LIST_MOST, 'wall.cases_none');
  head('cases', newest(list, (row) => row.changed_at), list.length ? (now.parts.case_system?.up === false ? 'stale' : 'live') : 'empty');
}
