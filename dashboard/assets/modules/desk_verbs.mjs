// The verbs of the chosen one on the number pad: they stand at fixed keys and never move, the next likely one is the white plate.

import { now, rows } from './state.mjs';
import { ask } from './desk_ask.mjs';
import { keep } from './desk_draw.mjs';
import { askLeader } from './desk_leader.mjs';
import { askJudge, askLine, askNode } from './desk_dialogs.mjs';
import { desk, steps } from './desk_state.mjs';
import { ownerOf } from './desk_lists.mjs';
import { numberOf, steered } from './desk_walls.mjs';
import { h } from './draw.mjs';
import { nearestTeams } from './nearest.mjs';
import { leaderOf, orderOf, ringsOut, wantsNext } from './talks.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row */
/** `sure`: it cannot be undone, so it is pressed twice. `off`: not possible now; `quiet`: done already, or somebody else's.
 * @typedef {{name: string, verb: string, object?: string, next?: boolean, off?: boolean, quiet?: boolean, sure?: boolean, go: () => void}} Verb */

const ARMED_MS = 4000;
const SHOWN = ['call', 'sos', 'mission', 'unit'];

/** @param {Record<string, unknown>} asked */
const send = (asked) => () => void ask(asked);

/** Nine places, from 1 to 9. @param {string} kind @param {Row} row @returns {(Verb | null)[]} */
function verbsOf(kind, row) {
  if (kind === 'case') return desk.menu ? choices(row) : caseVerbs(row);
  const own = kind === 'call' ? callVerbs(row) : kind === 'sos' ? sosVerbs(row) : kind === 'mission' ? missionVerbs(row) : kind === 'unit' ? unitVerbs(row) : [];
  return [...Array.from({ length: 7 }, (_, i) => own[i] ?? null), ...wallVerbs(kind, row)];
}

/** @param {Row} row @returns {(Verb | null)[]} */
function callVerbs(row) {
  const talks = ['ANSWERED', 'LIVE', 'DEGRADED', 'RECONNECTING'].includes(row.state);
  const owner = ownerOf(row);
  const go = (/** @type {string} */ verb) => ({ name: t(`desk.${verb}`), verb, go: send({ verb, id: row.id }) });
  return [
    { ...go('take_call'), next: owner === 'nobody', quiet: owner !== 'nobody', object: owner === 'other' ? row.owner : '' },
    { ...go('answer_call'), next: owner === 'me' && !row.answered_at, quiet: Boolean(row.answered_at) || owner === 'other', off: ringsOut(row), object: row.answered_at ? t('desk.answered') : '' },
    { ...go('end_call'), next: Boolean(row.answered_at) && Boolean(orderOf(row.id)), off: !row.answered_at && !ringsOut(row) },
    supportVerb(row),
    leaderVerb(row),
    { ...go('whisper'), off: !talks, go: () => askLine('whisper', (text) => ask({ verb: 'whisper', id: row.id, text })) },
    row.commander_id && row.commander_id === now.hello.me?.id ? { ...go('release_command') } : { ...go('command'), off: !talks, quiet: Boolean(row.commander_id), object: row.commander ?? '' },
  ];
}

/** One key sends the nearest free team, and again the next one when that does not answer. @param {Row} row @returns {Verb} */
function supportVerb(row) {
  const order = orderOf(row.id);
  const [near] = nearestTeams(row, 9).filter(({ team, state }) => ['idle', 'back'].includes(state) && team.id !== order?.team_id);
  const next = !order || wantsNext(order);
  return { name: t(wantsNext(order) ? 'desk.support_next' : 'desk.support'), verb: 'support', off: ringsOut(row), quiet: !next, next: next && Boolean(row.answered_at),
    object: next ? (near ? t('desk.team_minutes', { team: near.team.name, n: near.minutes }) : '') : order?.team ?? '', go: send({ verb: 'support', id: row.id }) };
}

/** Invites a leader; lets in the one who waits, once he has typed his digits: a key that comes a little early waits for that. @param {Row} row @returns {Verb | null} */
function leaderVerb(row) {
  const leader = leaderOf(row.id);
  if (leader?.state !== 'WAITING') return { name: t('desk.leader'), verb: 'leader', object: leader ? leader.who ?? '' : '', off: ringsOut(row), go: () => void askLeader(row.id) };
  return { name: t('desk.admit'), verb: 'admit', object: leader.who ?? '', next: true, off: !leader.verified_at, go: send({ verb: 'admit', id: leader.id }) };
}

/** The centre rings: nothing is seen or heard before he accepts on his phone. @param {Row} row @returns {(Verb | null)[]} */
function unitVerbs(row) {
  const busy = Boolean(row.call_id);
  return [
    row.kind === 'OFFICER' ? { name: t('desk.ring_unit'), verb: 'ring_unit', off: busy, go: send({ verb: 'ring_unit', id: row.no }) } : null,
    row.team_id ? { name: t('desk.ring_team'), verb: 'ring_team', object: row.team ?? '', sure: true, go: send({ verb: 'ring_team', id: row.team_id }) } : null,
  ];
}

/** @param {Row} row @returns {(Verb | null)[]} */
function sosVerbs(row) {
  const owner = ownerOf(row);
  const near = nearestTeams(row, 3);
  const respond = (/** @type {number} */ i) => {
    const team = near[i];
    return { name: t(i ? 'desk.respond_other' : 'desk.respond_sos'), verb: 'respond_sos', object: team ? t('desk.team_minutes', { team: team.team.name, n: team.minutes }) : '', off: owner === 'nobody',
      quiet: Boolean(team) && team?.team.id === row.responding_team_id, next: !i && row.state === 'ACKED', go: send({ verb: 'respond_sos', id: row.id, team: team?.team.id ?? null }) };
  };
  return [
    { name: t('desk.take_sos'), verb: 'take_sos', next: owner === 'nobody', quiet: owner !== 'nobody', object: owner === 'other' ? row.owner : '', go: send({ verb: 'take_sos', id: row.id }) },
    respond(0),
    { name: t('desk.resolve_sos'), verb: 'resolve_sos', next: row.state === 'RESPONDING', off: owner === 'nobody', sure: true, go: send({ verb: 'resolve_sos', id: row.id }) },
    { name: t('desk.false_sos'), verb: 'false_sos', off: owner === 'nobody', sure: true, go: send({ verb: 'false_sos', id: row.id }) },
    near[1] ? respond(1) : null,
    near[2] ? respond(2) : null,
  ];
}

const MISSION = ['departed', 'arrived', 'fruitless', 'finished', 'cancelled'];
const LIKELY = /** @type {Record<string, string>} */ ({ ASSIGNED: 'departed', EN_ROUTE: 'arrived', ON_SCENE: 'finished' });

/** @param {Row} row @returns {(Verb | null)[]} */
function missionVerbs(row) {
  const possible = steps().mission[row.state] ?? [];
  const team = row.team_id ? { name: t('desk.ring_team'), verb: 'ring_team', object: row.team ?? '', sure: true, go: send({ verb: 'ring_team', id: row.team_id }) } : null;
  return [...MISSION.map((step) => ({ name: t(`desk.mission_${step}`), verb: `mission_${step}`, off: !possible.includes(step), next: LIKELY[row.state] === step, sure: true, go: send({ verb: `mission_${step}`, id: row.id }) })), team];
}

/** On the wall, and off it again: for every kind at the same keys. @param {string} kind @param {Row} row @returns {(Verb | null)[]} */
function wallVerbs(kind, row) {
  const wall = steered();
  if (!wall || !SHOWN.includes(kind)) return [null, null];
  const id = kind === 'unit' ? row.no : row.id;
  const there = wall.focus_kind === kind && wall.focus_id === id;
  const object = `${numberOf(wall)} ${wall.name ?? ''}`;
  return [
    { name: t('desk.show'), verb: 'show', object: there ? t('desk.shown') : object, quiet: there, next: kind === 'unit' && !there, go: send({ verb: 'show', id: wall.id, kind, row: id }) },
    { name: t('desk.take_off'), verb: 'take_off', object, off: !wall.focus_kind, go: send({ verb: 'take_off', id: wall.id }) },
  ];
}

// --- cases: a verb that needs a word opens its choices on the same keys

/** @param {Row} row @returns {(Verb | null)[]} */
function caseVerbs(row) {
  const closed = Boolean(row.closed_at);
  const stopped = steps().stops.includes(row.side_state);
  const opens = (/** @type {string} */ menu, /** @type {boolean} */ off, next = false) => ({ name: t(`desk.case_${menu}`), verb: `case_${menu}`, object: '…', off: closed || off, next, go: () => { desk.menu = menu; } });
  const tell = { case_no: row.case_no };
  return [
    opens('stage', stopped, !closed && !stopped),
    { ...opens('node', stopped), go: () => askNode(steps().nodes, (node) => ask({ verb: 'case_node', node, ...tell })) },
    opens('suspended', false),
    { name: t('desk.case_resumed'), verb: 'case_resumed', off: closed || !row.side_state, next: stopped, sure: true, go: send({ verb: 'case_resumed', ...tell }) },
    { ...opens('assigned', stopped), go: () => askJudge((judge) => ask({ verb: 'case_assigned', judge, ...tell })) },
    opens('closed', false), null, null, null,
  ];
}

/** @param {Row} row @returns {(Verb | null)[]} */
function choices(row) {
  const { case: stages, side, closing } = steps();
  const tell = { verb: `case_${desk.menu}`, case_no: row.case_no };
  const words = desk.menu === 'stage' ? (stages[row.stage] ?? []).map((one) => ({ one, text: t(`row.stage.${one}`), field: 'stage' }))
    : desk.menu === 'suspended' ? side.filter((one) => one !== row.side_state).map((one) => ({ one, text: t(`row.side.${one}`), field: 'side_state' }))
      : closing.map((one) => ({ one, text: t(`row.closing.${one}`), field: 'closing_kind' }));
  const made = words.slice(0, 9).map(({ one, text, field }) => ({ name: text, verb: `${desk.menu}:${one}`, sure: true, go: () => { desk.menu = ''; void ask({ ...tell, [field]: one }); } }));
  return Array.from({ length: 9 }, (_, i) => made[i] ?? null);
}

// --- drawing and pressing

/** @param {string} kind @param {Row} row */
export function drawVerbs(kind, row) {
  const place = document.getElementById('verb-keys');
  if (performance.now() > desk.armedUntil) desk.armed = '';
  const verbs = verbsOf(kind, row);
  const said = verbs.map((verb) => verb && { ...verb, go: 0, armed: desk.armed === verb.verb });
  keep(place, [kind, desk.id, desk.menu, now.hello.me?.id, steered()?.id, rows.wall?.get(desk.wall)?.focus_id, said], () => [
    ...verbs.map((verb, i) => (verb ? key(verb, i + 1) : h('span', { class: 'no-key' })))]);
  const menu = document.getElementById('verb-menu');
  keep(menu, desk.menu, () => [h('span', {}, desk.menu ? t(`desk.choose_${desk.menu}`) : '')]);
}

/** @param {Verb} verb @param {number} number */
function key(verb, number) {
  const armed = desk.armed === verb.verb;
  const button = h('button', { type: 'button', 'data-key': number, 'data-id': `verb:${number}`, 'data-verb': verb.verb, 'data-next': verb.next && !verb.off, 'data-quiet': verb.quiet, 'data-armed': armed, disabled: verb.off },
    h('kbd', {}, number), h('b', {}, armed ? t('desk.press_again', { verb: verb.name }) : verb.name), verb.object && !armed ? h('i', {}, verb.object) : null);
  button.onclick = () => press(verb);
  return button;
}

/** What cannot be undone is pressed twice. @param {Verb} verb */
function press(verb) {
  if (verb.sure && desk.armed !== verb.verb) {
    desk.armed = verb.verb;
    desk.armedUntil = performance.now() + ARMED_MS;
  } else {
    desk.armed = '';
    verb.go();
  }
  /** @type {any} */ (window).ecc.redraw?.();
}
