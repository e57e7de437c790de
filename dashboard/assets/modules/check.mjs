// Tries camera, microphone, loudspeaker, position, the way to the relay and the clock, one after the other, by one touch. Each says how it
// is, and when it is not well, what to do.

import { fill, h } from './draw.mjs';
import { publish } from './publish.mjs';
import { choose, chosen } from './seat.mjs';
import { t } from './text.mjs';
import { view } from './whep.mjs';

/** @typedef {'tries' | 'good' | 'bad'} State */

const face = document.documentElement.dataset.face ?? '';
const HEARS_MS = 5_000;
const QUIET = 0.01; // of full scale: a silent room with a working microphone lies above a dead one
const FLOWS_MS = 8_000;
const ENOUGH_KBPS = 400;
const CLOCK_MS = 2_000;
/** @type {MediaStream | null} */
let media = null;

/** @param {string} part @param {State} state @param {string} word @param {string | Node[]} [todo] */
function say(part, state, word, todo = '') {
  const row = document.querySelector(`li[data-part="${part}"]`);
  if (!(row instanceof HTMLElement)) return;
  row.dataset.state = state;
  fill(row.querySelector('.word'), document.createTextNode(word));
  fill(row.querySelector('.do'), ...(typeof todo === 'string' ? [document.createTextNode(todo)] : todo));
}

/** @param {unknown} error */
const refused = (error) => (error instanceof DOMException && error.name === 'NotAllowedError' ? 'refused' : 'missing');

document.getElementById('begin')?.addEventListener('click', () => void tryAll());

async function tryAll() {
  const button = document.getElementById('begin');
  if (button instanceof HTMLButtonElement) button.disabled = true;
  const sound = new AudioContext();
  await tryDevices();
  await Promise.all([tryMicrophone(sound), trySpeaker(sound), tryPosition(), tryPath()]);
  if (button instanceof HTMLButtonElement) { button.disabled = false; button.textContent = t('check.again'); }
}

async function tryDevices() {
  for (const track of media?.getTracks() ?? []) track.stop();
  say('camera', 'tries', t('check.trying'));
  const { camera, microphone } = chosen();
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, ...(face === 'field' ? { facingMode: { ideal: 'environment' } } : camera ? { deviceId: { ideal: camera } } : {}) };
  const audio = { echoCancellation: true, ...(microphone ? { deviceId: { ideal: microphone } } : {}) };
  const devices = navigator.mediaDevices;
  if (!devices) { say('camera', 'bad', t('check.insecure'), t('check.insecure_do')); media = null; return; }
  media = await devices.getUserMedia({ video, audio }).catch(async (error) => {
    say('camera', 'bad', t(`check.camera_${refused(error)}`), t(`check.${refused(error)}_do`));
    return devices.getUserMedia({ audio }).catch(() => null);
  });
  const own = /** @type {HTMLVideoElement} */ (document.getElementById('own'));
  const [track] = media?.getVideoTracks() ?? [];
  own.hidden = !track;
  own.srcObject = media;
  if (track) say('camera', 'good', t('check.camera_good', { width: track.getSettings().width ?? 0, height: track.getSettings().height ?? 0 }));
  if (face === 'desk') await offerChoice();
}

/** The room's camera and microphone are chosen once; this browser remembers them. */
async function offerChoice() {
  const place = document.getElementById('choose');
  if (place) place.hidden = false;
  const all = await navigator.mediaDevices.enumerateDevices();
  for (const [id, kind, what] of /** @type {const} */ ([['cameras', 'videoinput', 'camera'], ['microphones', 'audioinput', 'microphone']])) {
    const select = document.getElementById(id);
    if (!(select instanceof HTMLSelectElement)) continue;
    fill(select, ...all.filter((one) => one.kind === kind).map((one) => h('option', { value: one.deviceId, selected: one.deviceId === chosen()[what] }, one.label || one.deviceId.slice(0, 8))));
    select.onchange = () => { choose({ [what]: select.value }); void tryDevices(); };
  }
}

/** @param {AudioContext} sound */
async function tryMicrophone(sound) {
  if (!media?.getAudioTracks().length) { say('microphone', 'bad', t('check.microphone_missing'), t('check.missing_do')); return; }
  say('microphone', 'tries', t('check.microphone_speak'));
  const meter = sound.createAnalyser();
  sound.createMediaStreamSource(media).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  const until = performance.now() + HEARS_MS;
  let loudest = 0;
  while (performance.now() < until && loudest < QUIET * 3) {
    await new Promise((done) => { setTimeout(done, 100); });
    meter.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length));
  }
  if (loudest > QUIET) say('microphone', 'good', t('check.microphone_good'));
  else say('microphone', 'bad', t('check.microphone_silent'), t('check.microphone_do'));
}

/** A tone, and a person's word for it: no page can know what a loudspeaker does. @param {AudioContext} sound */
async function trySpeaker(sound) {
  const voice = sound.createOscillator();
  const loud = sound.createGain();
  loud.gain.value = 0.3;
  voice.frequency.value = 660;
  voice.connect(loud).connect(sound.destination);
  voice.start();
  voice.stop(sound.currentTime + 1);
  const answer = (/** @type {boolean} */ heard) => () => (heard ? say('speaker', 'good', t('check.speaker_good')) : say('speaker', 'bad', t('check.speaker_silent'), t('check.speaker_do')));
  const button = (/** @type {string} */ key, /** @type {boolean} */ heard) => {
    const made = h('button', { type: 'button', 'data-heard': heard ? 'yes' : 'no' }, t(key));
    made.onclick = answer(heard);
    return made;
  };
  say('speaker', 'tries', t('check.speaker_ask'), [h('span', { class: 'answers' }, button('check.yes', true), button('check.no', false))]);
}

function tryPosition() {
  if (face !== 'field') return undefined;
  say('position', 'tries', t('check.trying'));
  return new Promise((done) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => { say('position', 'good', t('check.position_good', { metres: Math.round(coords.accuracy) })); done(undefined); },
      (error) => { say('position', 'bad', t(error.code === 1 ? 'check.position_refused' : 'check.position_missing'), t(error.code === 1 ? 'check.refused_do' : 'check.position_do')); done(undefined); },
      { enableHighAccuracy: true, timeout: 12_000, maximumAge: 5_000 },
    );
  });
}

/** A stream of one's own, to the relay and back: direct or by TURN, and what the line carries; the clock on the way. */
async function tryPath() {
  say('path', 'tries', t('check.trying'));
  say('clock', 'tries', t('check.trying'));
  const sentAt = Date.now();
  const answer = await fetch(`/api/media/check?face=${face}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' }).catch(() => null);
  const passes = await answer?.json().catch(() => null);
  if (!answer?.ok || !passes) {
    say('path', 'bad', passes?.error?.text ?? t('check.centre_missing'), t('check.centre_do'));
    say('clock', 'bad', t('check.centre_missing'), t('check.centre_do'));
    return;
  }
  tellClock(passes.server_time - (sentAt + Date.now()) / 2);
  await tellPath(passes);
}

/** @param {number} offset ms, server − here */
function tellClock(offset) {
  const seconds = (Math.abs(offset) / 1000).toFixed(1);
  if (Math.abs(offset) <= CLOCK_MS) say('clock', 'good', t('check.clock_good', { seconds }));
  else say('clock', 'bad', t(offset > 0 ? 'check.clock_slow' : 'check.clock_fast', { seconds }), t('check.clock_do'));
}

/** @param {Record<string, any>} passes */
async function tellPath(passes) {
  const { picture, drawing } = noise();
  const here = document.createElement('video');
  here.muted = true;
  const sent = publish(picture, { url: passes.whip, token: passes.publish, iceServers: passes.iceServers });
  const back = view(here, { url: passes.whep, token: passes.view, iceServers: passes.iceServers, audio: false });
  const until = performance.now() + FLOWS_MS;
  let kbps = 0;
  let before = { at: 0, bytes: 0 };
  while (performance.now() < until) {
    await new Promise((done) => { setTimeout(done, 500); });
    for (const stat of (await back.pc?.getStats() ?? new Map()).values()) {
      if (stat.type !== 'inbound-rtp' || !stat.bytesReceived) continue;
      if (before.at && stat.timestamp > before.at) kbps = Math.max(kbps, Math.round((stat.bytesReceived - before.bytes) * 8 / (stat.timestamp - before.at)));
      before = { at: stat.timestamp, bytes: stat.bytesReceived };
    }
    if (kbps >= ENOUGH_KBPS && performance.now() > until - FLOWS_MS / 2) break;
  }
  const way = await wayOf(sent.session.pc);
  clearInterval(drawing);
  await Promise.all([sent.close(), back.close()]);
  for (const track of picture.getTracks()) track.stop();
  if (!before.bytes) say('path', 'bad', t('check.path_missing'), t('check.path_do'));
  else if (kbps < ENOUGH_KBPS) say('path', 'bad', t(`check.path_${way.kind}`, { kbps, ms: way.ms }), t('check.path_thin_do'));
  else say('path', 'good', t(`check.path_${way.kind}`, { kbps, ms: way.ms }));
}

/** A moving picture that is worth every bit the line carries. */
function noise() {
  const canvas = /** @type {HTMLCanvasElement} */ (h('canvas', { width: 480, height: 270 }));
  const pen = canvas.getContext('2d');
  const dots = pen?.createImageData(480, 270);
  const drawing = setInterval(() => {
    if (!pen || !dots) return;
    for (let i = 0; i < dots.data.length; i += 4) dots.data.set([Math.random() * 255, 90, 120, 255], i);
    pen.putImageData(dots, 0, 0);
  }, 66);
  return { picture: canvas.captureStream(15), drawing };
}

/** @param {RTCPeerConnection | null} pc @returns {Promise<{kind: 'direct' | 'turn', ms: number}>} */
async function wayOf(pc) {
  const stats = await pc?.getStats() ?? new Map();
  for (const pair of stats.values()) {
    if (pair.type !== 'candidate-pair' || pair.state !== 'succeeded' || !pair.nominated) continue;
    return { kind: stats.get(pair.localCandidateId)?.candidateType === 'relay' ? 'turn' : 'direct', ms: Math.round((pair.currentRoundTripTime ?? 0) * 1000) };
  }
  return { kind: 'direct', ms: 0 };
}
