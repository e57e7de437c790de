// Starts the phone: learns who it is, opens what it kept, and lets each part draw itself every second and whenever something changes.

import { Clock } from './clock.mjs';
import { Live } from './live.mjs';
import { Outbox } from './outbox.mjs';
import { Positions } from './position.mjs';
import { Network, mountStrip, watchBattery } from './strip.mjs';
import { backoffMs, get, useDoors } from './doors.mjs';
import { fit } from './fit.mjs';
import { installWorker } from './worker.mjs';
import { listenForTouch } from './feel.mjs';
import { mark, part, say } from './draw.mjs';
import { sendKept } from './fault.mjs';
import { mountCall } from './call.mjs';
import { mountDuty } from './duty.mjs';
import { mountFaces } from './faces.mjs';
import { mountMissions } from './missions.mjs';
import { mountNotices } from './notices.mjs';
import { mountPicture } from './picture.mjs';
import { mountSheets } from './sheets.mjs';
import { mountSilence } from './silence.mjs';
import { mountSummons } from './summons.mjs';
import { openStore } from './store.mjs';
import { t } from './texts.mjs';
import { ulid } from './ids.mjs';

/** @typedef {import('./wire').Action} Action @typedef {import('./wire').Me} Me */
/**
 * What the parts share.
 * @typedef {object} Phone
 * @property {import('./store.mjs').Store} store @property {Clock} clock @property {Outbox} outbox @property {Positions} positions
 * @property {Live} live @property {Network} network @property {Me | null} me null: not known yet
 * @property {string} build @property {() => number | null} battery @property {() => boolean} installed @property {() => boolean} settled
 * @property {() => boolean} awake @property {() => boolean} helping an alarm of this phone is open
 * @property {(kind: Action['kind'], details: Action['details'], holdMs?: number) => Promise<Action>} act keeps it, then sends it
 * @property {(key: string, text: string | null) => void} notice @property {(why: 'sos') => void} startDuty
 * @property {() => void} redraw @property {(after?: Promise<void>) => void} openPicture camera and microphone, by a tap
 * @property {(on: boolean) => void} rememberDuty for the next opening, perhaps without a network
 */

const ME_LIMIT_MS = 4000;
const FAULT_SAID_MS = 60_000;
const ME_CAP_MS = 5000;
const DELIVERED_MS = 60000;
const KEEP_ROWS_MS = 15000;

const build = document.documentElement.dataset.build ?? '';
const clock = new Clock();
const network = new Network();
useDoors(clock, (outcome, ms) => network.note(outcome, ms));
listenForTouch();
void begin();

async function begin() {
  const worker = installWorker(build, () => !parts.busy());
  const store = await openStore(() => renderAll());
  await recall(store);
  const battery = await watchBattery();
  const doubt = () => void learnMe();
  const outbox = new Outbox(store, clock, doubt);
  const positions = new Positions(store, clock, {
    battery,
    maySend: () => outbox.isOpen && !outbox.waiting('duty').some((one) => one.action.details.on),
    onUnknown: doubt,
  });
  const live = new Live(clock, {
    onRows: () => { keepRows(); renderAll(); },
    onState: () => renderAll(),
    onHello: (hello) => heardHello(hello),
    onDoubt: doubt,
  });

  /** @type {Phone} */
  const phone = {
    store, clock, outbox, positions, live, network, battery, build,
    me: await remembered(store),
    installed: worker.installed,
    settled: worker.settled,
    awake: () => parts.duty.awake(),
    helping: () => parts.call.sos.standing.phase !== 'idle',
    notice: (key, text) => parts.notices.set(key, text),
    startDuty: (why) => parts.duty.start(why),
    rememberDuty,
    redraw: () => renderAll(),
    openPicture: (after) => parts.picture.open(after),
    async act(kind, details, holdMs) {
      /** @type {Action} */
      const action = { id: ulid(clock.now()), kind, t: Date.now(), offset: clock.offset, unit: String(phone.me?.unit ?? ''), details };
      const kept = outbox.add(action, holdMs);
      renderAll();
      await kept;
      return action;
    },
  };
  const parts = mountAll(phone);

  sendKept('field', () => String(phone.me?.unit ?? ''), (text) => {
    phone.notice('fault', text);
    setTimeout(() => phone.notice('fault', null), FAULT_SAID_MS);
  });

  function renderAll() {
    if (!phone.me) return;
    renderMe(phone);
    for (const each of parts.drawn) each.render();
    fit();
  }

  function keepRows() {
    if (live.state === 'live') void store.facts.put({ id: 'rows', value: live.toKeep() });
  }

  /** @param {import('./wire').Hello} hello */
  function heardHello(hello) {
    if (typeof hello.civil_offset_s === 'number') clock.civilOffsetS = hello.civil_offset_s;
    worker.heard(hello.build ?? '');
    kickAll();
  }

  function kickAll() {
    wakeLearning();
    outbox.kick();
    positions.kick();
    parts.picture.own.kick();
  }

  let learning = false;
  let wakeLearning = () => {};
  /** Asks who this phone is until the answer is yes or no. Nothing is sent before: what waits here may be somebody else's. */
  async function learnMe() {
    if (learning) return;
    learning = true;
    for (let tries = 1; ; tries += 1) {
      const outcome = await get('/ingest/me', ME_LIMIT_MS);
      if (outcome.word === 'ok') await become(outcome.body);
      else if (outcome.word === 'unknown' || outcome.word === 'refused') await turnAway();
      else if (phone.me) live.unreachable();
      else show('unreachable');
      if (outcome.word !== 'later') break;
      await new Promise((resolve) => {
        wakeLearning = () => resolve(null);
        setTimeout(resolve, backoffMs(tries, ME_CAP_MS));
      });
    }
    learning = false;
  }

  /** @param {Me} me */
  async function become(me) {
    const foreign = await outbox.open(String(me.unit));
    if (phone.me && String(phone.me.unit) !== String(me.unit)) {
      await positions.forget();
      live.forget();
    }
    phone.me = me;
    if (foreign) parts.notices.set('foreign', t('left_of_another', { n: foreign }));
    if (typeof me.civil_offset_s === 'number') clock.civilOffsetS = me.civil_offset_s;
    void store.facts.put({ id: 'me', value: me });
    void store.facts.put({ id: 'duty_phone', value: me.duty_phone ?? null });
    void store.facts.put({ id: 'clock', value: { offset: clock.offset, civilOffsetS: clock.civilOffsetS } });
    show('ready');
    live.start();
    renderAll();
  }

  /** Not signed in, or not any more: nothing is watched, nothing sent; what waits stays kept for the same person. */
  async function turnAway() {
    positions.stop();
    live.stop();
    outbox.close();
    const unsent = outbox.waiting().some(({ action }) => action.kind === 'sos' || action.kind === 'call');
    part('stranger-unsent').hidden = !unsent;
    await store.facts.remove(['me', 'rows']); // the next opening without a network must not show somebody else's page
    const number = phone.me?.duty_phone ?? (await store.facts.get('duty_phone'))?.value;
    part('stranger-phone').hidden = !number;
    if (number) part('stranger-phone').setAttribute('href', `tel:${number}`);
    show('stranger');
  }

  /** @param {boolean} on */
  function rememberDuty(on) {
    if (!phone.me) return;
    phone.me.duty = on;
    void store.facts.put({ id: 'me', value: phone.me });
  }

  await recallRows(store, live);
  await openKept(phone);
  show(phone.me ? 'ready' : 'loading');
  renderAll();
  void parts.picture.own.open();
  void parts.picture.resume();
  setInterval(renderAll, 1000);
  setInterval(keepRows, KEEP_ROWS_MS);
  await positions.open();
  window.addEventListener('online', kickAll);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    if (document.body.dataset.state === 'stranger') void learnMe();
    kickAll();
  });
  watchPermission(() => positions.again());
  await learnMe();
}

/** @param {Phone} phone */
function mountAll(phone) {
  const notices = mountNotices(phone);
  const call = mountCall(phone);
  const duty = mountDuty(phone);
  const picture = mountPicture(phone, () => call.call.standing);
  const sheets = mountSheets(phone);
  const drawn = [duty, mountStrip(phone), notices, mountMissions(phone), mountSilence(phone), call, picture, mountFaces(phone, () => call.call.standing), mountSummons(phone), sheets];
  const busy = () => phone.outbox.waiting().length > 0 || part('phone').hasAttribute('data-busy') || !part('sheet').hidden;
  return { notices, call, duty, picture, drawn, busy };
}

/** @param {Phone} phone */
function renderMe({ me, live, clock }) {
  if (!me) return;
  const unit = live.rows.unit.get(String(me.unit));
  const team = unit?.team ?? me.team ?? '';
  say(part('who'), unit?.who ?? me.who ?? me.label.replace(team, '').trim());
  say(part('team'), team);
  say(part('court'), me.court);
  part('demo').hidden = !me.demo;
  for (const link of document.querySelectorAll('a[data-duty-phone]')) {
    if (link instanceof HTMLAnchorElement) {
      link.hidden = !me.duty_phone;
      if (me.duty_phone) link.href = `tel:${me.duty_phone}`;
    }
  }
  const { watchers } = live;
  say(part('watchers'), watchers === null ? t('watch_unknown') : watchers ? t('watch_some', { n: watchers }) : t('watch_none'));
  mark(part('watch'), 'data-watched', watchers ? '' : null);
  const old = live.state === 'lost';
  part('lost').hidden = !old;
  if (old) say(part('lost-words'), live.asOf === null ? t('lost_never') : t('lost_since', { time: clock.hhmmss(live.asOf) }));
}

/** @param {'loading' | 'ready' | 'stranger' | 'unreachable'} state */
function show(state) {
  document.body.dataset.state = state;
  part('phone').hidden = state !== 'ready';
  part('stranger').hidden = state !== 'stranger';
  part('unreachable').hidden = state !== 'unreachable';
}

/** What an earlier opening did not bring to the centre is said, and then goes. @param {Phone} phone */
async function openKept({ outbox, clock, notice }) {
  for (const action of await outbox.load()) {
    if (action.kind !== 'sos' && action.kind !== 'call') continue;
    const time = clock.hhmm(clock.served(action));
    notice(`left-${action.id}`, t(action.kind === 'sos' ? 'left_sos' : 'left_call', { time }));
  }
  outbox.listen(({ action, fate, left }) => {
    if (!left || (action.kind !== 'sos' && action.kind !== 'call')) return;
    const key = `left-${action.id}`;
    const time = clock.hhmm(clock.served(action));
    notice(key, fate === 'answered' ? t(action.kind === 'sos' ? 'delivered_sos' : 'delivered_call', { time }) : null);
    setTimeout(() => notice(key, null), DELIVERED_MS);
  });
}

/** @param {import('./store.mjs').Store} store @returns {Promise<Me | null>} */
async function remembered(store) {
  const fact = await store.facts.get('me');
  return /** @type {Me | null} */ (fact?.value ?? null);
}

/** The clock as it was last measured, until it is measured again. @param {import('./store.mjs').Store} store */
async function recall(store) {
  const kept = /** @type {{offset: number | null, civilOffsetS: number} | undefined} */ ((await store.facts.get('clock'))?.value);
  if (!kept) return;
  clock.offset = kept.offset;
  clock.civilOffsetS = kept.civilOffsetS;
}

/** Today's missions as they were last seen. @param {import('./store.mjs').Store} store @param {Live} live */
async function recallRows(store, live) {
  const kept = /** @type {import('./live.mjs').Kept | null | undefined} */ ((await store.facts.get('rows'))?.value);
  if (kept && clock.sameDay(kept.asOf, clock.now())) live.recall(kept);
}

/** @param {() => void} onChange */
function watchPermission(onChange) {
  const asked = navigator.permissions?.query({ name: 'geolocation' });
  asked?.then((status) => { status.onchange = onChange; }).catch(() => {}); // older Safari has none
}
