// Camera and microphone in a call: opened by the officer's own tap, sent to the relay, shown small to himself. Whatever fails here, the
// call rings all the same: sound alone, then words alone, and which of them it is stands plainly on the phone.

import { h, mark, part, say, sign } from './draw.mjs';
import { Line } from './passes.mjs';
import { OwnRecording } from './own_recording.mjs';
import { keepAwake } from './duty.mjs';
import { speak } from './feel.mjs';
import { publish } from './publish.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone @typedef {import('./passes.mjs').Pass} Pass */
/** @typedef {'' | 'refused' | 'missing' | 'busy' | 'insecure'} Problem */
/** @typedef {ReturnType<typeof publish>} Publisher */
/** Kept for a reload, also while the centre does not answer. @typedef {{call: string, pass: Pass | null, at: number}} Kept */

const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const KEPT_MS = 9 * 60_000; // a pass is good for ten minutes
const NOTICE_MS = 20_000;
const LOW_BATTERY_PCT = 15;
const CUT_MS = 2_500; // a first connection takes less
const CALM_MS = 5_000; // so long the line is left to the picture that has come back, before it carries what was recorded meanwhile
const ON_ITS_WAY = new Set(['received', 'owned', 'answered', 'missed']);
/** What is said of each step down, and of a battery that is nearly empty. */
const STEPS = { LOW_VIDEO: 'step_low', STILLS: 'step_stills', AUDIO_ONLY: 'step_sound' };
/** @type {Record<Problem, string>} */
const PROBLEMS = { '': '', refused: 'no_picture_refused', missing: 'no_picture_missing', busy: 'no_picture_busy', insecure: 'no_picture_insecure' };

/** @param {Phone} phone @param {() => import('./call.mjs').Standing} standing of this phone's own call */
export function mountPicture(phone, standing) {
  const preview = /** @type {HTMLVideoElement} */ (part('preview'));
  const wake = keepAwake(() => media !== null);
  let wanted = false;
  /** @type {MediaStream | null} */
  let media = null;
  /** @type {Promise<void> | null} */
  let asking = null;
  /** @type {Problem} */
  let problem = '';
  let facing = 'environment';
  let torch = false;
  let closed = false;
  let call = '';
  /** @type {Line<Publisher & {close: () => unknown}> | null} */
  let line = null;
  /** @type {{state: string, since: number}} */
  let sending = { state: 'connecting', since: 0 };
  let noticed = 0;
  const own = new OwnRecording(phone);
  let cutSince = 0; // nothing reaches the relay; 0: it does, or nothing is to be sent
  let liveSince = 0;

  // --- the devices

  /** By a tap, so that the browser may ask; both fit into one question. @param {Promise<void>} [after] */
  function open(after = Promise.resolve()) {
    wanted = true;
    if (!asking && !media) asking = after.then(() => (wanted ? capture() : undefined)).finally(() => { asking = null; phone.redraw(); });
    phone.redraw();
  }

  async function capture() {
    problem = '';
    const devices = navigator.mediaDevices;
    if (!devices?.getUserMedia) { problem = window.isSecureContext ? 'missing' : 'insecure'; return; }
    try {
      media = await devices.getUserMedia({ video: { ...PICTURE, facingMode: { ideal: facing } }, audio: SOUND });
    } catch (error) {
      problem = problemOf(error);
      media = await devices.getUserMedia({ audio: SOUND }).catch(() => null);
    }
    if (!wanted) stopDevices();
    preview.srcObject = media;
    if (media) void wake.ask();
    for (const track of media?.getVideoTracks() ?? []) track.addEventListener('ended', () => { if (!closed && wanted) void renew(facing); });
    follow();
  }

  function stopDevices() {
    own.stop();
    for (const track of media?.getTracks() ?? []) track.stop();
    media = null;
    preview.srcObject = null;
    torch = false;
  }

  /** Another camera in the place of the one; many phones open only one at a time. @param {string} to */
  async function renew(to) {
    for (const track of media?.getVideoTracks() ?? []) { track.stop(); media?.removeTrack(track); }
    torch = false;
    try {
      const fresh = await navigator.mediaDevices.getUserMedia({ video: { ...PICTURE, facingMode: { ideal: to } } });
      const [track] = fresh.getVideoTracks();
      if (!track || !media) { track?.stop(); return; }
      media.addTrack(track);
      preview.srcObject = media;
      facing = to;
      problem = '';
      await line?.session?.replace(track);
    } catch (error) {
      problem = problemOf(error);
    }
    phone.redraw();
  }

  async function turnTorch() {
    const [track] = media?.getVideoTracks() ?? [];
    torch = !torch;
    await track?.applyConstraints({ advanced: [/** @type {MediaTrackConstraintSet} */ ({ torch })] }).catch(() => { torch = !torch; });
    phone.redraw();
  }

  // --- the line

  /** Sends while this phone's own call is open, for the call that the centre knows. */
  function follow() {
    const { id, phase } = standing();
    if (phase === 'idle') {
      if (phone.live.state === 'live' && (call || (wanted && !asking))) stop(); // not while nobody tells us whether the call is over
      return;
    }
    if (!wanted || !media || !ON_ITS_WAY.has(phase) || id === call) return;
    begin(id, null);
  }

  /** @param {string} id @param {Pass | null} pass */
  function begin(id, pass) {
    line?.close();
    call = id;
    sending = { state: 'connecting', since: Date.now() };
    keep(pass);
    line = new Line({ call: id, right: 'publish' }, (given) => {
      const sent = publish(/** @type {MediaStream} */ (media), { ...given, onstate: (state, since) => { sending = { state, since }; phone.redraw(); }, onstep: () => phone.redraw(), highest });
      if (closed) void sent.shut(true);
      return sent;
    }, { pass, onpass: keep, onrefused: () => phone.redraw() });
    if (!noticed) void giveNotice(id);
  }

  /** Once a call: spoken where this phone can, in large print always; the moment stands in the centre's journal. @param {string} id */
  async function giveNotice(id) {
    noticed = phone.clock.now();
    const how = await speak(t('notice_words'));
    void phone.act('act', { call_id: id, act: 'notice', why: how });
  }

  /** @returns {import('./ladder.mjs').Step} */
  const highest = () => ((phone.battery() ?? 100) <= LOW_BATTERY_PCT ? 'LOW_VIDEO' : 'FULL');

  /** @param {Pass | null} pass */
  function keep(pass) {
    void phone.store.facts.put({ id: 'picture', value: /** @type {Kept} */ ({ call, pass, at: Date.now() }) });
  }

  function stop() {
    wanted = false;
    closed = false;
    call = '';
    noticed = 0;
    line?.close();
    line = null;
    stopDevices();
    problem = '';
    void phone.store.facts.remove(['picture']);
  }

  /** After a reload in a call: what was sent goes on being sent, with the pass that is held, whether the centre answers or not. */
  async function resume() {
    const kept = /** @type {Kept | undefined} */ ((await phone.store.facts.get('picture'))?.value);
    if (!kept?.call || Date.now() - kept.at > KEPT_MS || wanted) return;
    wanted = true;
    asking = capture().finally(() => { asking = null; });
    await asking;
    if (media && call !== kept.call) begin(kept.call, kept.pass);
    phone.redraw();
  }

  // --- what the phone records itself

  /** While nothing reaches the relay, in a call that the centre knows or not yet. */
  function keepOwn() {
    const live = sending.state === 'live' && call !== '';
    const inCall = wanted && media !== null;
    liveSince = live ? liveSince || Date.now() : 0;
    cutSince = inCall && !live ? cutSince || Date.now() : 0;
    const cut = cutSince > 0 && (sending.state === 'silent' || Date.now() - cutSince >= CUT_MS);
    own.follow(call || standing().id, media, cut);
    void own.send(!inCall || (liveSince > 0 && Date.now() - liveSince >= CALM_MS));
    phone.notice('own', own.said());
  }

  // --- «现场关闭画面»

  /** What the officer asked for last, known at the centre or not yet. */
  function wantsClosed() {
    const asked = phone.outbox.waiting('act').map((one) => one.action.details).filter((one) => one.call_id === call && (one.act === 'close_picture' || one.act === 'open_picture')).at(-1);
    return asked ? asked.act === 'close_picture' : Boolean(phone.live.rows.call.get(call)?.picture_closed_at);
  }

  function obey() {
    const now = Boolean(call) && wantsClosed();
    if (now === closed || !media) return;
    closed = now;
    if (!closed) { void renew(facing).then(() => line?.session?.shut(false)); return; }
    void line?.session?.shut(true);
    for (const track of media.getVideoTracks()) track.stop();
    torch = false;
  }

  // --- drawing

  /** @returns {[shape: string, said: string]} */
  function said() {
    if (asking) return ['clock', t('picture_asking')];
    if (!media) return ['clock', t(PROBLEMS[problem] || 'no_picture_missing')];
    if (closed) return ['silent', t('picture_closed')];
    if (sending.state === 'silent') return ['clock', t('picture_interrupted', { seconds: Math.max(2, Math.floor((Date.now() - sending.since) / 1000)) })];
    if (sending.state !== 'live') return ['clock', t('picture_connecting')];
    if (!media.getVideoTracks().length) return ['clock', t('picture_audio_only', { why: t(PROBLEMS[problem] || 'no_picture_missing') })];
    const { step, why } = line?.session?.ladder ?? { step: 'FULL', why: '' };
    if (step !== 'FULL') return ['clock', t(why === 'battery' ? 'step_battery' : STEPS[step])];
    return ['done', t('picture_live')];
  }

  function render() {
    follow();
    obey();
    keepOwn();
    const place = part('picture');
    place.hidden = !wanted;
    mark(part('phone'), 'data-picture', wanted && (asking || media) ? '' : null); // without a picture nothing has to give way to it
    if (!wanted) return;
    const [shape, words] = said();
    const seen = Boolean(media?.getVideoTracks().length) && !closed;
    preview.hidden = !seen;
    mark(place, 'data-state', asking ? 'asking' : !media ? 'none' : closed ? 'closed' : seen ? sending.state : 'audio');
    const line1 = part('picture-state');
    if (line1.dataset.said !== words) { line1.dataset.said = words; line1.replaceChildren(sign(shape), h('span', {}, words)); }
    mark(line1, 'data-sign', shape);
    say(part('picture-notice'), noticed && phone.clock.now() - noticed < NOTICE_MS ? t('notice_given', { time: phone.clock.hhmmss(noticed) }) : '');
    const [track] = media?.getVideoTracks() ?? [];
    part('torch').hidden = !seen || !(/** @type {{torch?: boolean} | undefined} */ (track?.getCapabilities?.())?.torch);
    mark(part('torch'), 'aria-pressed', torch ? 'true' : 'false');
    part('turn').hidden = !seen;
    drawWatchers();
    drawLamp();
  }

  /** Green only while bytes reach the centre's disk and the centre is heard saying so. */
  function drawLamp() {
    const running = [...phone.live.rows.recording.values()].filter((one) => one.call_id === call);
    const broken = running.some((one) => one.state !== 'RUNNING');
    const lamp = own.runs ? 'own' : broken ? 'broken' : phone.live.state === 'live' ? 'on' : 'unknown';
    part('picture-lamp').hidden = !running.length && !own.runs;
    mark(part('picture-lamp'), 'data-lamp', lamp);
    say(part('picture-lamp'), t({ own: 'lamp_own', broken: 'lamp_broken', on: 'lamp_on', unknown: 'lamp_unknown' }[lamp]));
  }

  /** Who sees it, by name, from the first moment on. */
  function drawWatchers() {
    const there = [...phone.live.rows.participant.values()].filter((one) => one.call_id === call && one.state === 'IN' && one.kind !== 'FIELD' && (one.kind !== 'PARTY' || one.permissions?.includes('watch'))); // a party sees the scene only where the desk has said so
    const names = there.map((one) => (one.kind === 'PARTY' ? t('party') : one.who ?? one.wall)).filter(Boolean);
    say(part('picture-watchers'), names.length ? t('picture_watched', { names: names.join('、') }) : t('watch_none'));
  }

  part('torch').addEventListener('click', () => void turnTorch());
  part('turn').addEventListener('click', () => void renew(facing === 'environment' ? 'user' : 'environment'));
  return { render, open, resume, own, sends: () => wanted && sending.state === 'live' && media !== null };
}

/** @param {unknown} error @returns {Problem} */
function problemOf(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}
