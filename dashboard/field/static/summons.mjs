// What the centre wants of this phone, in full screen: a ring that must be accepted, an order to the team, a whisper in large print.
// The alarm stays in reach below. Below that: who is in the call, the closed picture, the earpiece.

import { feel } from './feel.mjs';
import { h, mark, part, say, sign } from './draw.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone @typedef {import('./wire').CallRow} CallRow @typedef {import('./wire').OrderRow} OrderRow */
/** @typedef {import('./wire').WhisperRow} WhisperRow */
/** @typedef {{kind: 'ring', row: CallRow} | {kind: 'order', row: OrderRow} | {kind: 'whisper', row: WhisperRow}} Wanted */

const AGAIN_MS = 1500;
const REASONS = { busy: 'order_why_busy', far: 'order_why_far', vehicle: 'order_why_vehicle', other: 'order_why_other' };
const PICTURE = { safety: 'picture_why_safety', privacy: 'picture_why_privacy', secret: 'picture_why_secret', other: 'picture_why_other' };
const TALKING = new Set(['ANSWERED', 'LIVE', 'DEGRADED', 'RECONNECTING']);
const ASKED = new Set(['SENT', 'DELIVERED', 'OVERDUE']);

/** @param {Phone} phone */
export function mountSummons(phone) {
  const place = part('summons');
  /** Answered here, not yet known there; rings of the whole team that this officer leaves to the others. @type {Set<string>} */
  const done = new Set();
  /** Told to be delivered. @type {Set<string>} */
  const shown = new Set();
  let asking = ''; // the order whose reason is being chosen, or the call whose picture is being closed
  let drawn = '';
  let feltAt = -Infinity;

  phone.outbox.listen(({ action, fate, text }) => {
    const { call_id, order_id, act, answer } = action.details;
    if (fate !== 'refused') return;
    if (action.kind === 'act') {
      done.delete(call_id ?? '');
      phone.notice('act', t(act === 'accept' ? 'ring_refused' : 'act_refused', { why: text }));
    } else if (action.kind === 'order' && answer !== 'delivered') {
      done.delete(order_id ?? '');
      phone.notice('order', t('order_refused', { why: text }));
    } else return;
    feel('refused');
    render();
  });

  /** @returns {Wanted | null} */
  function wanted() {
    const { call, order, whisper } = phone.live.rows;
    if (phone.live.state !== 'live') return null; // what is old may be over: the outbox brings an answer that was given
    for (const row of call.values()) if (row.kind === 'CENTRE' && row.state === 'RINGING' && !done.has(row.id)) return { kind: 'ring', row };
    for (const row of order.values()) if (ASKED.has(row.state) && !done.has(row.id)) return { kind: 'order', row };
    const unread = [...whisper.values()].filter((row) => !row.seen_at && !done.has(row.id)).sort((a, b) => a.sent_at - b.sent_at);
    return unread[0] ? { kind: 'whisper', row: unread[0] } : null;
  }

  /** @param {OrderRow} row @param {'accepted' | 'declined' | 'arrived'} answer @param {string} [reason] */
  function answerOrder(row, answer, reason) {
    feel('press');
    asking = '';
    done.add(answer === 'arrived' ? `there:${row.id}` : row.id);
    phone.notice('order', null);
    void phone.act('order', { order_id: row.id, answer, reason });
    render();
  }

  /** @param {string} callId @param {NonNullable<import('./wire').Action['details']['act']>} act @param {string} [why] */
  function actInCall(callId, act, why) {
    feel('press');
    asking = '';
    phone.notice('act', null);
    void phone.act('act', { call_id: callId, act, why });
    render();
  }

  /** @param {CallRow} row */
  function ringLines(row) {
    const whole = Boolean(row.rung_team_id);
    const mine = row.unit === String(phone.me?.unit);
    return [
      h('h2', {}, t(whole ? 'ring_team_title' : 'ring_title')),
      h('p', { class: 'said' }, t('ring_who', { who: row.rung_by ?? '', time: phone.clock.hhmmss(row.placed_at) })),
      h('p', {}, t('ring_line')),
      h('div', { class: 'answers' },
        button('accept', t('ring_accept'), () => { done.add(row.id); actInCall(row.id, 'accept'); phone.openPicture(); }, true),
        button('decline', t(whole ? 'ring_hide' : 'ring_decline'), () => {
          done.add(row.id);
          feel('press');
          if (!whole && mine) void phone.act('end', { call_id: row.id });
          render();
        })),
    ];
  }

  /** @param {OrderRow} row */
  function orderLines(row) {
    const far = t(row.estimated ? 'order_far' : 'order_by_road', { km: (row.distance_m / 1000).toFixed(1), n: Math.max(1, Math.round(row.eta_s / 60)) });
    const choosing = asking === row.id;
    const answers = choosing
      ? [h('p', {}, t('order_why')), ...Object.entries(REASONS).map(([why, word]) => button(`why-${why}`, t(word), () => answerOrder(row, 'declined', why))), button('back', t('order_back'), () => { asking = ''; render(); })]
      : [button('accept', t('order_accept'), () => answerOrder(row, 'accepted'), true), button('decline', t('order_decline'), () => { asking = row.id; feel('press'); render(); })];
    return [
      h('h2', {}, t('order_title')),
      h('p', {}, row.number),
      h('p', { class: 'said' }, t('order_to', { team: row.of_team ?? '', who: row.who ?? '' })),
      h('p', { class: 'place' }, row.place ?? ''),
      h('p', {}, far),
      h('p', {}, [row.case_no, row.matter].filter(Boolean).join(' ')),
      h('p', { class: 'said' }, row.text ?? ''),
      h('time', { id: 'order-since' }, ''),
      h('div', { class: 'answers' }, ...answers),
    ];
  }

  /** @param {WhisperRow} row */
  function whisperLines(row) {
    return [
      h('p', {}, t('whisper_from', { who: row.who ?? '', time: phone.clock.hhmmss(row.sent_at) })),
      h('p', { class: 'whispered' }, row.text),
      h('div', { class: 'answers' }, button('seen', t('whisper_seen'), () => { done.add(row.id); feel('press'); void phone.act('whisper', { whisper_id: row.id }); render(); }, true)),
    ];
  }

  /** @param {Wanted} now */
  function linesOf(now) {
    if (now.kind === 'ring') return ringLines(now.row);
    return now.kind === 'order' ? orderLines(now.row) : whisperLines(now.row);
  }

  function render() {
    const now = wanted();
    const key = now ? JSON.stringify([now.kind, now.row, asking]) : '';
    place.hidden = !now;
    mark(part('phone'), 'data-summoned', now ? now.kind : null);
    if (now) mark(place, 'data-kind', now.kind);
    if (now && key !== drawn) place.replaceChildren(...linesOf(now).filter((line) => line.textContent || line.id));
    if (!now && drawn) place.replaceChildren(); // a whisper that was read stands nowhere any more
    drawn = key;
    if (now) urge(now);
    drawGoing();
    drawInCall();
  }

  /** Shakes and sounds until it is answered, a whisper once; tells the centre that an order is seen. @param {Wanted} now */
  function urge(now) {
    if (now.kind === 'order') {
      const since = document.getElementById('order-since');
      if (since) say(since, t('order_since', { seconds: Math.max(0, Math.floor((phone.clock.now() - now.row.sent_at) / 1000)) }));
      if (now.row.state === 'SENT' && !shown.has(now.row.id)) {
        shown.add(now.row.id);
        void phone.act('order', { order_id: now.row.id, answer: 'delivered' });
      }
    }
    if (now.kind === 'whisper' ? shown.has(now.row.id) : performance.now() - feltAt < AGAIN_MS) return;
    shown.add(now.row.id);
    feltAt = performance.now();
    feel(now.kind === 'whisper' ? 'whisper' : 'summons');
  }

  /** The order that this team is on. */
  function drawGoing() {
    const card = part('going');
    const row = [...phone.live.rows.order.values()].find((one) => one.state === 'ACCEPTED' && !done.has(`there:${one.id}`));
    card.hidden = !row;
    const key = row ? `${row.id}:${row.place}` : '';
    if (!row || card.dataset.drawn === key) return;
    card.dataset.drawn = key;
    card.replaceChildren(h('p', {}, [row.number, t('order_going', { place: row.place ?? row.of_team ?? '' })].join(' ')), button('arrived', t('order_arrived'), () => answerOrder(row, 'arrived')));
  }

  /** Who is in the talk, and what only the officer decides: his picture, his earpiece. */
  function drawInCall() {
    const card = part('in-call');
    const row = [...phone.live.rows.call.values()].find((one) => TALKING.has(one.state) && (one.unit === undefined || one.unit === String(phone.me?.unit)));
    card.hidden = !row;
    if (!row) { card.dataset.drawn = ''; return; }
    const there = [...phone.live.rows.participant.values()].filter((one) => one.call_id === row.id && one.state === 'IN' && one.kind !== 'FIELD').map((one) => (one.kind === 'PARTY' ? t('party') : one.who ?? one.wall)).filter(Boolean);
    const closed = Boolean(row.picture_closed_at);
    const worn = row.output === 'HEADSET';
    const changed = row.output === 'UNKNOWN' && Boolean(row.output_at); // by the phone itself: who takes it off knows it
    const key = JSON.stringify([row.id, there, row.commander, closed, worn, changed, row.whispering, asking]);
    if (card.dataset.drawn === key) return;
    card.dataset.drawn = key;
    const line = [there.length ? t('in_call', { names: there.join('、') }) : '', row.commander ? t('in_call_commander', { who: row.commander }) : '', row.whispering ? t('face_whisper') : '', changed ? t('earpiece_changed') : '', closed ? t('picture_closed') : ''].filter(Boolean).join(' ');
    const choosing = asking === `picture:${row.id}`;
    const buttons = choosing
      ? [h('p', {}, t('picture_why')), ...Object.entries(PICTURE).map(([why, word]) => button(`picture-${why}`, t(word), () => actInCall(row.id, 'close_picture', why)))]
      : [button('picture', t(closed ? 'picture_open' : 'picture_close'), () => { if (closed) actInCall(row.id, 'open_picture'); else { asking = `picture:${row.id}`; render(); } }),
        button('earpiece', t(worn ? 'earpiece_off' : 'earpiece_on'), () => actInCall(row.id, worn ? 'earpiece_off' : 'earpiece_on', worn ? 'withdrawn' : ''))];
    card.replaceChildren(h('p', {}, sign('eye'), ` ${line || t('watch_none')}`), ...buttons);
  }

  navigator.mediaDevices?.addEventListener?.('devicechange', () => {
    for (const row of phone.live.rows.call.values()) if (row.output === 'HEADSET') actInCall(row.id, 'earpiece_off', 'device_changed');
  });
  return { render };
}

/** @param {string} act @param {string} words @param {() => void} go @param {boolean} [main] */
function button(act, words, go, main = false) {
  const made = h('button', { type: 'button', class: 'step', 'data-act': act, 'data-main': main }, words);
  made.addEventListener('click', go);
  return made;
}
