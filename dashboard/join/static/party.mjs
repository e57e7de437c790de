// The party's page: the clock under the notice; afterwards his place in the talk, asked for again and again. What he sends begins only by
// his own touch in the talk, and ends by his touch, by the desk, or with the talk.

import { Line } from '/centre/assets/modules/passes.mjs';
import { publish } from '/centre/assets/modules/publish.mjs';
import { Tile } from '/centre/assets/modules/tile.mjs';
import { clock, hearClock, part, served, t } from './guest.mjs';

/** @typedef {Record<string, any>} Said @typedef {{close: () => unknown}} Session */

const AGAIN_MS = 1000;
const LIMIT_MS = 15000;
const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { facingMode: 'user', width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 20 } };

// --- before the button

/** How long the link still lives, and how long the notice has stood here: that goes with the answer. */
function underNotice() {
  const shownAt = performance.now();
  const until = document.querySelector('time[data-until]');
  hearClock(Number(until?.getAttribute('data-now')));
  const tick = () => { if (until) until.textContent = clock(Number(until.getAttribute('data-until')) - served()); };
  tick();
  setInterval(tick, 1000);
  document.querySelector('form')?.addEventListener('submit', () => {
    const field = document.querySelector('input[name=read_ms]');
    if (field instanceof HTMLInputElement) field.value = String(Math.round(performance.now() - shownAt));
  });
}

// --- afterwards

/** @type {Said} */
let now = {};
let leaving = false;

async function beInRoom() {
  part('digits', HTMLFormElement).addEventListener('submit', (event) => { event.preventDefault(); void typed(); });
  part('digits-input', HTMLInputElement).addEventListener('input', showDigits);
  part('leave', HTMLButtonElement).addEventListener('click', () => void leave());
  part('sound', HTMLButtonElement).addEventListener('click', () => void turn('audio'));
  part('picture', HTMLButtonElement).addEventListener('click', () => void turn('video'));
  part('court', HTMLElement).addEventListener('click', playAll);
  setInterval(draw, 500);
  for (;;) {
    if (!(await listen())) return;
  }
}

/** One question that is answered when something is new. @returns {Promise<boolean>} whether to go on */
async function listen() {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), LIMIT_MS);
  try {
    const answer = await fetch(`/party/state?seen=${encodeURIComponent(now.version ?? '')}`, { cache: 'no-store', signal: giveUp.signal });
    if (answer.status === 401) { end(); return false; }
    if (!answer.ok) throw new Error(String(answer.status));
    now = await answer.json();
    hearClock(now.server_time);
    say('');
    if (now.over || !['WAITING', 'IN'].includes(now.me.state)) { end(); return false; }
    if (now.me.muted) silence();
    if (now.talk) watch(now.talk);
    draw();
  } catch {
    say(t('unreachable'));
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  } finally {
    clearTimeout(limit);
  }
  return true;
}

function draw() {
  const { me, talk } = now;
  const main = document.querySelector('main');
  if (!me || !main || main.dataset.state === 'over') return;
  main.dataset.state = me.state;
  part('waiting', HTMLElement).hidden = me.state !== 'WAITING';
  part('talk', HTMLElement).hidden = me.state !== 'IN';
  part('leave', HTMLButtonElement).hidden = false;
  if (me.state === 'WAITING') {
    part('digits', HTMLFormElement).hidden = me.verified;
    part('digits-title', HTMLElement).textContent = t(me.verified ? 'verified_title' : 'digits_title');
    part('waiting-state', HTMLElement).textContent = t(me.verified ? 'wait_admission' : 'wait_digits', { time: clock(served() - me.waiting_at) });
  }
  if (me.state === 'IN' && talk) drawTalk(me, talk);
}

/** @param {Said} me @param {Said} talk */
function drawTalk(me, talk) {
  part('case-no', HTMLElement).textContent = talk.case_no ?? '';
  part('cause', HTMLElement).textContent = talk.cause ?? '';
  part('speaker', HTMLElement).textContent = talk.speaker ? t('speaks', { court: talk.court ?? '', title: talk.speaker }) : '';
  const first = firstOf(talk);
  for (const [stream, { tile }] of tiles) tile.video.toggleAttribute('data-first', stream === first);
  const waits = [...tiles.values()].some(({ tile }) => tile.video.srcObject && tile.video.paused);
  part('court-word', HTMLElement).textContent = waits ? t('touch_to_play') : first ? '' : t(talk.streams?.length ? 'court_sound' : 'court_nothing', { court: talk.court ?? '' });
  drawOwn(me);
}

/** @param {Said} me */
function drawOwn(me) {
  const on = { audio: Boolean(own?.getAudioTracks().length), video: Boolean(own?.getVideoTracks().length) };
  const sound = part('sound', HTMLButtonElement);
  sound.textContent = t(on.audio ? 'sound_off' : 'sound_on');
  sound.toggleAttribute('data-on', on.audio);
  sound.disabled = me.muted || busy;
  const picture = part('picture', HTMLButtonElement);
  picture.textContent = t(on.video ? 'picture_off' : 'picture_on');
  picture.toggleAttribute('data-on', on.video);
  picture.disabled = me.muted || busy || !on.audio;
  part('own-word', HTMLElement).textContent = t(me.muted ? 'muted' : wrong || (on.video ? 'both_on' : on.audio ? 'sound_is_on' : 'nothing_on'));
  part('mirror', HTMLVideoElement).hidden = !on.video;
}

// --- the court's side

/** By stream. @type {Map<string, {tile: Tile}>} */
const tiles = new Map();

/** Everybody of the court who sends is heard; the one who speaks is seen. @param {Said} talk */
function watch(talk) {
  const wanted = new Set((talk.streams ?? []).map((/** @type {Said} */ one) => one.stream));
  for (const [stream, { tile }] of tiles) {
    if (wanted.has(stream)) continue;
    tile.close();
    tile.video.remove();
    tiles.delete(stream);
  }
  for (const stream of wanted) {
    if (tiles.has(stream)) continue;
    const video = document.createElement('video');
    Object.assign(video, { autoplay: true, playsInline: true });
    part('court', HTMLElement).prepend(video);
    const tile = new Tile(video, draw);
    tile.watch(now.call_id, stream);
    tiles.set(stream, { tile });
  }
}

/** Whose picture is large: by title who speaks, else the first that has one. @param {Said} talk */
function firstOf(talk) {
  const seen = (talk.streams ?? []).filter((/** @type {Said} */ one) => tiles.get(one.stream)?.tile.standing.phase === 'live');
  return (seen.find((/** @type {Said} */ one) => one.title === talk.speaker) ?? seen[0])?.stream ?? '';
}

/** By a touch: picture and sound begin, where the browser waits for one. */
function playAll() {
  for (const { tile } of tiles.values()) void tile.video.play().catch(() => undefined);
}

// --- his own side: nothing before his own touch

/** @type {MediaStream | null} */
let own = null;
/** @type {Line<Session> | null} */
let line = null;
let busy = false;
/** Which sentence says that a device is missing. */
let wrong = '';

/** His microphone on or off; the camera only beside it. @param {'audio' | 'video'} kind */
async function turn(kind) {
  if (busy || !now.talk || now.me?.muted) return;
  playAll();
  busy = true;
  draw();
  const on = Boolean(own?.getTracks().some((track) => track.kind === kind));
  const wanted = kind === 'audio' ? { audio: !on, video: false } : { audio: true, video: !on };
  silence();
  wrong = '';
  if (wanted.audio) await send(wanted.video);
  busy = false;
  draw();
}

/** @param {boolean} video */
async function send(video) {
  const taken = await navigator.mediaDevices?.getUserMedia({ audio: SOUND, video: video ? PICTURE : false }).catch(() => null);
  if (!taken) { wrong = video ? 'no_camera' : 'no_microphone'; return; }
  if (!now.talk || now.me?.muted || document.querySelector('main')?.dataset.state !== 'IN') { stopTracks(taken); return; }
  own = taken;
  const mirror = part('mirror', HTMLVideoElement);
  mirror.srcObject = video ? taken : null;
  void mirror.play().catch(() => undefined);
  line = new Line({ call: now.call_id, right: 'publish' }, (pass) => publish(taken, pass));
}

/** Nothing of him goes out any more, and his devices' lamps go out. */
function silence() {
  line?.close();
  line = null;
  if (own) stopTracks(own);
  own = null;
  part('mirror', HTMLVideoElement).srcObject = null;
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}

// --- words

function showDigits() {
  const input = part('digits-input', HTMLInputElement);
  input.value = input.value.replace(/\D/g, '').slice(0, 4);
  document.querySelectorAll('.boxes i').forEach((box, i) => { box.textContent = input.value[i] ?? ''; });
  if (input.value.length === 4) void typed();
}

async function typed() {
  const input = part('digits-input', HTMLInputElement);
  const answer = await tell('/party/digits', { digits: input.value });
  if (!answer || answer.right) return;
  input.value = '';
  showDigits();
  say(t('digits_wrong', { n: Math.max(0, (now.me?.tries_left ?? 1) - 1) }));
}

async function leave() {
  silence();
  leaving = true; // the question that is open may be answered before this one: he is out by his own wish all the same
  leaving = Boolean(await tell('/party/leave', {}));
  if (leaving) end();
}

/** @param {string} path @param {Said} said @returns {Promise<Said | null>} null: refused, and said why */
async function tell(path, said) {
  try {
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(said) });
    const body = await answer.json();
    say(answer.ok ? '' : body?.error?.text ?? t('unreachable'));
    return answer.ok ? body : null;
  } catch {
    say(t('unreachable'));
    return null;
  }
}

/** @param {string} sentence */
const say = (sentence) => { part('told', HTMLElement).textContent = sentence; };

/** Everything is closed; nothing of the talk stays on the page. */
function end() {
  const main = document.querySelector('main');
  if (!main || main.dataset.state === 'over') return;
  main.dataset.state = 'over';
  silence();
  for (const { tile } of tiles.values()) { tile.close(); tile.video.remove(); }
  tiles.clear();
  for (const id of ['case-no', 'cause', 'speaker']) part(id, HTMLElement).textContent = '';
  for (const id of ['waiting', 'talk']) part(id, HTMLElement).hidden = true;
  part('leave', HTMLButtonElement).hidden = true;
  part('after', HTMLElement).hidden = false;
  part('after-title', HTMLElement).textContent = t(leaving ? 'after_left' : 'after_over');
  part('after-more', HTMLElement).textContent = t('after_more');
  say('');
}

if (document.querySelector('main.notice')) underNotice();
if (document.querySelector('main.room')) void beInRoom();
