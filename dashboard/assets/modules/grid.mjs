// Several pictures on the wall: stills beside the one that is live, or up to four live ones, or one alone.

import { serverNow, tell } from './state.mjs';
import { span } from './clock.mjs';
import { fill, h, sign } from './draw.mjs';
import { sends, streamOf } from './feeds.mjs';
import { Still } from './still.mjs';
import { chipsOf, showFeed } from './stage_video.mjs';
import { lamp, nameOf as nameOfPart, orderOf, orderTime, pictureWord, wantsNext } from './talks.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row */
/** @typedef {import('./feeds.mjs').Feed} Feed */

export const GRIDS = ['main', 'quad', 'single'];
const THUMBS = 2; // more would be too small for six metres
const ASKED = 4; // one without a picture leaves its place to the next
const CELLS = 3; // besides the first
const OLD_S = 8; // the relay has a new one every four seconds: older is an interrupted picture

/** @type {Map<string, {still: Still, place: HTMLElement, words: HTMLElement}>} */
const stills = new Map();

/** Stills of these, as many as have a picture and find room. @param {Feed[]} feeds @param {number} open how many calls wait beside the stage @returns {Set<string>} the keys of those that are shown */
export function showStills(feeds, open) {
  const asked = feeds.filter((feed) => sends(feed) && !(feed.call.picture_closed_at && feed.part?.kind === 'FIELD')).slice(0, ASKED);
  for (const [key, { still }] of stills) {
    if (asked.some((feed) => feed.key === key)) continue;
    still.watch('', '');
    stills.delete(key);
  }
  for (const feed of asked) stillOf(feed).still.watch(feed.call.id, streamOf(feed));
  const shown = asked.filter((feed) => stills.get(feed.key)?.still.takenAt !== null).slice(0, THUMBS);
  const place = document.getElementById('thumbs');
  if (place instanceof HTMLElement) place.hidden = !shown.length;
  const calls = shown.filter(({ part }) => part?.kind === 'FIELD').length;
  keepOnly(place, shown.map((feed, at) => thumb(feed, at === shown.length - 1 ? open - calls : 0)));
  if (place) place.dataset.count = String(shown.length);
  return new Set(shown.map((feed) => feed.key));
}

/** @param {Feed} feed */
function stillOf({ key }) {
  let kept = stills.get(key);
  if (!kept) {
    const canvas = /** @type {HTMLCanvasElement} */ (h('canvas', {}));
    const words = h('div', { class: 'words' });
    kept = { still: new Still(canvas, () => tell([])), place: h('article', { class: 'thumb' }, canvas, words), words };
    stills.set(key, kept);
  }
  return kept;
}

/** @param {Feed} feed @param {number} more */
function thumb(feed, more) {
  const { still, place, words } = stillOf(feed);
  const seconds = Math.round(still.age() ?? 0);
  const old = seconds >= OLD_S;
  Object.assign(place.dataset, { feed: feed.key, state: stateOf(feed), old: String(old) });
  const age = old ? h('span', { class: 'age warns' }, sign('clock'), t('video.interrupted', { n: seconds })) : h('span', { class: 'age' }, t('video.still', { n: seconds }));
  fill(words,
    h('header', {}, h('b', {}, nameOf(feed)), lampOf(feed)),
    h('footer', {}, waits(feed) ? doing(feed.call) : h('span', { class: 'place' }, placeOf(feed)), h('div', {}, age, more > 0 ? h('span', { class: 'more' }, t('wall.more', { n: more })) : null)));
  return place;
}

/** Live pictures beside the first one; null: none. @param {Feed[] | null} wanted */
export function showCells(wanted) {
  const feeds = wanted ?? [];
  const shown = feeds.filter(({ part }) => part?.kind !== 'DESK').slice(0, CELLS);
  const place = document.getElementById('cells');
  if (place instanceof HTMLElement) place.hidden = !wanted;
  for (let at = 0; at < CELLS; at += 1) {
    const feed = shown[at];
    showFeed(feed, `cell-${at + 1}`, false);
    const words = document.getElementById(`cell-words-${at + 1}`);
    const cell = words?.parentElement;
    if (!words || !cell) continue;
    cell.dataset.feed = feed?.key ?? '';
    cell.dataset.state = feed ? stateOf(feed) : 'empty';
    const more = at === CELLS - 1 ? feeds.length - shown.length : 0;
    if (!feed) fill(words, h('p', { class: 'nothing' }, t('video.no_other')));
    else fill(words,
      h('header', {}, h('b', {}, nameOf(feed)), h('em', { class: 'picture' }, feed.part?.kind === 'FIELD' ? pictureWord(feed.call) : ''), lampOf(feed), ...chipsOf(feed)),
      h('footer', {}, h('span', { class: 'place' }, placeOf(feed)), feed.part && feed.part.kind !== 'FIELD' ? null : doing(feed.call), more > 0 ? h('span', { class: 'more' }, t('wall.more', { n: more })) : null));
  }
}

/** How far a call has come, in one line. @param {Row} row */
export function doing(row) {
  const order = orderOf(row.id);
  if (order) return line(order.state === 'ACCEPTED' || order.state === 'ARRIVED', `${t('wall.order', { team: order.team ?? '' })} ${t(`wall.order_${order.state}`)}`, orderTime(order));
  const state = row.answered_at ? 'answered' : row.owner_id ? 'taken' : row.state === 'MISSED' ? 'missed' : 'ringing';
  return line(state === 'answered', t(`wall.call_${state}`), serverNow() - (row.answered_at ?? row.placed_at));
}

/** @param {boolean} done @param {string} word @param {number} ms */
const line = (done, word, ms) => h('span', { class: 'doing', 'data-done': done }, sign(done ? 'done' : 'clock'), word, h('time', {}, span(ms)));

/** @param {Feed} feed */
const stateOf = ({ call, part }) => (part && part.kind !== 'FIELD' ? 'guest' : call.answered_at ? 'answered' : call.owner_id ? 'taken' : 'ringing');
/** Somebody must still do something for it. @param {Feed} feed */
const waits = ({ call, part }) => part?.kind === 'FIELD' && (!call.answered_at || wantsNext(orderOf(call.id)));
/** @param {Feed} feed */
const nameOf = ({ call, part }) => (part && part.kind !== 'FIELD' ? part.kind === 'PARTY' ? [nameOfPart(part)] : [t(`video.role_${part.kind}`), nameOfPart(part)] : [call.team ?? '', call.who ?? '']).filter(Boolean).join(' ');
/** @param {Feed} feed */
const placeOf = ({ call, part }) => (part && part.kind !== 'FIELD' ? call.team ?? '' : String(call.place ?? t('wall.place_unknown')).split(' ')[0] ?? '');
/** The recording is the call's. @param {Feed} feed */
const lampOf = ({ call }) => lamp(call);

/** Nodes that stay are not taken out and put back: a picture would flicker. @param {HTMLElement | null} place @param {HTMLElement[]} nodes */
function keepOnly(place, nodes) {
  if (!place || (place.children.length === nodes.length && nodes.every((node, at) => place.children[at] === node))) return;
  fill(place, ...nodes);
}
