/* The one video element: brings it to where the door wants it, and knows what became of the clip. */

import { isFar, isOver, placeOf } from './stage_state.mjs';

/** @typedef {import('./stage_state.mjs').Item} Item */
/** @typedef {import('./stage_state.mjs').Outcome} Outcome */

const LOADING_MS = 10_000; // so long a clip may need for its first picture
const AGAIN_MS = 2000; // between two tries with a clip that failed
const REST_MS = 3000; // after a jump before one of our own, then twice as long each time: a slow machine must not be sent from place to place

export class Player {
  /** @type {Item | null} */
  #item = null;
  /** @type {Outcome | null} */
  #outcome = null;
  #heard = 0;
  #began = 0;
  #sought = 0;
  #rest = REST_MS;
  #ready = false; // the first picture is there
  #hushed = false; // the browser allows no sound until somebody has pressed something
  #tries = 0; // to play; an answer to an older one says nothing

  /** @param {HTMLVideoElement} video @param {() => void} changed */
  constructor(video, changed) {
    this.video = video;
    this.changed = changed;
    video.addEventListener('loadedmetadata', () => this.#seek());
    // not `loadeddata` alone: it may be said while the jump to the right place has taken the first picture away again
    for (const name of ['loadeddata', 'seeked', 'canplay', 'timeupdate']) video.addEventListener(name, () => this.#arrived());
    video.addEventListener('playing', () => this.changed());
    video.addEventListener('pause', () => this.changed());
    video.addEventListener('ended', () => { if (video.ended) this.#end('ended'); });
    video.addEventListener('error', () => { if (video.error) this.#end('error'); });
  }

  /** @returns {import('./stage_state.mjs').Played} */
  get played() {
    const at = this.#outcome === 'ended' ? this.#item?.duration_ms ?? 0 : this.video.currentTime * 1000;
    return { ready: this.#ready, paused: this.video.paused, at_ms: at, outcome: this.#outcome, hushed: this.#hushed };
  }

  /** The clip's own length where the door knows none. */
  get duration() {
    const own = this.video.duration * 1000;
    return this.#item?.duration_ms ?? (Number.isFinite(own) ? own : null);
  }

  /** Picture and sound are gone when this returns. */
  stop() {
    this.#unload();
    this.#item = this.#outcome = null;
  }

  /** @param {Item} item a clip @param {number} heard when, by performance.now() */
  show(item, heard) {
    const other = item.key !== this.#item?.key;
    if (other) this.stop();
    this.#item = item;
    this.#heard = heard;
    this.#rest = REST_MS;
    if (other || this.#mayTryAgain()) this.#begin();
    else if (this.#loaded) this.#steer();
  }

  /** Once a second, and when somebody has pressed something. @param {boolean} pressed */
  look(pressed = false) {
    const item = this.#item;
    if (!item) return;
    if (this.#loaded && !this.#ready && performance.now() - this.#began > LOADING_MS) this.#end('error');
    if (pressed && this.#outcome === 'blocked') this.#begin();
    if (this.#loaded && (pressed || (item.playing && this.video.paused))) this.#steer();
    else this.#catchUp();
  }

  get #loaded() {
    return this.video.hasAttribute('src');
  }

  #mayTryAgain() {
    if (!this.#item || this.#loaded) return false;
    if (this.#outcome === 'ended') return !isOver(this.#item, this.#item.at_ms);
    return this.#outcome !== null && performance.now() - this.#began > AGAIN_MS;
  }

  #begin() {
    const item = this.#item;
    if (!item?.src) return;
    if (isOver(item, item.at_ms)) {
      this.#end('ended');
      return;
    }
    this.#began = performance.now();
    this.video.src = item.src;
    this.#steer();
  }

  /** Place, sound, playing: as the door has it. */
  #steer() {
    const item = this.#item;
    if (!item) return;
    this.#seek();
    if (item.playing) void this.#play(item);
    else {
      this.#tries += 1;
      this.video.pause();
      this.video.muted = true;
    }
  }

  /** With sound; where the browser refuses that, without; where it refuses altogether, not at all. @param {Item} item */
  async #play(item) {
    if (navigator.userActivation?.hasBeenActive !== false) this.#hushed = false;
    const ways = item.sound && !this.#hushed ? [false, true] : [true];
    const own = ++this.#tries;
    for (const muted of ways) {
      this.video.muted = muted;
      const refused = await this.video.play().then(() => null, (/** @type {unknown} */ why) => why);
      if (own !== this.#tries) return;
      if (refused === null) {
        this.#hushed = item.sound && muted;
        this.#clear('blocked');
        return;
      }
      if (!(refused instanceof DOMException && refused.name === 'NotAllowedError')) return; // a broken clip says so by its own event
    }
    this.#end('blocked');
  }

  /** Whether it had to jump. */
  #seek() {
    const now = performance.now();
    if (!this.#item || this.video.readyState < HTMLMediaElement.HAVE_METADATA) return false;
    const wanted = placeOf(this.#item, this.#heard, now);
    if (!isFar(wanted, this.video.currentTime * 1000)) return false;
    this.#sought = now;
    this.video.currentTime = wanted / 1000;
    return true;
  }

  /** It was slow to begin, or stood still for want of data. */
  #catchUp() {
    if (!this.#ready || this.video.seeking || performance.now() - this.#sought < this.#rest) return;
    if (this.#seek()) this.#rest *= 2;
  }

  #arrived() {
    if (this.#ready || !this.#item || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#ready = true;
    if (this.#outcome !== 'blocked' || !this.#item.playing) this.#outcome = null;
    this.changed();
  }

  /** @param {Outcome} outcome */
  #clear(outcome) {
    if (this.#outcome === outcome) this.#outcome = null;
    this.changed();
  }

  /** @param {Outcome} outcome */
  #end(outcome) {
    if (!this.#item) return;
    this.#outcome = outcome;
    this.#unload();
    this.changed();
  }

  #unload() {
    this.#tries += 1;
    this.#ready = false;
    this.#sought = 0;
    this.video.muted = true;
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.load(); // without it the last picture and what was fetched ahead would stay
  }
}
