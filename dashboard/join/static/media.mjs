// Picture and sound of the leader's page: what he shows, what he sees. The page (`join.mjs`) says when; nothing here decides who may: the
// relay takes only passes that the court's own door gives to who was let in.

import { Line } from '/centre/assets/modules/passes.mjs';
import { publish } from '/centre/assets/modules/publish.mjs';
import { Tile } from '/centre/assets/modules/tile.mjs';

/** @typedef {{picture: boolean, sound: boolean}} Ready @typedef {{close: () => unknown}} Session */
/** @typedef {'nobody' | 'ear' | 'scene'} Voice */

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { facingMode: 'user', width: { ideal: 960 }, height: { ideal: 720 }, frameRate: { ideal: 25 } };

/** @type {MediaStream | null} */
let own = null;
/** @type {Tile | null} */
let tile = null;
/** By stream. @type {Map<string, Tile>} */
const parties = new Map();
/** What he sends to everybody in the call, and what goes to the officer's earpiece alone. @type {{all: Line<Session> | null, ear: Line<Session> | null}} */
const lines = { all: null, ear: null };
let over = false;

/** One's own picture before anybody sees it: opened by a touch, kept for the talk. @param {HTMLVideoElement} place @returns {Promise<Ready>} */
export async function preview(place) {
  const devices = navigator.mediaDevices;
  own ??= (await devices?.getUserMedia({ audio: SOUND, video: PICTURE }).catch(() => null)) ?? null;
  own ??= (await devices?.getUserMedia({ audio: SOUND }).catch(() => null)) ?? null; // sound alone is enough to explain the law
  if (!own) return { picture: false, sound: false }; // no camera, no microphone, or not allowed: he still sees and hears
  hear('nobody');
  place.srcObject = own;
  await place.play().catch(() => {}); // without a touch some browsers refuse; the button «进入连线» was one
  return { picture: own.getVideoTracks().length > 0, sound: own.getAudioTracks().length > 0 };
}

/** What this page has to send; null before `preview`. */
export const ownStream = () => own;

/**
 * He was let in: from now on the scene is shown, and what he sends follows `voice`.
 * @param {{scene: string | null, parties: string[], beside: HTMLElement, own: string, call: string, place: HTMLVideoElement, voice: Voice}} talk
 */
export function follow(talk) {
  if (over) return;
  tile ??= new Tile(talk.place);
  tile.watch(talk.call, talk.scene ?? '');
  showParties(talk);
  if (own && !lines.all) {
    const sent = own;
    lines.all = new Line({ call: talk.call, right: 'publish' }, (pass) => publish(sent, pass));
  }
  hear(talk.voice);
  if (own && talk.voice === 'ear') {
    lines.ear ??= whisperLine(own, talk);
  } else if (lines.ear) {
    lines.ear.close();
    lines.ear = null;
  }
}

/** A party's voice and small picture beside the scene, while he sends. @param {{parties: string[], beside: HTMLElement, call: string}} talk */
function showParties(talk) {
  for (const [stream, known] of parties) {
    if (talk.parties.includes(stream)) continue;
    known.close();
    known.video.remove();
    parties.delete(stream);
  }
  for (const stream of talk.parties) {
    if (parties.has(stream)) continue;
    const video = Object.assign(document.createElement('video'), { autoplay: true, playsInline: true });
    talk.beside.append(video);
    const shown = new Tile(video, () => video.toggleAttribute('data-seen', shown.standing.phase === 'live'));
    shown.watch(talk.call, stream);
    parties.set(stream, shown);
  }
}

/** A line for the earpiece alone, with a track of its own: the one that everybody gets stays mute. @param {MediaStream} from @param {{call: string, own: string}} talk */
function whisperLine(from, talk) {
  const voice = new MediaStream(from.getAudioTracks().map((track) => track.clone()));
  for (const track of voice.getTracks()) track.enabled = true; // a clone is as mute as its original
  return new Line({ call: talk.call, right: 'publish', stream: `${talk.own}.w` }, (pass) => publish(voice, pass));
}

/** By the loudspeaker only while he speaks to the scene; a whisper has a line of its own. @param {Voice} voice */
function hear(voice) {
  for (const track of own?.getAudioTracks() ?? []) track.enabled = voice === 'scene';
}

/** How the scene comes in, and whether the browser waits for a touch before it plays. */
export const scene = () => ({ ...(tile?.standing ?? { phase: 'none', since: 0 }), wantsTouch: Boolean(tile?.video.srcObject && tile.video.paused) });

/** By a touch: picture and sound begin. */
export const touch = () => { for (const each of [tile, ...parties.values()]) void each?.video.play().catch(() => undefined); };

/** Everything is closed: camera and microphone too. */
export function stop() {
  over = true;
  tile?.close();
  for (const each of parties.values()) each.close();
  lines.all?.close();
  lines.ear?.close();
  own?.getTracks().forEach((track) => track.stop());
  own = null;
}
