// What the phone records itself while nothing reached the relay: in pieces of a minute, in IndexedDB, until the centre has them on its disk.
//
// Bounded: KEPT_MOST bytes. Full: it stops and says so; what was kept first is never overwritten, for the beginning of trouble is evidence.
// A piece goes only once the centre has answered that it is whole there. The page killed in mid-piece: what was kept of it counts as a piece.

import { backoffMs, bring } from './doors.mjs';
import { iso } from './clock.mjs';
import { t } from './texts.mjs';
import { ulid } from './ids.mjs';

/** @typedef {import('./field.mjs').Phone} Phone */
/**
 * A piece. `t`, `offset`: its beginning, as in `Clock.served`. `over`: nothing more is added. `refused`: what the centre said, finally.
 * @typedef {{id: string, call: string, unit: string, t: number, offset: number | null, type: string, lastsMs: number, bytes: number, chunks: number, over: boolean, refused: string}} Piece
 * @typedef {{id: string, data: Blob}} Chunk
 */

const KEPT_MOST = 200_000_000; // forty minutes at these rates
const PIECE_MS = 60_000; // what a broken upload sends again; what one line of the centre's list is about
const CHUNK_MS = 2_000; // what a kill of the page can take
const SHORT_MS = 1_000;
const VIDEO_BPS = 600_000;
const SOUND_BPS = 32_000;
const LIMIT_MS = 120_000;
const AGAIN_MS = 30_000;
const UNWHOLE_MOST = 5; // a piece that never arrives whole is no longer sent in this opening
const DONE_MS = 20_000;
const TYPES = { picture: ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'], sound: ['audio/webm;codecs=opus', 'audio/webm', 'audio/mp4'] };

export class OwnRecording {
  /** The disk of the phone takes no more. */
  full = false;
  #phone;
  /** @type {Map<string, Piece>} */
  #pieces = new Map();
  /** @type {Running | null} */
  #running = null;
  #sending = false;
  #mayAt = 0; // no try before, by performance.now()
  #tries = 0;
  #done = { n: 0, until: 0 };

  /** @param {Phone} phone */
  constructor(phone) {
    this.#phone = phone;
  }

  /** What an earlier opening of this page left: no piece of it grows any more. */
  async open() {
    for (const piece of await this.#phone.store.pieces.all()) {
      if (!this.#pieces.has(piece.id)) this.#pieces.set(piece.id, { ...piece, over: true });
    }
    void this.send(true);
  }

  get bytes() {
    return [...this.#pieces.values()].reduce((sum, piece) => sum + piece.bytes, 0);
  }

  /** Whether it records at this moment. */
  get runs() {
    return this.#running !== null;
  }

  /**
   * Each second and whenever something changes. cut: nothing reaches the relay.
   * @param {string} call @param {MediaStream | null} media @param {boolean} cut
   */
  follow(call, media, cut) {
    const tracks = media?.getTracks().filter((track) => track.readyState === 'live') ?? [];
    const running = this.#running;
    if (running && (!cut || running.piece.call !== call || !running.fits(tracks) || running.lasted() >= PIECE_MS)) this.stop();
    if (this.bytes >= KEPT_MOST) this.#fill();
    if (cut && call && tracks.length && !this.#running && !this.full) this.#begin(call, tracks);
  }

  /** What was recorded so far is a piece. */
  stop() {
    this.#running?.end();
    this.#running = null;
  }

  #fill() {
    this.full = true;
    this.stop();
  }

  /** @param {string} call @param {MediaStreamTrack[]} tracks */
  #begin(call, tracks) {
    const kind = tracks.some((track) => track.kind === 'video') ? 'picture' : 'sound';
    const type = globalThis.MediaRecorder ? TYPES[kind].find((each) => MediaRecorder.isTypeSupported(each)) : undefined;
    if (!type) return;
    const { clock, me } = this.#phone;
    /** @type {Piece} */
    const piece = { id: ulid(clock.now()), call, unit: String(me?.unit ?? ''), t: Date.now(), offset: clock.offset, type, lastsMs: 0, bytes: 0, chunks: 0, over: false, refused: '' };
    try {
      this.#running = new Running(tracks, piece, { keep: (chunk) => this.#keep(piece, chunk), over: () => this.#over(piece) });
    } catch {
      return; // this browser records no such tracks; asked again in a second
    }
    this.#pieces.set(piece.id, piece);
  }

  /** @param {Piece} piece @param {Blob} data */
  async #keep(piece, data) {
    const { chunks, pieces, durable } = this.#phone.store;
    const kept = await chunks.put({ id: chunkId(piece.id, piece.chunks), data });
    if (!kept && durable) this.#fill(); // it stands in memory, but there will be no more
    piece.chunks += 1;
    piece.bytes += data.size;
    await pieces.put(piece);
  }

  /** @param {Piece} piece */
  async #over(piece) {
    if (this.#running?.piece === piece) this.#running = null; // the browser ended it
    piece.over = true;
    if (piece.chunks && piece.lastsMs >= SHORT_MS) await this.#phone.store.pieces.put(piece);
    else await this.#forget(piece);
    this.#phone.redraw();
  }

  /** @param {Piece} piece */
  async #forget(piece) {
    this.#pieces.delete(piece.id);
    this.full = this.full && this.bytes >= KEPT_MOST;
    await this.#phone.store.pieces.remove([piece.id]);
    await this.#phone.store.chunks.remove(Array.from({ length: piece.chunks + 1 }, (_, n) => chunkId(piece.id, n)));
  }

  // --- to the centre

  /** What waits to be brought, of this officer. */
  waiting() {
    const unit = String(this.#phone.me?.unit ?? '');
    return [...this.#pieces.values()].filter((piece) => piece.over && piece.unit === unit && !piece.refused).sort((a, b) => a.t - b.t);
  }

  /** Brings what waits, one after the other. free: the line is not needed for a call. @param {boolean} free */
  async send(free) {
    if (!free || this.#sending || performance.now() < this.#mayAt || !this.#phone.outbox.isOpen || !this.waiting().length) return; // drawing calls us: nothing to do must not draw
    this.#sending = true;
    try {
      for (let [piece] = this.waiting(); piece && performance.now() >= this.#mayAt; [piece] = this.waiting()) await this.#bring(piece);
    } finally {
      this.#sending = false;
      this.#phone.redraw();
    }
  }

  /** The network may be back. */
  kick() {
    this.#mayAt = 0;
    this.#tries = 0;
  }

  /** @param {Piece} piece */
  async #bring(piece) {
    const film = await this.#whole(piece);
    if (!film.size) { await this.#forget(piece); return; } // the browser threw it away
    const digest = await crypto.subtle.digest('SHA-256', await film.arrayBuffer());
    const query = new URLSearchParams({ began_at: iso(this.#phone.clock.served(piece)), lasts_ms: String(Math.round(piece.lastsMs)) });
    const headers = { 'Content-Type': piece.type, 'Content-Digest': `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(digest)))}:` };
    const outcome = await bring(`/ingest/recordings/${piece.call}/${piece.id}?${query}`, film, headers, LIMIT_MS);
    const unwhole = outcome.body?.error?.code === 'recording.wrong_digest' && this.#tries < UNWHOLE_MOST;
    if (outcome.word === 'ok') {
      this.#tries = 0;
      await this.#forget(piece);
      this.#done = { n: this.#done.until > performance.now() ? this.#done.n + 1 : 1, until: performance.now() + DONE_MS };
    } else if (outcome.word === 'refused' && !unwhole) {
      piece.refused = outcome.text; // kept all the same: whoever asks for it later finds it here
      await this.#phone.store.pieces.put(piece);
    } else {
      this.#tries += 1;
      this.#mayAt = performance.now() + (outcome.afterMs || backoffMs(this.#tries, AGAIN_MS));
    }
  }

  /** @param {Piece} piece */
  async #whole(piece) {
    const parts = [];
    for (let n = 0; n < piece.chunks; n += 1) {
      const chunk = await this.#phone.store.chunks.get(chunkId(piece.id, n));
      if (!chunk) break; // what follows a hole cannot be played
      parts.push(chunk.data);
    }
    return new Blob(parts, { type: piece.type });
  }

  // --- what the officer reads

  /** @returns {string | null} */
  said() {
    const waiting = this.waiting();
    const refused = [...this.#pieces.values()].find((piece) => piece.refused);
    if (this.full) return t('own_full', { mb: Math.round(this.bytes / 1e6) });
    if (this.#running) return t('own_runs', { seconds: Math.round(this.#running.lasted() / 1000) });
    if (this.#sending && waiting.length) return t('own_sending', { n: waiting.length, mb: megabytes(waiting) });
    if (waiting.length) return t('own_waiting', { n: waiting.length, mb: megabytes(waiting) });
    if (refused) return t('own_refused', { why: refused.refused });
    return performance.now() < this.#done.until ? t('own_done', { n: this.#done.n }) : null;
  }
}

/** One MediaRecorder and the piece it fills. */
class Running {
  #began = performance.now();
  #recorder;
  #tracks;
  /** One chunk after the other. @type {Promise<void>} */
  #line = Promise.resolve();

  /** @param {MediaStreamTrack[]} tracks @param {Piece} piece @param {{keep: (chunk: Blob) => Promise<void>, over: () => Promise<void>}} told */
  constructor(tracks, piece, told) {
    this.piece = piece;
    this.#tracks = tracks;
    const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: piece.type, videoBitsPerSecond: VIDEO_BPS, audioBitsPerSecond: SOUND_BPS });
    recorder.onstart = () => { this.#began = performance.now(); piece.t = Date.now(); };
    recorder.ondataavailable = ({ data }) => {
      if (!data.size) return;
      const lasted = this.lasted();
      this.#line = this.#line.then(() => { piece.lastsMs = lasted; return told.keep(data); });
    };
    recorder.onstop = () => { this.#line = this.#line.then(told.over); };
    recorder.start(CHUNK_MS);
    this.#recorder = recorder;
  }

  lasted() {
    return performance.now() - this.#began;
  }

  /** Whether these are still the tracks that it records. @param {MediaStreamTrack[]} tracks */
  fits(tracks) {
    return tracks.length === this.#tracks.length && tracks.every((track) => this.#tracks.includes(track));
  }

  end() {
    if (this.#recorder.state !== 'inactive') this.#recorder.stop();
  }
}

/** @param {string} piece @param {number} n */
const chunkId = (piece, n) => `${piece}.${String(n).padStart(4, '0')}`;

/** @param {Piece[]} pieces */
const megabytes = (pieces) => (pieces.reduce((sum, piece) => sum + piece.bytes, 0) / 1e6).toFixed(1);
