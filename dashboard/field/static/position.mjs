// Watching position while on duty: real fixes with their own times, kept first, sent every few seconds, newest first. An old fix is
// never sent as a new one; when the browser gives none, `pause` says why.

import { backoffMs, post } from './doors.mjs';
import { iso } from './clock.mjs';
import { ulid } from './ids.mjs';

/** @typedef {import('./wire').KeptFix} KeptFix */
/** @typedef {'insecure' | 'missing' | 'denied' | 'hidden' | 'no_signal'} Why */

const SEND_MS = 2500;
const BACKLOG_MS = 1050; // what was kept offline goes at up to 500 a second, which the door allows
const BATCH = 500;
const KEPT = 50000; // 14 hours at one a second
const MARGIN = 500; // drop many at once, not one a second
const NUDGE_MS = 5000; // a watch is silent while nothing moves: ask for a fresh fix
const PAUSED_MS = 15000; // as the wall: units stop gliding when a fix is older
const SPACING_MS = 900; // receivers give up to ten a second, the wall draws two
const CAP_MS = 30000;
/** @type {PositionOptions} */
const PRECISE = { enableHighAccuracy: true, maximumAge: 0, timeout: 20000 };

export class Positions {
  /** The newest fix of this stretch of duty. @type {KeptFix | null} */
  newest = null;
  on = false;
  /** Kept and not yet sent. */
  waiting = 0;
  dropped = 0;
  refused = 0;
  lastRefusal = '';
  shifted = false;
  /** May be sent: the server knows that this unit is on duty. */
  #mayStart = () => false;
  #store;
  #clock;
  #battery;
  #onUnknown;
  #watch = -1;
  #asking = false;
  #sending = false;
  #tries = 0;
  #batch = BATCH;
  #notBefore = 0;
  #lastAt = 0; // performance.now() of the newest fix, or of the start
  #lastT = 0;
  /** @type {Why | null} */
  #error = null;
  #wasHidden = false;

  /**
   * @param {import('./store.mjs').Store} store @param {import('./clock.mjs').Clock} clock
   * @param {{battery: () => number | null, maySend: () => boolean, onUnknown: () => void}} given
   */
  constructor(store, clock, given) {
    this.#store = store;
    this.#clock = clock;
    this.#battery = given.battery;
    this.#mayStart = given.maySend;
    this.#onUnknown = given.onUnknown;
  }

  /** Begins the two rhythms; they cost nothing while off duty with nothing kept. */
  async open() {
    this.waiting = await this.#store.fixes.count();
    setInterval(() => this.#nudge(), NUDGE_MS);
    document.addEventListener('visibilitychange', () => this.#seen());
    void this.#rhythm();
  }

  start() {
    if (this.on) return;
    this.on = true;
    this.newest = null;
    this.#lastAt = performance.now();
    this.#error = null;
    this.#begin();
  }

  stop() {
    this.on = false;
    this.newest = null;
    if (this.#watch >= 0) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = -1;
  }

  /** Why no fix came for a while; null: all is well, or off duty. @returns {Why | null} */
  pause() {
    if (!this.on) return null;
    if (this.#error === 'insecure' || this.#error === 'missing' || this.#error === 'denied') return this.#error;
    if (performance.now() - this.#lastAt < PAUSED_MS) return null;
    return this.#wasHidden ? 'hidden' : 'no_signal';
  }

  /** Someone allowed it in the browser's settings: begin again. */
  again() {
    if (!this.on) return;
    if (this.#watch >= 0) navigator.geolocation.clearWatch(this.#watch);
    this.#begin();
  }

  #begin() {
    this.#watch = -1;
    this.#error = null;
    if (!navigator.geolocation) this.#error = 'missing';
    else if (!window.isSecureContext) this.#error = 'insecure';
    else this.#watch = navigator.geolocation.watchPosition((position) => void this.#got(position), (error) => this.#failed(error), PRECISE);
  }

  #seen() {
    if (document.hidden) {
      this.#wasHidden = true;
      void this.flush();
    } else this.again(); // some browsers end a watch silently while the page is hidden
  }

  #nudge() {
    if (!this.on || this.#error === 'denied' || this.#watch < 0 || this.#asking) return;
    if (performance.now() - this.#lastAt < NUDGE_MS - 500) return;
    this.#asking = true;
    const done = () => { this.#asking = false; };
    const got = (/** @type {GeolocationPosition} */ position) => { done(); void this.#got(position); };
    const failed = (/** @type {GeolocationPositionError} */ error) => { done(); this.#failed(error); };
    navigator.geolocation.getCurrentPosition(got, failed, PRECISE);
  }

  /** @param {GeolocationPositionError} error */
  #failed(error) {
    if (error.code === error.PERMISSION_DENIED) this.#error = window.isSecureContext ? 'denied' : 'insecure';
  }

  /** @param {GeolocationPosition} position */
  async #got({ coords, timestamp }) {
    const at = Math.round(timestamp);
    if (!this.on || at - this.#lastT < SPACING_MS) return; // also the same fix given twice
    this.#lastT = at;
    this.#lastAt = performance.now();
    this.#error = null;
    this.#wasHidden = document.hidden;
    /** @type {KeptFix} */
    const fix = {
      id: ulid(Date.now()),
      t: at,
      offset: this.#clock.offset,
      lat: coords.latitude,
      lon: coords.longitude,
      accuracy_m: coords.accuracy,
      speed_mps: measured(coords.speed),
      heading_deg: measured(coords.heading),
      battery_pct: this.#battery(),
    };
    const first = this.newest === null;
    this.newest = fix;
    this.waiting += 1;
    await this.#store.fixes.put(fix);
    if (first) void this.flush(); // the wall sees at once who has come on duty
    if (this.waiting > KEPT + MARGIN) await this.#dropOldest(this.waiting - KEPT);
  }

  /** @param {number} n */
  async #dropOldest(n) {
    this.waiting -= n;
    this.dropped += n;
    await this.#store.fixes.dropOldest(n);
  }

  async #rhythm() {
    for (;;) {
      const more = await this.flush();
      await new Promise((resolve) => { setTimeout(resolve, more ? BACKLOG_MS : SEND_MS); });
    }
  }

  /** The network may be back. */
  kick() {
    if (this.#tries === 0) return;
    this.#tries = 0;
    this.#notBefore = 0;
    void this.flush();
  }

  /** Sends one batch if there is one and it may go. True: more of them wait. */
  async flush() {
    if (this.#sending || this.waiting <= 0 || performance.now() < this.#notBefore || !this.#mayStart()) return false;
    this.#sending = true;
    try {
      return await this.#send(await this.#store.fixes.newest(this.#batch));
    } finally {
      this.#sending = false;
    }
  }

  /** @param {KeptFix[]} fixes oldest first */
  async #send(fixes) {
    if (!fixes.length) {
      this.waiting = 0;
      return false;
    }
    const message = { sent_at: iso(this.#clock.now()), fixes: fixes.map((fix) => wireFix(fix, this.#clock)) };
    const outcome = await post('/ingest/positions', message);
    if (outcome.word === 'ok') return this.#taken(outcome.body, fixes.length);
    if (outcome.word === 'unknown') {
      this.#onUnknown();
      return false;
    }
    if (outcome.word === 'refused' && outcome.status !== 403) {
      await this.#halve(fixes, outcome.text);
      return true;
    }
    this.#tries += 1;
    this.#notBefore = performance.now() + (outcome.afterMs || backoffMs(this.#tries, CAP_MS));
    return false;
  }

  /** @param {import('./wire').Taken} taken @param {number} sent */
  async #taken(taken, sent) {
    const asked = this.#batch;
    this.#tries = 0;
    this.#batch = BATCH;
    this.shifted ||= taken.shifted === true;
    this.refused += taken.refused.length;
    this.lastRefusal = taken.refused.at(-1)?.text ?? this.lastRefusal;
    const done = [...taken.accepted, ...taken.known, ...taken.refused.map((one) => one.id)];
    await this.#store.fixes.remove(done);
    this.waiting = await this.#store.fixes.count();
    return this.waiting > 0 && sent >= asked && done.length > 0;
  }

  /**
   * The whole batch was refused: something in it is bad. Find it by halves, and give up only that.
   * @param {KeptFix[]} fixes @param {string} text
   */
  async #halve(fixes, text) {
    if (fixes.length > 1) {
      this.#batch = Math.ceil(fixes.length / 2);
      return;
    }
    this.refused += 1;
    this.lastRefusal = text;
    await this.#store.fixes.remove(fixes.map((fix) => fix.id));
    this.waiting = await this.#store.fixes.count();
  }

  /** Forgets everything that waits: it belongs to somebody else. */
  async forget() {
    await this.#store.fixes.clear();
    this.waiting = 0;
  }
}

/** What a receiver did not measure is null, NaN or negative, depending on the browser. @param {number | null} value */
const measured = (value) => (value !== null && Number.isFinite(value) && value >= 0 ? value : null);

/** @param {KeptFix} fix @param {import('./clock.mjs').Clock} clock @returns {import('./wire').WireFix} */
export function wireFix(fix, clock) {
  return {
    id: fix.id,
    t: iso(clock.served(fix)),
    lat: fix.lat,
    lon: fix.lon,
    src_crs: 'WGS84', // the Geolocation API's datum, also on phones sold in China
    accuracy_m: fix.accuracy_m,
    speed_mps: fix.speed_mps,
    heading_deg: fix.heading_deg,
    battery_pct: fix.battery_pct,
    provider: 'FUSED',
    mock: false,
  };
}
