// The picture of a call on wall and desk: whose stream, how it stands, and what is said about it. It never looks newer than it is.

import { all, now, tell } from './state.mjs';
import { fill, h, sign } from './draw.mjs';
import { feedOf, fieldOf, sends, streamOf } from './feeds.mjs';
import { blocked } from './sound.mjs';
import { Tile } from './tile.mjs';
import { t } from './text.mjs';

export { fieldOf };

/** @typedef {Record<string, any>} Row */
/** @typedef {import('./feeds.mjs').Feed} Feed */

const NONE_MS = 4_000; // a camera that has not begun by then is said to be missing
const EARLY_MS = 2_000; // and a second until the next look: the relay lets an offer wait longer than that
const DUCKED = 0.06;

/** Feeds whose picture was seen: it keeps its place although it is interrupted. @type {Set<string>} */
const pictured = new Set();
/** @type {Map<string, Live>} */
const places = new Map();

/** Whether the stage belongs to the picture, not to the map. @param {Row} row */
export const hasPicture = (row) => pictured.has(row.id);

/** Puts the call's picture into the place; nothing: ends it. @param {Row | undefined} row @param {string} place id of the element that holds it */
export const showCall = (row, place) => showFeed(row && feedOf(row), place, true);

/** @param {Feed | undefined} feed @param {string} place @param {boolean} sound whether it is heard as well */
export function showFeed(feed, place, sound) {
  const frame = document.getElementById(place);
  if (!frame || (!feed && !places.has(place))) return;
  let live = places.get(place);
  if (!live) places.set(place, live = new Live(frame, sound));
  live.show(feed);
}

/** What stands over the call's picture: how much comes, how late, and since when nothing comes. @param {Row} row @returns {(Node | null)[]} */
export const chips = (row) => chipsOf(feedOf(row));

/** @param {Feed} feed @returns {(Node | null)[]} */
export const chipsOf = (feed) => [...places.values()].find((live) => live.feed?.key === feed.key)?.chips() ?? [];

/** Somebody in the centre has the microphone open: what comes back from the scene must not reach it loudly. @param {Row} row */
const roomSpeaks = (row) => Boolean(row.speaking) && all('participant').some((one) => one.id === row.speaking && one.kind === 'DESK');

/** One place with one live picture. */
class Live {
  /** @type {Feed | undefined} */
  feed = undefined;
  seenAt = 0;
  told = '';

  /** @param {HTMLElement} frame @param {boolean} sound */
  constructor(frame, sound) {
    this.frame = frame;
    this.sound = sound;
    const video = /** @type {HTMLVideoElement} */ (h('video', { playsinline: true, autoplay: true, muted: true }));
    fill(frame, video);
    this.tile = new Tile(video, () => tell([]));
  }

  /** @param {Feed | undefined} feed */
  show(feed) {
    if (feed?.key !== this.feed?.key) this.seenAt = Date.now();
    this.feed = feed;
    // Who is at the relay's door first has the picture sooner; later, while it has nothing, asking would only fill its log.
    const begun = feed !== undefined && (sends(feed) || Date.now() - this.seenAt < EARLY_MS);
    this.tile.watch(feed?.call.id ?? '', feed && begun ? streamOf(feed) : '', { audio: this.sound });
    const said = `${feed?.part?.media}:${feed?.part?.media_at}`;
    if (said !== this.told) this.tile.poke();
    this.told = said;
    const { phase } = this.tile.standing;
    if (feed && phase === 'live') pictured.add(feed.key);
    this.frame.hidden = !feed || !pictured.has(feed.key) || Boolean(feed.call.picture_closed_at && feed.part?.kind === 'FIELD');
    this.frame.dataset.phase = phase;
    this.tile.video.muted = !this.sound || blocked();
    this.tile.video.volume = feed && roomSpeaks(feed.call) ? DUCKED : 1;
  }

  /** @returns {(Node | null)[]} */
  chips() {
    const { phase, since, kbps, height, delayMs } = this.tile.standing;
    const flow = phase === 'live' || phase === 'audio';
    return [
      flow && kbps ? h('span', { class: 'chip' }, [height && phase === 'live' ? t('video.lines', { n: height }) : '', t('video.kbps', { n: kbps }), delayMs === null || phase !== 'live' ? '' : t('video.delay', { n: delayMs })].filter(Boolean).join('  ')) : null,
      this.word(phase, since),
    ];
  }

  /** @param {string} phase @param {number} since */
  word(phase, since) {
    const amber = (/** @type {string} */ said) => h('span', { class: 'chip warns', 'data-picture': phase }, sign('clock'), said);
    if (this.feed?.call.picture_closed_at) return null; // said beside the name already
    if (phase === 'silent') return amber(t('video.interrupted', { n: Math.max(2, Math.floor((Date.now() - since) / 1000)) }));
    if (phase === 'audio') return amber(t('video.audio_only'));
    if (phase === 'live') return null;
    if (pictured.has(this.feed?.key ?? '')) return amber(t('video.coming_back'));
    return Date.now() - this.seenAt < NONE_MS ? h('span', { class: 'chip', 'data-picture': phase }, t('video.coming')) : amber(t(now.connection === 'live' ? 'video.none' : 'video.coming_back'));
  }
}
