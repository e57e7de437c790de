// What is looked up now and then: «谁看过我», how this phone is doing, and for how long there will be no signal. A sheet covers what is
// read, never the two-zone button.

import { get } from './doors.mjs';
import { h, mark, part, say } from './draw.mjs';
import { report } from './fault.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone */

const MINUTES = [5, 10, 15, 30];
/** @type {Record<string, string>} */
const ROLES = {
  duty: 'role_duty',
  commander: 'role_commander',
  leader: 'role_leader',
  inspector: 'role_inspector',
  technical: 'role_technical',
  judge: 'role_judge',
  upper: 'role_upper',
  wall: 'role_wall',
};

/** @param {Phone} phone */
export function mountSheets(phone) {
  const sheet = part('sheet');
  const body = part('sheet-body');
  /** @type {(() => void) | null} */
  let refresh = null;
  /** @type {HTMLElement | null} */
  let opener = null;

  /** @param {string} title @param {() => void} draw drawn now and each second while open */
  const open = (title, draw) => {
    opener = /** @type {HTMLElement | null} */ (document.activeElement);
    say(part('sheet-title'), title);
    body.replaceChildren();
    refresh = draw;
    draw();
    sheet.hidden = false;
    mark(part('reading'), 'data-covered', '');
    part('sheet-close').focus();
  };
  const close = () => {
    sheet.hidden = true;
    refresh = null;
    mark(part('reading'), 'data-covered', null);
    opener?.focus();
  };
  part('sheet-close').addEventListener('click', close);
  sheet.addEventListener('keydown', (event) => { if (event.key === 'Escape') close(); });
  part('strip').addEventListener('click', () => open(t('device_title'), () => drawDevice(phone, body)));
  part('watch').addEventListener('click', () => { open(t('seen_title'), () => {}); void showSeen(phone, body); });
  part('silence').addEventListener('click', () => open(t('silence_title'), once(() => body.replaceChildren(choice(phone, close)))));
  return { render: () => refresh?.(), close };
}

/** @param {() => void} draw */
function once(draw) {
  let done = false;
  return () => { if (!done) draw(); done = true; };
}

/** @param {Phone} phone @param {HTMLElement} body */
async function showSeen(phone, body) {
  body.replaceChildren(h('p', {}, t('seen_loading')));
  const outcome = await get('/ingest/seen');
  if (outcome.word !== 'ok') return body.replaceChildren(h('p', {}, t('seen_unreachable')));
  /** @type {{at: number, role: string}[]} */
  const seen = Array.isArray(outcome.body) ? outcome.body : outcome.body.seen;
  if (!seen.length) return body.replaceChildren(h('p', {}, t('seen_nobody')));
  const lines = seen.map(({ at, role }) => h('li', {}, h('time', {}, phone.clock.hhmm(at)), h('span', {}, t(ROLES[role] ?? 'role_other'))));
  return body.replaceChildren(h('p', {}, t('seen_line')), h('ol', { class: 'seen' }, ...lines));
}

/** @param {Phone} phone @param {() => void} close */
function choice(phone, close) {
  const buttons = MINUTES.map((minutes) => {
    const attrs = { type: 'button', class: 'step', 'data-act': 'silence', 'data-minutes': minutes };
    const made = h('button', attrs, t('silence_minutes', { minutes }));
    made.addEventListener('click', () => { void phone.act('silence', { minutes }); close(); });
    return made;
  });
  return h('div', {}, h('p', {}, t('silence_line')), h('div', { class: 'choices' }, ...buttons));
}

/** The lines change each second, the button under a finger does not. @param {Phone} phone @param {HTMLElement} body */
function drawDevice(phone, body) {
  const lines = deviceLines(phone);
  const drawn = body.querySelector('.device');
  if (drawn) drawn.replaceWith(lines);
  // the key first: what comes of it must not lie below the edge
  else body.replaceChildren(...faultKey(phone), lines, h('a', { class: 'manual', href: '/manual/field', target: '_blank', rel: 'noopener' }, t('manual')));
}

/** «报修»: one tap; without a network it waits in this phone, and whoever is in a hurry is told to telephone. @param {Phone} phone */
function faultKey(phone) {
  const told = h('p', { role: 'status', id: 'fault-told' });
  const said = { kept: t('fault_kept'), lost: t('fault_offline') };
  const button = h('button', { type: 'button', class: 'step', id: 'fault' }, t('fault'));
  button.addEventListener('click', async () => {
    say(told, t('fault_going'));
    const more = { build: phone.build, connection: phone.live.state, clock_off_ms: phone.clock.offset ?? undefined, waiting: phone.outbox.waiting().length + phone.positions.waiting };
    const sent = await report('field', more, '', said, String(phone.me?.unit ?? ''));
    say(told, sent.text);
    words.hidden = !sent.ok && !sent.kept;
  });
  const line = /** @type {HTMLInputElement} */ (h('input', { id: 'fault-words', maxlength: 200, placeholder: t('fault_words'), 'aria-label': t('fault_words') }));
  const words = h('form', { id: 'fault-form', hidden: '' }, line, h('button', { class: 'step' }, t('fault_add')));
  words.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!line.value.trim()) return;
    const sent = await report('field', { build: phone.build }, line.value.trim(), said, String(phone.me?.unit ?? ''));
    say(told, sent.text);
    words.hidden = sent.ok || sent.kept;
  });
  return [button, told, words];
}

/** How this phone is doing, one line each; only what is true of it. @param {Phone} phone */
function deviceLines(phone) {
  const { clock, positions, store, outbox } = phone;
  const seconds = Math.round(Math.abs(clock.offset ?? 0) / 1000);
  const lines = [
    t('device_unit', { unit: phone.me?.unit ?? '' }),
    t('device_waiting', { fixes: positions.waiting, actions: outbox.waiting().length }),
    positions.refused ? t('device_refused', { n: positions.refused, why: positions.lastRefusal }) : '',
    positions.dropped ? t('device_dropped', { n: positions.dropped }) : '',
    clock.offset === null ? t('device_clock_unknown') : seconds > 2 ? t('device_clock_off', { seconds }) : t('device_clock_right'),
    store.durable ? t('device_keeps') : t('missing_store'),
    phone.installed() ? t('device_offline') : t('missing_worker'),
    positions.on && !phone.awake() ? t('missing_wake') : '',
    phone.battery() === null ? t('missing_battery') : '',
    t('device_build', { build: phone.build }),
  ];
  return h('ul', { class: 'device' }, ...lines.filter(Boolean).map((line) => h('li', {}, line)));
}
