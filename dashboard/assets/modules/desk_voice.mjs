// The room speaks: the desk's microphone while a key is held (对讲), or the 领导席, its camera and microphone, until it is turned off.
// One line to the relay for each call; the officer's phone and the wall learn from the server who is heard.

import { now, rows, tell } from './state.mjs';
import { ask } from './desk_ask.mjs';
import { Line } from './passes.mjs';
import { publish } from './publish.mjs';
import { chosen } from './seat.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row @typedef {'' | 'talk' | 'seat'} Mode */

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const TALKING = ['ANSWERED', 'LIVE', 'DEGRADED', 'RECONNECTING'];

/** What is under way: in which call, with which devices, whether it is heard. */
export const room = { call: '', mode: /** @type {Mode} */ (''), open: false, wrong: '' };
/** @type {MediaStream | null} */
let media = null;
/** @type {Line<{close: () => unknown}> | null} */
let line = null;
let turn = Promise.resolve();

/** @param {Row | undefined} row */
export const mayTalk = (row) => Boolean(row && TALKING.includes(row.state));

/** The key goes down, or up: heard only between the two. @param {Row} row @param {boolean} down */
export function hold(row, down) {
  if (room.mode === 'seat' || (down && !mayTalk(row))) return;
  if (down === (room.mode === 'talk' && room.open)) return;
  turn = turn.then(() => (down ? open(row, 'talk') : shut(row)));
}

/** @param {Row} row */
export function turnSeat(row) {
  turn = turn.then(() => (room.mode === 'seat' ? leave(row.id) : open(row, 'seat')));
}

/** @param {Row} row @param {'talk' | 'seat'} mode */
async function open(row, mode) {
  room.wrong = '';
  if (room.call !== row.id || room.mode !== mode || !media) {
    close();
    media = await devices(mode);
    if (!media) { room.wrong = t('video.room_no_devices'); tell([]); return; }
    const taken = media;
    hear(false);
    Object.assign(room, { call: row.id, mode });
    line = new Line({ call: row.id, right: 'publish' }, (pass) => publish(taken, { ...pass, layers: true })); // an officer's phone on a thin line shows the small one
  }
  const answer = await ask({ verb: 'speak', id: row.id });
  room.open = !answer.code;
  room.wrong = answer.code ? answer.said : '';
  hear(room.open);
  if (!room.open && mode === 'seat') close();
  tell([]);
}

/** @param {Row} row */
async function shut(row) {
  hear(false);
  if (!room.open) return;
  room.open = false;
  tell([]);
  await ask({ verb: 'fall_silent', id: row.id });
}

/** @param {string} call */
async function leave(call) {
  const spoke = room.open;
  close();
  tell([]);
  if (spoke) await ask({ verb: 'fall_silent', id: call });
}

function close() {
  line?.close();
  line = null;
  for (const track of media?.getTracks() ?? []) track.stop();
  media = null;
  Object.assign(room, { call: '', mode: '', open: false });
}

/** The call is over, or somebody else speaks by now: nothing of the room goes out any more. */
export function lookAfterRoom() {
  if (!room.call) return;
  const row = rows.call?.get(room.call);
  if (!mayTalk(row)) close();
  else if (now.connection === 'live' && room.open && row?.speaking && rows.participant?.get(row.speaking)?.officer_id !== now.hello.me?.id) { hear(false); room.open = false; if (room.mode === 'seat') close(); }
}

/** @param {boolean} heard */
function hear(heard) {
  for (const track of media?.getAudioTracks() ?? []) track.enabled = heard;
}

/** @param {'talk' | 'seat'} mode */
async function devices(mode) {
  const { camera, microphone } = chosen();
  const audio = { ...SOUND, ...(microphone ? { deviceId: { ideal: microphone } } : {}) };
  const video = mode === 'seat' ? { ...PICTURE, ...(camera ? { deviceId: { ideal: camera } } : {}) } : false;
  const taken = await navigator.mediaDevices?.getUserMedia({ audio, video }).catch(() => null);
  return taken ?? (video ? navigator.mediaDevices?.getUserMedia({ audio }).catch(() => null) ?? null : null);
}
