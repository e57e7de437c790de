/**
 * The still of one stream in a <canvas>: its newest key frame, asked for every two seconds, and how old it is. Nothing is decoded live.
 *
 * @typedef {import('./passes.mjs').Pass} Pass
 */
import { Line } from './passes.mjs';

const LOOK_MS = 2_000; // the relay has a newer one every four seconds
const ANSWER_MS = 3_000;
const RENEW_MS = 300_000; // as for live pictures: at half its time

export class Still {
  /** By performance.now(), when the picture was taken; null while there is none. @type {number | null} */
  takenAt = null;
  /** By performance.now(), since when it is asked for. */
  since = 0;

  /** @param {HTMLCanvasElement} canvas @param {() => void} [onchange] */
  constructor(canvas, onchange = () => undefined) {
    this.canvas = canvas;
    this.onchange = onchange;
    this.stream = '';
    /** @type {Line<Asking> | null} */
    this.line = null;
  }

  /** Shows this stream of this call from now on; '' ends it. @param {string} call @param {string} stream */
  watch(call, stream) {
    if (this.stream === stream) return;
    this.line?.close();
    this.line = null;
    this.stream = stream;
    this.since = performance.now();
    this.lose();
    if (stream) this.line = new Line({ call, right: 'view', stream }, (pass) => new Asking(this, pass));
  }

  /** Seconds; null while there is no picture. */
  age() {
    return this.takenAt === null ? null : Math.max(0, (performance.now() - this.takenAt) / 1000);
  }

  /** @param {ImageBitmap} picture */
  draw(picture) {
    Object.assign(this.canvas, { width: picture.width, height: picture.height });
    this.canvas.getContext('2d')?.drawImage(picture, 0, 0);
    picture.close();
  }

  /** @param {number} ageMs */
  taken(ageMs) {
    const first = this.takenAt === null;
    this.takenAt = performance.now() - ageMs;
    if (first) this.onchange();
  }

  lose() {
    if (this.takenAt === null) return;
    this.takenAt = null;
    this.canvas.width = this.canvas.height = 1;
    this.onchange();
  }
}

/** Asks again and again with one pass and its successors. */
class Asking {
  /** @param {Still} still @param {Pass & { renew: () => Promise<Pass> }} pass */
  constructor(still, pass) {
    this.still = still;
    /** @type {Pass} */
    this.pass = pass;
    this.fresh = pass.renew;
    this.renewedAt = performance.now();
    this.etag = '';
    this.ended = false;
    /** @type {() => void} */
    this.wake = () => undefined;
    if (pass.still) void this.run(); // another WHEP server has none
  }

  close() {
    this.ended = true;
    this.wake();
  }

  async run() {
    while (!this.ended) {
      const waitsMs = await this.look().catch(() => LOOK_MS); // a relay that is gone: what we have grows old
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, waitsMs);
        this.wake = () => { clearTimeout(timer); resolve(undefined); };
      });
    }
  }

  /** One question. Returns when to ask again, in ms. */
  async look() {
    if (performance.now() - this.renewedAt > RENEW_MS) await this.renew();
    const headers = { Authorization: `Bearer ${this.pass.token}`, ...(this.etag ? { 'If-None-Match': this.etag } : {}) };
    const answer = await fetch(this.pass.still ?? '', { headers, cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(ANSWER_MS) });
    const ageMs = Number(answer.headers.get('Picture-Age') ?? 0);
    if (answer.status === 200) {
      const picture = await createImageBitmap(await answer.blob());
      if (this.ended) return 0;
      this.etag = answer.headers.get('ETag') ?? '';
      this.still.draw(picture);
      this.still.taken(ageMs);
    } else if (answer.status === 304) this.still.taken(ageMs);
    else if (answer.status === 404) this.forget();
    else if (answer.status === 401 || answer.status === 403) {
      this.forget();
      await this.renew();
    }
    const afterMs = 1_000 * Number(answer.headers.get('Retry-After') ?? 0);
    return afterMs || LOOK_MS;
  }

  forget() {
    this.etag = '';
    if (!this.ended) this.still.lose();
  }

  async renew() {
    this.renewedAt = performance.now();
    this.pass = await this.fresh();
  }
}
