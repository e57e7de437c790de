/**
 * One stream in a <video>, and how it stands: nothing yet, a picture, sound alone, or a picture that is old and says how old.
 *
 * @typedef {'none' | 'live' | 'audio' | 'silent'} Phase none: nothing came yet; audio: no picture comes, sound does; silent: nothing for two seconds
 * @typedef {{ phase: Phase, since: number, kbps: number, fps: number, height: number, delayMs: number | null }} Standing since: by Date.now(), when the newest came
 */
import { Line } from './passes.mjs';
import { view } from './whep.mjs';

const LOOK_MS = 500;
const SILENT_MS = 2_000;
const BEGINS_MS = 2_500; // sound may come so long before the first picture

/** @returns {Standing} */
const nothing = () => ({ phase: 'none', since: 0, kbps: 0, fps: 0, height: 0, delayMs: null });

export class Tile {
  standing = nothing();
  bytes = { video: 0, audio: 0 };
  /** By Date.now(): when the newest byte came. */
  moved = { video: 0, audio: 0 };
  counted = { at: 0, bytes: 0 };
  firstSound = 0;

  /** @param {HTMLVideoElement} video @param {() => void} [onchange] */
  constructor(video, onchange = () => undefined) {
    this.video = video;
    this.onchange = onchange;
    this.stream = '';
    /** @type {Line<import('./media_session.mjs').MediaSession> | null} */
    this.line = null;
    this.looking = setInterval(() => void this.look(), LOOK_MS);
    this.framed = (/** @type {number} */ _, /** @type {VideoFrameCallbackMetadata} */ frame) => this.drawn(frame);
    video.requestVideoFrameCallback?.(this.framed);
  }

  /** Watches this stream of this call from now on; '' ends it. @param {string} call @param {string} stream @param {{audio?: boolean, thrifty?: boolean}} [how] */
  watch(call, stream, { audio = true, thrifty = false } = {}) {
    if (this.stream === stream) return;
    this.line?.close();
    this.line = null;
    this.stream = stream;
    this.forget();
    this.video.srcObject = null;
    if (stream) this.line = new Line({ call, right: 'view', stream }, (pass) => view(this.video, { ...pass, audio, thrifty }));
  }

  /** Whether the line is so bad that the small picture must do. */
  get small() {
    return Boolean(this.line?.session?.wanted.layer);
  }

  forget() {
    this.standing = nothing();
    this.bytes = { video: 0, audio: 0 };
    this.moved = { video: 0, audio: 0 };
    this.firstSound = 0;
    this.counted = { at: 0, bytes: 0 };
  }

  /** Something may have begun to come: whoever waits tries at once. */
  poke() {
    if (this.standing.phase !== 'live') {
      this.line?.wake();
      this.line?.session?.wake();
    }
  }

  /** @param {VideoFrameCallbackMetadata} frame */
  drawn(frame) {
    if (this.standing.phase !== 'live') void this.look();
    const taken = /** @type {{captureTime?: number}} */ (frame).captureTime;
    if (taken) this.standing.delayMs = Math.max(0, Math.round(frame.expectedDisplayTime - taken));
    this.video.requestVideoFrameCallback(this.framed);
  }

  async look() {
    const pc = this.line?.session?.pc;
    const now = Date.now();
    let fps = 0;
    if (pc) {
      for (const stat of (await pc.getStats()).values()) {
        if (stat.type !== 'inbound-rtp') continue;
        const kind = /** @type {'video' | 'audio'} */ (stat.kind);
        if ((stat.bytesReceived ?? 0) !== this.bytes[kind]) [this.bytes[kind], this.moved[kind]] = [stat.bytesReceived ?? 0, stat.bytesReceived ? now : 0];
        if (kind === 'video') fps = Math.round(stat.framesPerSecond ?? 0);
      }
    }
    if (this.moved.audio) this.firstSound ||= now;
    const { at, bytes } = this.counted;
    const all = this.bytes.video + this.bytes.audio;
    if (now - at >= 2 * LOOK_MS) {
      if (at && all >= bytes) this.standing.kbps = Math.round((all - bytes) * 8 / (now - at));
      this.counted = { at: now, bytes: all };
    }
    Object.assign(this.standing, { fps, height: this.video.videoHeight });
    this.say(this.phase(now));
  }

  /** @param {number} now @returns {Phase} */
  phase(now) {
    const { video, audio } = this.moved;
    const seen = this.video.videoWidth > 0;
    if (seen && video && now - video < SILENT_MS) return 'live';
    if (seen && video) return 'silent';
    if (!audio) return 'none';
    if (now - audio >= SILENT_MS) return 'silent';
    return now - this.firstSound < BEGINS_MS ? this.standing.phase : 'audio';
  }

  /** @param {Phase} phase */
  say(phase) {
    const before = this.standing.phase;
    this.standing.phase = phase;
    this.standing.since = Math.max(this.moved.video, this.video.videoWidth > 0 ? 0 : this.moved.audio);
    if (phase !== before) this.onchange();
  }

  close() {
    clearInterval(this.looking);
    this.watch('', '');
  }
}
