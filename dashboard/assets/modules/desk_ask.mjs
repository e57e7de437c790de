// One verb after the other goes to the server; what it answers is shown, and a locked desk asks for the PIN before it goes on.

import { now } from './state.mjs';
import { hms } from './clock.mjs';
import { isLocked, setLocked, unlock } from './desk_lock.mjs';
import { t } from './text.mjs';

/** @typedef {{code: string, said: string}} Answer */

const ANSWER_MS = 8000;
const SHOWN_MS = 5000;
const GONE = { code: 'unavailable', said: '' };

/** @type {Promise<unknown>} */
let before = Promise.resolve();
let count = 0;
let hideAt = 0;

/** @param {Record<string, unknown>} asked @returns {Promise<Answer>} */
export function ask(asked) {
  const answer = before.then(() => send(asked));
  before = answer.catch(() => GONE);
  return answer;
}

/** @param {Record<string, unknown>} asked @returns {Promise<Answer>} */
async function send(asked) {
  if (isLocked() && !(await unlock())) return { code: 'identity.locked', said: '' };
  const answer = await put(asked);
  if (answer.code !== 'identity.locked') return answer;
  setLocked(true);
  return (await unlock()) ? put(asked) : answer;
}

/** @param {Record<string, unknown>} asked @returns {Promise<Answer>} */
function put(asked) {
  const notice = document.getElementById('notice');
  if (!notice || now.connection !== 'live') return Promise.resolve(sayHere(t('desk.not_sent')));
  return new Promise((done) => {
    const finish = (/** @type {Answer} */ answer) => { watch.disconnect(); clearTimeout(limit); done(answer); };
    const watch = new MutationObserver(() => finish(show(notice)));
    watch.observe(notice, { attributes: true, attributeFilter: ['data-at'] });
    const limit = setTimeout(() => finish(sayHere(t('desk.not_answered'))), ANSWER_MS);
    count += 1;
    /** @type {any} */ (window).dash_clientside.set_props('verb', { data: { ...asked, nonce: `${performance.timeOrigin}:${count}` } });
  });
}

/** The server's sentence; of a lost race also since when it is somebody else's. @param {HTMLElement} notice @returns {Answer} */
function show(notice) {
  const { code = '', since } = notice.dataset;
  const more = since ? t('desk.since', { time: hms(Number(since)) }) : '';
  raise(more, code ? 'refused' : 'done', false);
  return { code, said: notice.textContent ?? '' };
}

/** A sentence of this page's own. @param {string} sentence @returns {Answer} */
export function sayHere(sentence) {
  raise(sentence, 'refused', true);
  return { code: 'unavailable', said: sentence };
}

/** The same of good news. @param {string} sentence @returns {Answer} */
export function sayDone(sentence) {
  raise(sentence, 'done', true);
  return { code: '', said: sentence };
}

/** @param {string} more @param {string} state @param {boolean} own */
function raise(more, state, own) {
  const said = document.getElementById('said');
  const place = document.getElementById('notice-more');
  if (!said || !place) return;
  place.textContent = more;
  said.dataset.state = state;
  said.toggleAttribute('data-own', own);
  said.hidden = false;
  hideAt = performance.now() + SHOWN_MS;
}

export function hideOldNotice() {
  const said = document.getElementById('said');
  if (said && !said.hidden && performance.now() > hideAt) said.hidden = true;
}
