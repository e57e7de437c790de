// Today's missions of one's own team, and the one next step of the chosen one as a big button. A step waits five seconds before it is
// sent, so that a wrong touch can be undone; «扑空» asks for a second touch.

import { feel } from './feel.mjs';
import { h, mark, part, say, sign } from './draw.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone @typedef {import('./wire').MissionRow} MissionRow */
/** @typedef {NonNullable<import('./wire').Action['details']['event']>} Step */

const UNDO_MS = 5000;
const CONFIRM_MS = 4000;
/** @type {Record<MissionRow['state'], {word: string, sign: string, next: Step | null, other: Step | null}>} */
const STATES = {
  ASSIGNED: { word: 'mission_assigned', sign: 'idle', next: 'departed', other: null },
  EN_ROUTE: { word: 'mission_en_route', sign: 'way', next: 'arrived', other: null },
  ON_SCENE: { word: 'mission_on_scene', sign: 'site', next: 'finished', other: 'fruitless' },
  FRUITLESS: { word: 'mission_fruitless', sign: 'done', next: null, other: null },
  FINISHED: { word: 'mission_finished', sign: 'done', next: null, other: null },
  CANCELLED: { word: 'mission_cancelled', sign: 'silent', next: null, other: null },
};
/** @type {Record<Step, {word: string, leads: MissionRow['state']}>} */
const STEPS = {
  departed: { word: 'step_depart', leads: 'EN_ROUTE' },
  arrived: { word: 'step_arrive', leads: 'ON_SCENE' },
  fruitless: { word: 'step_fruitless', leads: 'FRUITLESS' },
  finished: { word: 'step_finish', leads: 'FINISHED' },
};

/** @param {Phone} phone */
export function mountMissions(phone) {
  const list = part('mission-list');
  /** @type {string | null} */
  let chosen = null;
  /** @type {{id: string, until: number} | null} */
  let asking = null; // «扑空» was touched once
  let drawn = '';

  phone.outbox.listen(({ action, fate, text }) => {
    if (action.kind !== 'mission') return;
    const { mission_id: id, event } = action.details;
    if (fate === 'answered' && id && event) phone.live.patch('mission', id, { state: STEPS[event].leads });
    if (fate !== 'refused') return;
    feel('refused');
    phone.notice('mission', t('step_refused', { why: text }));
  });

  /** What has been done here and is not yet known there. @param {MissionRow} row */
  const pending = (row) => phone.outbox.waiting('mission').filter((one) => one.action.details.mission_id === row.id).at(-1) ?? null;

  /** The state as the officer left it. @param {MissionRow} row @returns {MissionRow['state']} */
  const stateOf = (row) => {
    const event = pending(row)?.action.details.event;
    return event ? STEPS[event].leads : row.state;
  };

  /** @param {string} id @param {Step} step */
  const take = (id, step) => {
    if (step === 'fruitless' && !(asking?.id === id && performance.now() < asking.until)) {
      asking = { id, until: performance.now() + CONFIRM_MS };
      feel('press');
    } else {
      asking = null;
      feel('press');
      phone.notice('mission', null);
      void phone.act('mission', { mission_id: id, event: step }, UNDO_MS);
    }
    render();
  };

  /** @param {MissionRow} row @returns {HTMLElement} */
  const actions = (row) => {
    const waiting = pending(row);
    if (waiting && !waiting.sent) {
      const undo = h('button', { type: 'button', class: 'step', 'data-act': 'undo' }, t('step_undo'));
      undo.addEventListener('click', () => void phone.outbox.withdraw(waiting.action.id).then(render));
      const word = t(STEPS[waiting.action.details.event ?? 'departed'].word);
      return h('div', { class: 'steps' }, h('p', { class: 'said' }, t('step_taken', { word })), undo);
    }
    const { next, other } = STATES[stateOf(row)];
    const sure = asking?.id === row.id && performance.now() < asking.until;
    const buttons = [other, next].flatMap((step) => (step ? [stepButton(row, step, step === next, step === 'fruitless' && sure)] : []));
    return h('div', { class: 'steps' }, ...buttons);
  };

  /** @param {MissionRow} row @param {Step} step @param {boolean} main @param {boolean} sure */
  const stepButton = (row, step, main, sure) => {
    const word = t(sure ? 'step_again' : STEPS[step].word);
    const made = h('button', { type: 'button', class: 'step', 'data-act': step, 'data-main': main, 'data-sure': sure }, word);
    made.addEventListener('click', () => take(row.id, step));
    return made;
  };

  /** @param {MissionRow} row @param {boolean} open */
  const line = (row, open) => {
    const state = stateOf(row);
    const { word, sign: shape } = STATES[state];
    const head = h('button', { type: 'button', class: 'mission-head', 'aria-expanded': open ? 'true' : 'false' },
      h('time', {}, row.planned_from_at ? phone.clock.hhmm(row.planned_from_at) : '--:--'),
      h('span', { class: 'what' }, h('b', {}, row.matter), h('span', {}, row.place ?? '')),
      h('span', { class: 'state', 'data-shape': shape }, sign(shape), t(word)));
    head.addEventListener('click', () => { chosen = row.id; render(); });
    const unsent = pending(row);
    const made = h('li', { 'data-mission': row.id, 'data-state': state, 'data-open': open }, head);
    if (row.on_stage) made.append(h('p', { class: 'on-stage' }, t('live_staged')));
    if (unsent?.fate === 'waiting') made.append(h('p', { class: 'unsent' }, t('step_waiting')));
    if (open && (STATES[state].next !== null || unsent?.sent === false)) made.append(actions(row));
    return made;
  };

  function render() {
    const rows = [...phone.live.rows.mission.values()].sort(byPlan);
    const known = phone.live.asOf !== null;
    const open = rows.find((row) => row.id === chosen) ?? current(rows, stateOf, pending);
    if (asking && performance.now() >= asking.until) asking = null;
    const now = JSON.stringify([rows, open?.id, asking?.id, known, rows.map((row) => [pending(row)?.fate, pending(row)?.action.id])]);
    renderAge(phone, rows);
    if (now === drawn) return;
    drawn = now;
    list.replaceChildren(...rows.map((row) => line(row, row === open)));
    if (!rows.length) list.append(h('li', { class: 'none' }, t(known ? 'missions_none' : 'missions_unknown')));
  }
  return { render };
}

/**
 * The one to be done now: under way before planned, and the one whose step can still be undone.
 * @param {MissionRow[]} rows @param {(row: MissionRow) => MissionRow['state']} stateOf
 * @param {(row: MissionRow) => {sent: boolean} | null} pending
 */
function current(rows, stateOf, pending) {
  return rows.find((row) => pending(row)?.sent === false)
    ?? rows.find((row) => ['EN_ROUTE', 'ON_SCENE'].includes(stateOf(row)))
    ?? rows.find((row) => stateOf(row) === 'ASSIGNED');
}

/** @param {MissionRow} a @param {MissionRow} b */
const byPlan = (a, b) => (a.planned_from_at ?? 0) - (b.planned_from_at ?? 0) || (a.id < b.id ? -1 : 1);

/** @param {Phone} phone @param {MissionRow[]} rows */
function renderAge({ live, clock }, rows) {
  const place = part('mission-age');
  const lost = live.state !== 'live';
  mark(place, 'data-old', lost && live.asOf !== null ? '' : null);
  if (lost) return say(place, live.asOf === null ? '' : t('as_of', { time: clock.hhmmss(live.asOf) }));
  const changed = Math.max(0, ...rows.map((row) => row.changed_at ?? 0));
  return say(place, changed ? t('changed_at', { time: clock.hhmm(changed) }) : '');
}
