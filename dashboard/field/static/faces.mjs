// Who speaks to the scene: his voice from this phone's loudspeaker, and his face as a large picture made to be held up to whoever must see
// it, with name, office and court. While it is up touches are locked; a long press anywhere opens the phone's own page again.

import { h, mark, part, say } from './draw.mjs';
import { Tile } from './tile.mjs';
import { t } from './texts.mjs';
import { whenHeld } from './hold.mjs';

/** @typedef {import('./field.mjs').Phone} Phone @typedef {import('./wire').ParticipantRow} ParticipantRow */

const UNLOCK_MS = 800;
const SENDS = new Set(['LIVE', 'DEGRADED', 'LOST']);

/** @param {Phone} phone @param {() => import('./call.mjs').Standing} standing */
export function mountFaces(phone, standing) {
  const screen = part('face');
  const frame = part('face-frame');
  /** By participant. @type {Map<string, {tile: Tile, video: HTMLVideoElement}>} */
  const heard = new Map();
  /** Whose voice comes to the earpiece. @type {{id: string, tile: Tile, video: HTMLVideoElement} | null} */
  let ear = null;
  /** Whose picture the officer has put down. */
  let putDown = '';

  whenHeld(screen, {
    ms: UNLOCK_MS,
    may: () => true,
    onStart: () => undefined,
    onEarly: () => undefined,
    onDone: () => { putDown = screen.dataset.who ?? ''; render(); },
  });
  part('face-open').addEventListener('click', () => { putDown = ''; render(); });

  /** Everybody of the call who may be heard, himself left out. @param {string} call */
  function senders(call) {
    const row = phone.live.rows.call.get(call);
    if (!row || standing().phase !== 'answered') return [];
    return [...phone.live.rows.participant.values()].filter((one) => one.call_id === call && one.state === 'IN' && ['DESK', 'LEADER', 'PARTY'].includes(one.kind ?? '')
      && (SENDS.has(one.media ?? 'NONE') || row.speaking === one.id));
  }

  /** @param {ParticipantRow} one */
  function hear(one) {
    if (heard.has(one.id)) return;
    const video = /** @type {HTMLVideoElement} */ (h('video', { playsinline: true, autoplay: true }));
    frame.append(video);
    const tile = new Tile(video, () => phone.redraw());
    heard.set(one.id, { tile, video });
    tile.watch(one.call_id, `${one.call_id}.${one.id}`, { thrifty: true });
  }

  /** @param {string} id */
  function forget(id) {
    const known = heard.get(id);
    known?.tile.close();
    known?.video.remove();
    heard.delete(id);
  }

  /** «耳机已摘», on its way to the centre. @param {string} call */
  function withdrawn(call) {
    return phone.outbox.waiting('act').some(({ action: { details } }) => details.call_id === call && details.act === 'earpiece_off');
  }

  /** A whisper is taken only while the earpiece is confirmed; what the officer withdraws is cut before the centre has heard of it. @param {import('./wire').CallRow | undefined} row */
  function listen(row) {
    const worn = row?.output === 'HEADSET' && standing().phase === 'answered' && !withdrawn(row.id);
    const id = worn ? row.whispering ?? '' : '';
    if ((ear?.id ?? '') === id) return;
    ear?.tile.close();
    ear?.video.remove();
    ear = null;
    if (!id || !row) return;
    const video = /** @type {HTMLVideoElement} */ (h('video', { class: 'ear', playsinline: true, autoplay: true, hidden: true }));
    frame.append(video);
    ear = { id, video, tile: new Tile(video, () => phone.redraw()) };
    ear.tile.watch(row.id, `${row.id}.${id}.w`);
  }

  function render() {
    const { id } = standing();
    const row = phone.live.rows.call.get(id);
    listen(row);
    const there = senders(id);
    for (const one of there) hear(one);
    for (const known of [...heard.keys()]) {
      const one = phone.live.rows.participant.get(known);
      if (!one || one.state !== 'IN' || one.call_id !== id || standing().phase !== 'answered') forget(known);
    }
    const seen = there.filter((one) => heard.get(one.id)?.tile.standing.phase === 'live');
    const first = seen.find((one) => one.id === row?.speaking) ?? seen.find((one) => one.kind === 'LEADER') ?? seen[0];
    draw(first, row);
  }

  /** @param {ParticipantRow | undefined} one @param {import('./wire').CallRow | undefined} row */
  function draw(one, row) {
    if (!one) putDown = '';
    const up = Boolean(one && one.id !== putDown);
    screen.hidden = !up;
    part('face-open').hidden = !one || up;
    for (const [id, { video }] of heard) {
      video.hidden = id !== one?.id;
      video.muted = row?.whispering === id; // a whisper has a line of its own, for the earpiece
      if (video.paused && video.srcObject) void video.play().catch(() => undefined);
    }
    if (!one) return;
    mark(screen, 'data-who', one.id);
    say(part('face-name'), one.kind === 'PARTY' ? t('party') : one.who ?? t('face_centre'));
    say(part('face-office'), t(one.kind === 'PARTY' ? 'face_party' : one.kind === 'LEADER' ? 'face_court' : 'face_room', { court: phone.me?.court ?? '' }));
    const seconds = Math.max(0, Math.floor((phone.clock.now() - (row?.answered_at ?? phone.clock.now())) / 1000));
    say(part('face-time'), t(heard.get(one.id)?.tile.small ? 'face_small' : 'face_connected', { time: `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}` }));
    say(part('face-says'), row?.speaking === one.id ? t('face_speaks') : '');
    say(part('face-ear'), t(row?.whispering ? 'face_whisper' : row?.output === 'HEADSET' ? 'face_earpiece' : row?.output === 'UNKNOWN' && row.output_at ? 'earpiece_changed' : 'face_no_earpiece'));
    const watching = [...phone.live.rows.participant.values()].filter((other) => other.call_id === row?.id && other.state === 'IN' && other.kind !== 'FIELD' && (other.kind !== 'PARTY' || other.permissions?.includes('watch'))).length;
    say(part('face-watchers'), t('watch_some', { n: watching }));
    part('face-demo').hidden = !phone.me?.demo;
  }

  return { render };
}
