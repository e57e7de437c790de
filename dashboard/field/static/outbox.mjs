// What a person did, kept until the centre has answered: stored first, then posted, again and again with the same id, also after the
// page was closed or killed. One lane for each kind, in order within it: an alarm never waits behind something else.

import { backoffMs, post } from './doors.mjs';
import { iso } from './clock.mjs';
import { wireFix } from './position.mjs';

/** @typedef {import('./wire').Action} Action @typedef {import('./wire').Kind} Kind @typedef {import('./wire').Fate} Fate */
/** @typedef {{action: Action, fate: Fate, answer: any, text: string, left: boolean}} Told `left`: from an earlier opening of this page */
/**
 * `readyAt`: not before, by performance.now(). `left`: from an earlier opening. `sent`: it may have reached the centre.
 * @typedef {{action: Action, tries: number, readyAt: number, left: boolean, sent: boolean, fate: Fate}} Waiting
 */

/** @type {Record<Kind, string>} */
const LANE = { sos: 'sos', call: 'call', end: 'call', act: 'call', order: 'order', whisper: 'whisper', duty: 'duty', silence: 'silence', mission: 'mission' };
/** @type {Record<Kind, string>} */
const DOOR = {
  sos: '/ingest/sos',
  call: '/ingest/calls',
  end: '/ingest/calls/end',
  act: '/ingest/calls/act',
  order: '/ingest/orders/answer',
  whisper: '/ingest/whispers/seen',
  duty: '/ingest/duty',
  silence: '/ingest/silence',
  mission: '/ingest/missions',
};
const CAP_MS = { sos: 4000, call: 8000, end: 15000, act: 4000, order: 4000, whisper: 15000, duty: 15000, silence: 15000, mission: 30000 };
const LIMIT_MS = 8000; // a radio that hangs: give up and ask again with the same id
const KEEP_MS = 500; // a disk that is slow must not hold back an alarm

export class Outbox {
  /** @type {Waiting[]} oldest first */
  #waiting = [];
  /** @type {Set<string>} */
  #walking = new Set();
  /** @type {Map<string, () => void>} */
  #wake = new Map();
  /** @type {((told: Told) => void)[]} */
  #listeners = [];
  isOpen = false;
  #shelf;
  #clock;
  #onUnknown;

  /**
   * @param {import('./store.mjs').Store} store @param {import('./clock.mjs').Clock} clock
   * @param {() => void} onUnknown this phone is not signed in any more
   */
  constructor(store, clock, onUnknown) {
    this.#shelf = store.actions;
    this.#clock = clock;
    this.#onUnknown = onUnknown;
  }

  /** @param {(told: Told) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** What an earlier opening of this page left behind, oldest first. @returns {Promise<Action[]>} */
  async load() {
    const kept = await this.#shelf.all();
    const here = new Set(this.#waiting.map((one) => one.action.id));
    const left = kept.filter((action) => !here.has(action.id));
    /** @type {Waiting[]} */
    const waiting = left.map((action) => ({ action, tries: 0, readyAt: 0, left: true, sent: true, fate: 'kept' }));
    this.#waiting.unshift(...waiting);
    return left;
  }

  /**
   * Begins to send. Actions of another unit are never sent under this one's name: they are forgotten, and their number returned.
   * @param {string} unit
   */
  async open(unit) {
    const foreign = this.#waiting.filter((one) => one.action.unit !== unit).map((one) => one.action.id);
    this.#waiting = this.#waiting.filter((one) => one.action.unit === unit);
    await this.#shelf.remove(foreign);
    this.isOpen = true;
    this.kick();
    return foreign.length;
  }

  close() {
    this.isOpen = false;
  }

  /** Keeps the action, then sends it; with `holdMs` it may be withdrawn for so long. @param {Action} action @param {number} [holdMs] */
  async add(action, holdMs = 0) {
    this.#waiting.push({ action, tries: 0, readyAt: performance.now() + holdMs, left: false, sent: false, fate: 'kept' });
    this.#tell(action, 'kept');
    await Promise.race([this.#shelf.put(action), new Promise((resolve) => { setTimeout(resolve, KEEP_MS); })]);
    void this.#walk(LANE[action.kind]);
  }

  /** Takes back what was not yet sent. False: too late. @param {string} id */
  async withdraw(id) {
    const one = this.#waiting.find((waiting) => waiting.action.id === id);
    if (!one || one.sent) return false;
    await this.#forget(one.action, 'withdrawn');
    return true;
  }

  /** Ends the hold of an action. @param {string} id */
  release(id) {
    const one = this.#waiting.find((waiting) => waiting.action.id === id);
    if (one) one.readyAt = 0;
    if (one) this.#wake.get(LANE[one.action.kind])?.();
  }

  /** What waits, of one kind or of all; oldest first. @param {Kind} [kind] @returns {Waiting[]} */
  waiting(kind) {
    return kind ? this.#waiting.filter((one) => one.action.kind === kind) : [...this.#waiting];
  }

  /** The network may be back: try at once what waits for another try (not what the server told to wait, nor what is held). */
  kick() {
    for (const one of this.#waiting) one.tries = 0;
    for (const lane of new Set(Object.values(LANE))) {
      this.#wake.get(`${lane} again`)?.();
      void this.#walk(lane);
    }
  }

  /** Sends one lane until it is empty. @param {string} lane */
  async #walk(lane) {
    if (this.#walking.has(lane)) return;
    this.#walking.add(lane);
    try {
      for (let one = this.#first(lane); one && this.isOpen; one = this.#first(lane)) {
        const waitMs = one.readyAt - performance.now();
        if (waitMs > 0) await this.#sleep(lane, waitMs);
        else await this.#send(one);
      }
    } finally {
      this.#walking.delete(lane);
    }
  }

  /** @param {string} lane */
  #first(lane) {
    return this.#waiting.find((one) => LANE[one.action.kind] === lane);
  }

  /** @param {string} key @param {number} ms @returns {Promise<void>} */
  #sleep(key, ms) {
    return new Promise((resolve) => {
      const done = () => { clearTimeout(timer); this.#wake.delete(key); resolve(); };
      const timer = setTimeout(done, ms);
      this.#wake.set(key, done);
    });
  }

  /** @param {Waiting} one */
  async #send(one) {
    const { action } = one;
    if (action.offset === null && this.#clock.offset !== null) {
      action.offset = this.#clock.offset; // measured only now; from here on every try names the same moment
      await this.#shelf.put(action);
    }
    one.fate = 'sending';
    one.sent = true;
    one.tries += 1;
    one.readyAt = 0;
    this.#tell(action, 'sending');
    const outcome = await post(DOOR[action.kind], messageOf(action, this.#clock), LIMIT_MS);
    const refusal = outcome.body?.refused?.[0];
    if (outcome.word === 'ok' && refusal) return this.#forget(action, 'refused', outcome.body, refusal.text);
    if (outcome.word === 'ok') return this.#forget(action, 'answered', outcome.body);
    if (outcome.word === 'refused') return this.#forget(action, 'refused', outcome.body, outcome.text);
    one.fate = 'waiting';
    this.#tell(action, 'waiting', null, outcome.text);
    if (outcome.word === 'unknown') {
      this.isOpen = false; // kept: the same person may sign in again
      this.#onUnknown();
      return undefined;
    }
    if (outcome.afterMs) one.readyAt = performance.now() + outcome.afterMs;
    else await this.#sleep(`${LANE[action.kind]} again`, backoffMs(one.tries, CAP_MS[action.kind]));
    return undefined;
  }

  /** @param {Action} action @param {Fate} fate @param {any} [answer] @param {string} [text] */
  async #forget(action, fate, answer = null, text = '') {
    const left = this.#waiting.some((one) => one.action.id === action.id && one.left);
    this.#waiting = this.#waiting.filter((one) => one.action.id !== action.id);
    await this.#shelf.remove([action.id]);
    this.#tell(action, fate, answer, text, left);
  }

  /** @param {Action} action @param {Fate} fate @param {any} [answer] @param {string} [text] @param {boolean} [left] */
  #tell(action, fate, answer = null, text = '', left = false) {
    for (const listener of this.#listeners) listener({ action, fate, answer, text, left });
  }
}

/** @param {Action} action @param {import('./clock.mjs').Clock} clock @returns {object} */
function messageOf(action, clock) {
  const { id, details } = action;
  const t = iso(clock.served(action));
  switch (action.kind) {
    case 'sos':
    case 'call':
      return { id, t, fix: details.fix ? wireFix(details.fix, clock) : null };
    case 'end':
      return { id: details.call_id, t };
    case 'act':
      return { id: details.call_id, act: details.act, why: details.why ?? '' };
    case 'order':
      return { id: details.order_id, event: details.answer, t, reason: details.reason ?? null };
    case 'whisper':
      return { id: details.whisper_id };
    case 'duty':
      return { id, t, on: details.on };
    case 'silence':
      return { id, t, minutes: details.minutes };
    case 'mission':
      return { missions: [{ id: details.mission_id, event: details.event, at: t }] };
  }
}
