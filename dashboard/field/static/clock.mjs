// The server's clock on this phone: how far its own clock is off, and how a moment reads on the court's wall.

const TICK_ERROR_MS = 400; // a tick tells nothing of its way here; mobile networks need 50-400 ms
const DRIFT = 1e-4; // an estimate grows worse by 0.1 ms a second: quartz drifts 20 ppm, wall clocks are also nudged

export class Clock {
  constructor() {
    /** server − phone in ms; null until the centre has answered once. @type {number | null} */
    this.offset = null;
    this.civilOffsetS = 28800;
    this.errorMs = Infinity;
    this.measuredAt = 0;
  }

  /** Now, in the server's clock as far as known. */
  now() {
    return Date.now() + (this.offset ?? 0);
  }

  /**
   * From a request and its answer; both moments by the phone's clock.
   * @param {number} server @param {number} sentAt @param {number} gotAt
   */
  observe(server, sentAt, gotAt) {
    if (Number.isFinite(server)) this.#take(server - (sentAt + gotAt) / 2, Math.max(1, (gotAt - sentAt) / 2));
  }

  /** From a message that only came. @param {number} server */
  hear(server) {
    if (Number.isFinite(server)) this.#take(server - Date.now() + TICK_ERROR_MS / 2, TICK_ERROR_MS);
  }

  /**
   * Keeps the better estimate; one that the old cannot explain means that a clock was set.
   * @param {number} offset @param {number} errorMs
   */
  #take(offset, errorMs) {
    const known = this.errorMs + DRIFT * Math.abs(Date.now() - this.measuredAt);
    const jumped = this.offset !== null && Math.abs(offset - this.offset) > known + errorMs + 1000;
    if (this.offset !== null && errorMs > known && !jumped) return;
    this.offset = Math.round(offset);
    this.errorMs = errorMs;
    this.measuredAt = Date.now();
  }

  /** A moment kept in the phone's clock, in the server's. @param {{t: number, offset: number | null}} kept */
  served(kept) {
    return kept.t + (kept.offset ?? this.offset ?? 0);
  }

  /** 10:02 on the court's wall. @param {number} at server clock */
  hhmm(at) {
    return this.#civil(at).slice(11, 16);
  }

  /** 10:02:31. @param {number} at server clock */
  hhmmss(at) {
    return this.#civil(at).slice(11, 19);
  }

  /** Whether two moments fall on one civil day. @param {number} a @param {number} b */
  sameDay(a, b) {
    return this.#civil(a).slice(0, 10) === this.#civil(b).slice(0, 10);
  }

  /** @param {number} at */
  #civil(at) {
    return new Date(at + this.civilOffsetS * 1000).toISOString();
  }
}

/** A moment as the doors want it. @param {number} at */
export const iso = (at) => new Date(Math.round(at)).toISOString();
