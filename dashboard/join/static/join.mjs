// The leader's page: its clocks before the button; afterwards his place in the call, asked for again and again, and what he may press.

import { clock, hearClock, part, served, t } from './guest.mjs';
import { report, sendKept } from '/centre/assets/modules/fault.mjs';
import { follow, preview, scene, stop, touch } from './media.mjs';

/** @typedef {Record<string, any>} Said */

const AGAIN_MS = 1000;
const LIMIT_MS = 15000;

// --- before the button

function briefClocks() {
  const told = document.querySelector('time[data-now]');
  hearClock(Number(told?.getAttribute('data-now')));
  const inApp = /MicroMessenger/i.test(navigator.userAgent) && !navigator.mediaDevices;
  const hint = document.querySelector('.browser');
  if (inApp && hint instanceof HTMLElement) hint.hidden = false;
  const tick = () => {
    for (const time of document.querySelectorAll('time[data-since]')) {
      const seconds = Math.max(0, Math.floor((served() - Number(time.getAttribute('data-since'))) / 1000));
      time.textContent = (time.getAttribute(seconds < 60 ? 'data-seconds' : 'data-minutes') ?? '').replace('#', String(seconds < 60 ? seconds : Math.floor(seconds / 60)));
    }
    for (const time of document.querySelectorAll('time[data-until]')) time.textContent = clock(Number(time.getAttribute('data-until')) - served());
  };
  tick();
  setInterval(tick, 1000);
}

// --- afterwards

/** @type {Said} */
let now = {};
let began = false;

async function beInRoom() {
  part('digits', HTMLFormElement).addEventListener('submit', (event) => { event.preventDefault(); void typed(); });
  part('factor-form', HTMLFormElement).addEventListener('submit', (event) => { event.preventDefault(); void typedFactor(); });
  part('digits-input', HTMLInputElement).addEventListener('input', showDigits);
  part('leave', HTMLButtonElement).addEventListener('click', () => void tell('/join/leave', {}));
  part('fault', HTMLButtonElement).addEventListener('click', async () => say((await report('join', {}, '', { kept: t('fault_kept'), lost: t('fault_offline') })).text));
  sendKept('join', () => '', say);
  part('speak', HTMLButtonElement).addEventListener('click', () => void tell('/join/voice', { call: now.call_id, to: now.me?.speaks ? 'nobody' : 'scene' }));
  part('ear', HTMLButtonElement).addEventListener('click', () => void tell('/join/voice', { call: now.call_id, to: now.me?.whispers ? 'nobody' : 'ear' }));
  part('command', HTMLButtonElement).addEventListener('click', () => void tell('/join/command', { call: now.call_id, on: !now.me?.commands }));
  part('whisper', HTMLFormElement).addEventListener('submit', (event) => { event.preventDefault(); void whispered(); });
  part('conclude', HTMLFormElement).addEventListener('submit', (event) => { event.preventDefault(); void concluded(); });
  part('scene', HTMLElement).addEventListener('click', touch);
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
    const answer = await fetch(`/join/state?seen=${encodeURIComponent(now.version ?? '')}`, { cache: 'no-store', signal: giveUp.signal });
    if (answer.status === 401) { ended(t('closed')); return false; }
    if (!answer.ok) throw new Error(String(answer.status));
    now = await answer.json();
    hearClock(now.server_time);
    say('');
    draw();
    await act();
  } catch {
    say(t('unreachable'));
    await new Promise((done) => { setTimeout(done, AGAIN_MS); });
  } finally {
    clearTimeout(limit);
  }
  return true;
}

/** Camera and microphone follow what he is: waiting, in, gone. */
async function act() {
  const state = now.me?.state;
  if (state === 'WAITING' && !began) {
    began = true;
    const ready = await preview(part('mirror', HTMLVideoElement));
    part('check-sound', HTMLParagraphElement).textContent = t(ready.sound ? 'sound_good' : 'sound_missing');
    part('check-picture', HTMLParagraphElement).textContent = t(ready.picture ? 'picture_good' : 'picture_missing');
  }
  if (state === 'IN') follow({ scene: now.scene, parties: now.parties ?? [], beside: part('party-faces', HTMLElement), own: now.own, call: now.call_id, place: part('scene-video', HTMLVideoElement), voice: now.me.whispers ? 'ear' : now.me.speaks ? 'scene' : 'nobody' });
  if (state === 'LEFT' || state === 'REFUSED' || now.over) stop();
}

function draw() {
  const { me, call } = now;
  const main = document.querySelector('main');
  if (!me || !main) return;
  const state = now.over && me.state !== 'REFUSED' ? 'LEFT' : me.state;
  main.dataset.state = state;
  part('waiting', HTMLElement).hidden = state !== 'WAITING';
  part('talk', HTMLElement).hidden = state !== 'IN';
  part('after', HTMLElement).hidden = state !== 'LEFT' && state !== 'REFUSED';
  part('leave', HTMLButtonElement).hidden = state !== 'WAITING' && state !== 'IN';
  if (state === 'WAITING') drawWaiting(me);
  if (state === 'IN' && call) drawTalk(me, call);
  if (state === 'LEFT' || state === 'REFUSED') {
    part('after-title', HTMLElement).textContent = t(main.hasAttribute('data-concluded') ? 'concluded' : state === 'REFUSED' ? 'refused' : 'after');
    part('conclude', HTMLFormElement).hidden = !me.joined_at || main.hasAttribute('data-concluded');
  }
}

/** @param {Said} me */
function drawWaiting(me) {
  part('digits', HTMLFormElement).hidden = me.verified;
  part('factor', HTMLElement).hidden = me.verified || !me.factor;
  part('digits-title', HTMLElement).textContent = t(me.verified ? 'verified_title' : 'digits_title');
  part('waiting-state', HTMLElement).textContent = t(me.verified ? 'wait_admission' : 'wait_digits', { time: clock(served() - me.waiting_at) });
}

/** @param {Said} me @param {Said} call */
function drawTalk(me, call) {
  part('scene-line', HTMLElement).textContent = [call.team, call.who, call.place, now.party ? t('party_there') : ''].filter(Boolean).join(' ');
  const word = call.picture_closed_at ? t('picture_closed') : call.state === 'RECONNECTING' ? t('picture_lost', { time: clock(served() - (call.media_at ?? served())) }) : call.state === 'DEGRADED' ? t('picture_degraded') : '';
  part('scene-word', HTMLElement).textContent = wordOf(word);
  const whispered = Boolean(call.whispering);
  const spoken = Boolean(call.speaking);
  part('output', HTMLElement).textContent = t(`output_${call.output ?? 'UNKNOWN'}`) + (call.commander ? ` ${t('in_command', { who: call.commander })}` : '');
  const speak = part('speak', HTMLButtonElement);
  speak.textContent = t(me.speaks ? 'speak_end' : 'speak');
  speak.disabled = whispered;
  speak.toggleAttribute('data-on', Boolean(me.speaks));
  const ear = part('ear', HTMLButtonElement);
  ear.hidden = call.output !== 'HEADSET' && !me.whispers; // offered only after the officer has confirmed his earpiece in this call
  ear.textContent = t(me.whispers ? 'ear_end' : 'ear');
  ear.disabled = !me.whispers && (whispered || spoken);
  ear.toggleAttribute('data-on', Boolean(me.whispers));
  part('voice-why', HTMLElement).textContent = whispered ? t(me.whispers ? 'why_i_whisper' : 'why_whispered') : spoken && !me.speaks ? t('why_spoken') : whyNoEar(call);
  const command = part('command', HTMLButtonElement);
  command.textContent = t(me.commands ? 'release_command' : 'command');
  command.disabled = Boolean(call.commander) && !me.commands;
}

/** Why an earpiece that was confirmed does not count any more; '' when none was. @param {Said} call */
function whyNoEar(call) {
  if (call.output === 'SPEAKER') return t('why_earpiece_off');
  return call.output === 'UNKNOWN' && call.output_at ? t('why_devices_changed') : '';
}

/** What the picture itself says, before what the server knows. @param {string} known */
function wordOf(known) {
  const { phase, since, wantsTouch } = scene();
  if (wantsTouch) return t('touch_to_play');
  if (phase === 'silent') return t('picture_silent', { n: Math.max(2, Math.floor((Date.now() - since) / 1000)) });
  if (known || phase === 'live') return known;
  return t(phase === 'audio' ? 'picture_audio' : 'picture_coming');
}

function showDigits() {
  const input = part('digits-input', HTMLInputElement);
  input.value = input.value.replace(/\D/g, '').slice(0, 4);
  document.querySelectorAll('.boxes i').forEach((box, i) => { box.textContent = input.value[i] ?? ''; });
  if (input.value.length === 4) void typed();
}

async function typed() {
  const input = part('digits-input', HTMLInputElement);
  const answer = await tell('/join/digits', { digits: input.value });
  if (!answer || answer.right) return;
  input.value = '';
  showDigits();
  say(t('digits_wrong', { n: Math.max(0, (now.me?.tries_left ?? 1) - 1) }));
}

/** A code of his own authenticator, instead of what the desk told him. */
async function typedFactor() {
  const input = part('factor-input', HTMLInputElement);
  const answer = await tell('/join/factor', { code: input.value });
  input.value = '';
  if (answer && !answer.right) say(t('factor_wrong', { n: Math.max(0, (now.me?.tries_left ?? 1) - 1) }));
}

async function whispered() {
  const input = part('whisper-input', HTMLInputElement);
  if (!(await tell('/join/whisper', { call: now.call_id, text: input.value }))) return;
  input.value = '';
  say(t('whisper_sent'));
}

async function concluded() {
  if (!(await tell('/join/conclude', { text: part('conclusion', HTMLInputElement).value }))) return;
  document.querySelector('main')?.setAttribute('data-concluded', '');
  draw();
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
const say = (sentence) => { part('said', HTMLElement).textContent = sentence; };

/** @param {string} sentence */
function ended(sentence) {
  stop();
  const main = document.querySelector('main');
  if (main) main.dataset.state = 'closed';
  for (const id of ['waiting', 'talk']) part(id, HTMLElement).hidden = true;
  part('leave', HTMLButtonElement).hidden = true;
  say(sentence);
}

if (document.querySelector('main.brief')) briefClocks();
if (document.querySelector('main.room')) void beInRoom();
