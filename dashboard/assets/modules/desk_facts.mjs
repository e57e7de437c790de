// What is known of the chosen one, for whoever must decide: who, where, since when, what for, how good the fix is, whose it is.

import { now, rows, serverNow } from './state.mjs';
import { hm, hms } from './clock.mjs';
import { age, clock } from './desk_draw.mjs';
import { batteryOf, doing } from './desk_find.mjs';
import { leaderSaid, beganAt, nameOf, orderSaid, ownerOf, stateOfCase, stateOfMission } from './desk_lists.mjs';
import { h, sign } from './draw.mjs';
import { chips } from './stage_video.mjs';
import { lamp, leaderOf, names, orderOf, pictureWord, ringsOut } from './talks.mjs';
import { t } from './text.mjs';
import { unitsSeen } from './units.mjs';

/** @typedef {Record<string, any>} Row */

const join = (/** @type {unknown[]} */ ...parts) => parts.filter(Boolean).join('  ');
const money = (/** @type {number} */ cents) => t('wall.money', { n: (cents / 1_000_000).toFixed(1) });

/** @param {string} shape @param {string} title @param {string} word @param {number | null | undefined} since @param {(Node | string | null)[]} lines */
const told = (shape, title, word, since, lines) => [h('h3', {}, sign(shape), h('b', {}, title), h('em', { 'data-sign': shape }, word), since ? clock(since) : null),
  ...lines.filter(Boolean).map((line) => h('p', {}, line))];

/** @param {string} kind @param {Row} row @returns {Node[]} */
export function facts(kind, row) {
  if (kind === 'mission') return missionFacts(row);
  if (kind === 'case') return caseFacts(row);
  if (kind === 'unit') return unitFacts(row);
  return callFacts(kind, row);
}

/** How old the newest fix is, and the battery. @param {string} no @param {number | undefined} fixAt */
function fixLine(no, fixAt) {
  const unit = unitsSeen().get(Number(no));
  const at = Math.max(unit?.fixAt ?? 0, fixAt ?? 0);
  if (!at) return h('span', {}, t('wall.sos_no_fix'));
  const accuracy = unit?.accuracy ? t('desk.accuracy', { metres: Math.round(unit.accuracy) }) : '';
  return h('span', { class: 'parts' }, age(at, 'desk.fix'), h('span', {}, accuracy), h('span', {}, batteryOf(no)));
}

/** @param {string} kind @param {Row} row */
function callFacts(kind, row) {
  const going = row.responding_team_id ? rows.team?.get(row.responding_team_id)?.name : '';
  const owner = ownerOf(row);
  const whose = owner === 'nobody' ? h('span', { class: 'unowned' }, sign('clock'), t('wall.nobody')) : h('span', { class: owner === 'me' ? 'plate' : '' }, t(owner === 'me' ? 'desk.mine_since' : 'desk.owned', { who: row.owner, time: hms(row.owned_at) }));
  const word = kind === 'sos' ? t(`desk.sos_${row.state}`) : ringsOut(row) ? t('desk.ringing_out') : t(`desk.call_${row.state}`);
  return told(kind === 'sos' ? 'sos' : 'idle', nameOf(row), word, row.answered_at ?? beganAt(row), [
    join(row.number, row.place ?? t('wall.place_unknown')), join(row.case_no, row.matter), fixLine(row.unit, row.fix_at),
    kind === 'call' ? talkLine(row) : null, h('span', { class: 'parts' }, whose, kind === 'call' ? lamp(row) : null, ...(kind === 'call' && !row.ended_at ? chips(row) : []), going ? h('span', {}, t('desk.going', { team: going })) : null)]);
}

/** Who is there, what is wrong with the picture, who was sent, who waits to come in. @param {Row} row */
function talkLine(row) {
  const [order, leader, there] = [orderOf(row.id), leaderOf(row.id), names(row.id)];
  const staged = rows.mission?.get(row.mission_id ?? '')?.on_stage;
  const line = join(staged ? t('desk.live_staged') : '', pictureWord(row), leader ? leaderSaid(leader) : '', order ? orderSaid(order) : '', row.commander ? t('desk.in_command', { who: row.commander }) : '', there.length ? t('desk.there', { names: there.join('、') }) : '');
  return line ? h('span', { class: 'talk-line' }, line) : null;
}

/** @param {Row} row */
function missionFacts(row) {
  const [shape, word, at] = stateOfMission(row);
  const open = ['ASSIGNED', 'EN_ROUTE', 'ON_SCENE'].includes(row.state);
  return told(shape, join(row.team, row.matter), word, open ? at : null, [
    row.on_stage ? t('desk.live_staged') : '',
    join(row.no, row.place), join(row.case_no), row.planned_from_at ? t('desk.planned', { from: hm(row.planned_from_at), to: row.planned_to_at ? hm(row.planned_to_at) : '—' }) : '',
    join(row.vehicle, row.departed_at ? t('desk.left_at', { time: hms(row.departed_at) }) : '', row.arrived_at ? t('desk.came_at', { time: hms(row.arrived_at) }) : '', row.ended_at ? t('desk.over_at', { time: hms(row.ended_at) }) : '')]);
}

/** @param {Row} row */
function caseFacts(row) {
  const [shape, word] = stateOfCase(row);
  const side = row.side_state ? t('desk.under', { stage: t(`row.stage.${row.stage}`) }) : '';
  return told(shape, row.case_no ?? '', word, null, [
    join(row.cause, row.matter, side), join(row.applicant ? t('desk.applicant', { who: row.applicant }) : '', row.debtor ? t('desk.debtor', { who: row.debtor }) : ''),
    t('desk.recovered_of', { part: money(row.recovered_cents ?? 0), whole: money(row.claim_cents ?? 0) }),
    join(row.judge, row.node ? t(`row.node.${row.node}`) : '', row.closing_kind ? t(`row.closing.${row.closing_kind}`) : ''),
    row.conclusion ? t('desk.concluded', { text: row.conclusion }) : '']);
}

/** @param {Row} row */
function unitFacts(row) {
  const [shape, word] = doing(row.no);
  const mission = rows.mission?.get(row.mission_id ?? '');
  const refused = now.doubtful[row.no];
  const silent = row.silent_until_at > serverNow() ? t('desk.silent_until', { time: hm(row.silent_until_at) }) : '';
  return told(shape, row.label ?? row.no, word, null, [
    t('desk.unit_number', { no: row.no }), row.on_duty ? fixLine(row.no, undefined) : t('desk.off_duty'), mission ? join(mission.matter, mission.place) : t('desk.no_mission'), silent,
    refused ? t('desk.doubtful_why', { n: refused.n, why: refused.why }) : row.on_duty ? t('desk.followed') : '']);
}
