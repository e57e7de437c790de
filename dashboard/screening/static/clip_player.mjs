/* A clip played over the several files that it lies in, as if it were one: its own time, holes between files included. */

/** @typedef {import('./doors.mjs').Segment} Segment */

const AHEAD_MS = 6_000; // so long before a file ends the next one is fetched
const FRAME_MS = 40;

/** The file that holds this moment, the later one where two overlap, and the moment in it. @param {Segment[]} segments in their order @param {number} moment UTC ms @returns {{number: number, at_ms: number} | null} */
export const placeOf = (segments, moment) => {
  for (let number = segments.length - 1; number >= 0; number -= 1) {
    const each = segments[number];
    if (each && each.began_ms <= moment && moment < each.began_ms + each.duration_ms) return { number, at_ms: moment - each.began_ms };
  }
  return null;
};

/** The holes of a clip: where none of its files has anything. @param {Segment[]} segments in their order @param {number} from_ms @param {number} to_ms @returns {[number, number][]} ms since the clip's beginning */
export const holesOf = (segments, from_ms, to_ms) => {
  /** @type {[number, number][]} */
  const holes = [];
  let at = from_ms;
  for (const each of segments) {
    if (each.began_ms > at && at < to_ms) holes.push([at - from_ms, Math.min(each.began_ms, to_ms) - from_ms]);
    at = Math.max(at, each.began_ms + each.duration_ms);
  }
  if (at < to_ms) holes.push([at - from_ms, to_ms - from_ms]);
  return holes;
};

export class ClipPlayer {
  /** @type {Segment[]} */
  #segments = [];
  /** @type {Map<number, HTMLVideoElement>} */
  #videos = new Map();
  /** @type {Map<HTMLVideoElement, number>} where one that is still seeking is to go next, in seconds */
  #wanted = new Map();
  #number = -1;
  #at_ms = 0;
  #ticked = 0;
  #muted = true;
  playing = false;
  frame_ms = FRAME_MS;

  /** @param {number} from_ms UTC @param {number} length_ms @param {() => void} pictured there is another picture than before @param {(sentence: 'press_play' | 'broken') => void} failed */
  constructor(from_ms, length_ms, pictured, failed) {
    this.from_ms = from_ms;
    this.length_ms = length_ms;
    this.pictured = pictured;
    this.failed = failed;
  }

  /** @param {Segment[]} segments */
  load(segments) {
    this.#segments = [...segments].sort((a, b) => a.began_ms - b.began_ms);
    this.seek(this.#at_ms);
  }

  /** Nothing to play any more. */
  unload() {
    this.pause();
    for (const [number, video] of [...this.#videos]) this.#drop(number, video);
    [this.#segments, this.#number] = [[], -1];
  }

  get holes() {
    return holesOf(this.#segments, this.from_ms, this.from_ms + this.length_ms);
  }

  get loaded() {
    return this.#segments.length > 0;
  }

  /** Milliseconds since the clip's beginning. */
  get at_ms() {
    return this.#at_ms;
  }

  /** What may be drawn now; null in a hole, or while nothing has come yet. */
  get picture() {
    const video = this.#videos.get(this.#number);
    return video && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? video : null;
  }

  get muted() {
    return this.#muted;
  }

  set muted(muted) {
    if (muted === this.#muted) return;
    this.#muted = muted;
    for (const video of this.#videos.values()) video.muted = muted;
  }

  /** @param {number} at_ms */
  seek(at_ms) {
    this.#at_ms = Math.min(Math.max(at_ms, 0), this.length_ms);
    this.#ticked = performance.now();
    this.#enter(true);
    this.pictured();
  }

  play() {
    if (!this.loaded || this.playing) return;
    if (this.#at_ms >= this.length_ms) this.#at_ms = 0;
    this.playing = true;
    this.seek(this.#at_ms);
  }

  pause() {
    this.playing = false;
    for (const video of this.#videos.values()) video.pause();
  }

  /** Called with each picture of the screen. @param {number} now */
  tick(now) {
    const passed = now - this.#ticked;
    this.#ticked = now;
    if (!this.playing) return;
    const [video, segment] = [this.#videos.get(this.#number), this.#segments[this.#number]];
    if (video && segment && !video.ended) this.#at_ms = video.seeking ? this.#at_ms : segment.began_ms + video.currentTime * 1000 - this.from_ms;
    else this.#at_ms += passed; // in a hole, or a file that is shorter than was said
    if (this.#at_ms >= this.length_ms) {
      this.#at_ms = this.length_ms;
      this.pause();
    } else this.#enter(false);
    this.pictured();
  }

  /** The file of this moment comes to the front. @param {boolean} jumped */
  #enter(jumped) {
    const place = placeOf(this.#segments, Math.min(this.from_ms + this.#at_ms, this.from_ms + this.length_ms - 1));
    if (place && (jumped || place.number !== this.#number)) this.#show(place.number, place.at_ms / 1000);
    else if (!place && this.#number >= 0) {
      this.#videos.get(this.#number)?.pause();
      this.#number = -1;
    }
    const next = placeOf(this.#segments, this.from_ms + this.#at_ms + AHEAD_MS);
    if (this.playing && next) this.#video(next.number);
  }

  /** @param {number} number @param {number} seconds */
  #show(number, seconds) {
    if (number !== this.#number) this.#videos.get(this.#number)?.pause();
    this.#number = number;
    const video = this.#video(number);
    for (const [other, old] of this.#videos) if (Math.abs(other - number) > 1) this.#drop(other, old);
    if (video.seeking) this.#wanted.set(video, seconds);
    else if (Math.abs(video.currentTime - seconds) > 1e-4) video.currentTime = seconds;
    if (this.playing && video.paused) video.play().catch((/** @type {Error} */ error) => {
      if (error.name !== 'NotAllowedError') return; // a pause came in between: no fault
      this.pause();
      this.failed('press_play');
    });
  }

  /** @param {number} number */
  #video(number) {
    const there = this.#videos.get(number);
    if (there) return there;
    const video = document.createElement('video'); // never in the page: what is shown of it the canvas shows
    [video.preload, video.playsInline, video.muted] = ['auto', true, this.#muted];
    video.src = this.#segments[number]?.src ?? '';
    video.addEventListener('seeked', () => this.#settled(video));
    video.addEventListener('loadeddata', () => this.pictured());
    video.addEventListener('error', () => this.#number === number && this.failed('broken'));
    this.#videos.set(number, video);
    return video;
  }

  /** @param {HTMLVideoElement} video */
  #settled(video) {
    const wanted = this.#wanted.get(video);
    this.#wanted.delete(video);
    if (wanted !== undefined && Math.abs(video.currentTime - wanted) > 1e-4) video.currentTime = wanted;
    this.pictured();
  }

  /** @param {number} number @param {HTMLVideoElement} video */
  #drop(number, video) {
    video.removeAttribute('src');
    video.load();
    this.#videos.delete(number);
    this.#wanted.delete(video);
  }
}
