// Which pictures there are besides the one on the stage: other calls first, then whoever shows himself in the staged one.

import { all, now } from './state.mjs';
import { partsOf } from './talks.mjs';

/** @typedef {Record<string, any>} Row */
/** key: what tells it from others; part: whose picture, undefined until the officer is in his call. @typedef {{ key: string, call: Row, part: Row | undefined }} Feed */

/** The officer's own place in his call. @param {string} callId @returns {Row | undefined} */
export const fieldOf = (callId) => all('participant').find((row) => row.call_id === callId && row.kind === 'FIELD' && row.state === 'IN');

/** @param {Row} call @returns {Feed} */
export const feedOf = (call) => ({ key: call.id, call, part: fieldOf(call.id) });

/** @param {Feed} feed */
export const streamOf = ({ call, part }) => (part ? `${call.id}.${part.id}` : '');

/** Whether anything was ever sent under it. @param {Feed} feed */
export const sends = ({ part }) => Boolean(part?.media) && part?.media !== 'NONE';

/** @param {Row} staged @param {Row[]} others the other open calls, the longest first @returns {Feed[]} */
export function feedsBeside(staged, others) {
  const shows = ['LEADER', 'PARTY', 'DESK'];
  const own = partsOf(staged.id, 'IN').filter((part) => shows.includes(part.kind)).map((part) => ({ key: `${staged.id}.${part.id}`, call: staged, part }));
  return [...others.map(feedOf), ...own.filter(sends)];
}

/** How the wall shows several pictures; without a picture on the stage the stage is the map's. @param {boolean} pictured @returns {string} */
export const gridOf = (pictured) => (pictured ? now.grid : 'main');
