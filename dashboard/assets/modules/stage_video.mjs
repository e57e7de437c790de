// The picture of a call on wall and desk: whose stream, how it stands, and what is said about it. It never looks newer than it is.

import { all, now, tell } from './state.mjs';
import { fill, h, sign } from './draw.mjs';
import { blocked } from './sound.mjs';
import { Tile } from './tile.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row */

const NONE_MS = 4_000; // a camera that has not begun by then is said to be missing
const EARLY_MS = 2_000; // and a second until the next look: the relay lets an offer wait longer than that
const DUCKED = 0.06;

/** @type {Tile | null} */
let tile = null;
let shown = '';
let seenAt = 0;
let told = '';
/** Calls whose picture was seen: it keeps the stage although it is interrupted. @type {Set<string>} */
const pictured = new Set();

/** The officer's own place in his call. @param {string} callId @returns {Row | undefined} */
export const fieldOf = (callId) => all('participant').find((row) => row.call_id === callId && row.kind === 'FIELD' && row.state === 'IN');

/** Whether the stage belongs to the picture, not to the map. @param {Row} row */
export const hasPicture = (row) => pictured.has(row.id);

/** Puts the call's picture into the place; nothing: ends it. @param {Row | undefined} row @param {string} place id of the element that holds it */
export function showCall(row, place) {
  const frame = document.getElementById(place);
  if (!frame) return;
  if (row && !tile) tile = made(frame);
  if (!tile) return;
  const officer = row ? fieldOf(row.id) : undefined;
  if ((row?.id ?? '') !== shown) [shown, seenAt] = [row?.id ?? '', Date.now()];
  // Who is at the relay's door first has the picture sooner; later, while it has nothing, asking would only fill its log.
  const begun = (Boolean(officer?.media) && officer?.media !== 'NONE') || Date.now() - seenAt < EARLY_MS;
  const stream = row && officer && begun ? `${row.id}.${officer.id}` : '';
  tile.watch(row?.id ?? '', stream);
  const said = `${officer?.media}:${officer?.media_at}`;
  if (said !== told) tile.poke();
  told = said;
  const { phase } = tile.standing;
  if (row && phase === 'live') pictured.add(row.id);
  frame.hidden = !row || !pictured.has(row.id) || Boolean(row.picture_closed_at);
  frame.dataset.phase = phase;
  tile.video.muted = blocked();
  tile.video.volume = row && roomSpeaks(row) ? DUCKED : 1;
}

/** Somebody in the centre has the microphone open: what comes back from the scene must not reach it loudly. @param {Row} row */
const roomSpeaks = (row) => Boolean(row.speaking) && all('participant').some((one) => one.id === row.speaking && one.kind === 'DESK');

/** @param {HTMLElement} frame */
function made(frame) {
  const video = /** @type {HTMLVideoElement} */ (h('video', { playsinline: true, autoplay: true, muted: true }));
  fill(frame, video);
  return new Tile(video, () => tell([]));
}

/** What stands over the picture: how much comes, how late, and since when nothing comes. @param {Row} row @returns {(Node | null)[]} */
export function chips(row) {
  const { phase, since, kbps, height, delayMs } = tile?.standing ?? { phase: 'none', since: 0, kbps: 0, height: 0, delayMs: null };
  const flow = phase === 'live' || phase === 'audio';
  return [
    flow && kbps ? h('span', { class: 'chip' }, [height && phase === 'live' ? t('video.lines', { n: height }) : '', t('video.kbps', { n: kbps }), delayMs === null || phase !== 'live' ? '' : t('video.delay', { n: delayMs })].filter(Boolean).join('  ')) : null,
    word(row, phase, since),
  ];
}

/** @param {Row} row @param {string} phase @param {number} since */
function word(row, phase, since) {
  const amber = (/** @type {string} */ said) => h('span', { class: 'chip warns', 'data-picture': phase }, sign('clock'), said);
  if (row.picture_closed_at) return null; // said beside the name already
  if (phase === 'silent') return amber(t('video.interrupted', { n: Math.max(2, Math.floor((Date.now() - since) / 1000)) }));
  if (phase === 'audio') return amber(t('video.audio_only'));
  if (phase === 'live') return null;
  if (pictured.has(row.id)) return amber(t('video.coming_back'));
  return Date.now() - seenAt < NONE_MS ? h('span', { class: 'chip', 'data-picture': phase }, t('video.coming')) : amber(t(now.connection === 'live' ? 'video.none' : 'video.coming_back'));
}
