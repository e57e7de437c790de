// A talk beyond its card: who takes part, how its picture stands, and who was sent to help.

import { h } from './draw.mjs';
import { all, now, serverNow } from './state.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row */

const DELIVER_MS = 10_000; // model.md B.6
const LOSSY = 50; // thousandths: less is mended by asking again

/** Rings from the centre to an officer, until he accepts: nobody's stage, nobody's alarm. @param {Row} row */
export const ringsOut = (row) => row.kind === 'CENTRE' && row.state === 'RINGING';

/** The newest order of a call that was not taken back. @param {string} callId @returns {Row | undefined} */
export const orderOf = (callId) => all('order').filter((row) => row.call_id === callId && row.state !== 'WITHDRAWN').sort((a, b) => a.sent_at - b.sent_at).at(-1);

/** Nobody answered it, or it was declined: somebody must send the next team. @param {Row | undefined} order */
export const wantsNext = (order) => order?.state === 'OVERDUE' || order?.state === 'DECLINED';

/** No phone of the team has it after ten seconds: somebody must use the telephone. @param {Row | undefined} order */
export const undelivered = (order) => order?.state === 'SENT' && serverNow() - order.sent_at >= DELIVER_MS;

/** How long it has been on its way; it stands still once the team has arrived. @param {Row} order */
export const orderTime = (order) => (order.arrived_at ?? (order.state === 'DECLINED' ? order.answered_at : null) ?? serverNow()) - order.sent_at;

/** @param {string} callId @param {string[]} states @returns {Row[]} */
export const partsOf = (callId, ...states) => all('participant').filter((row) => row.call_id === callId && (!states.length || states.includes(row.state)));

/** A leader who is on the way in: invited and not too late, waiting, or verified. @param {string} callId @returns {Row | undefined} */
export const leaderOf = (callId) => partsOf(callId, 'INVITED', 'WAITING').filter((row) => row.kind === 'LEADER').filter((row) => row.state === 'WAITING' || (row.expires_at ?? Infinity) > serverNow()).sort((a, b) => Number(Boolean(b.verified_at)) - Number(Boolean(a.verified_at)) || Number(b.state === 'WAITING') - Number(a.state === 'WAITING') || a.invited_at - b.invited_at)[0];

/** Who sees and hears the scene, the officer himself left out. @param {string} callId @returns {string[]} */
export const names = (callId) => partsOf(callId, 'IN').filter((row) => row.kind !== 'FIELD').map(nameOf).filter(Boolean);

/** A party is nobody's name, here and on every wall. @param {Row} row @returns {string} */
export const nameOf = (row) => (row.kind === 'PARTY' ? t('wall.party') : row.who ?? row.wall ?? '');

/** «画面受限 仅声音», '' while nothing must be said. @param {Row} row */
export function pictureWord(row) {
  if (row.picture_closed_at) return t('wall.picture_closed');
  if (row.state === 'DEGRADED' || row.media === 'DEGRADED') return [t('wall.call_degraded'), row.mode ? t(`wall.mode_${row.mode}`) : '', row.loss_permille >= LOSSY ? t('wall.loss', { n: Math.round(row.loss_permille / 10) }) : ''].filter(Boolean).join('  ');
  return row.state === 'RECONNECTING' ? t('wall.call_reconnecting') : '';
}

/** The lamp of a call's recording: green only while bytes reach the disk and somebody is there who would say so. @param {Row} row */
export function lamp(row) {
  const running = all('recording').filter((one) => one.call_id === row.id);
  if (!running.length) return null;
  const broken = running.find((one) => one.state === 'BROKEN');
  const dark = !broken && (now.connection !== 'live' || now.parts.relay?.up === false || now.parts.database?.up === false);
  const text = broken ? t('wall.lamp_broken', { why: broken.broken_why ? t(`row.why.${broken.broken_why}`) : '' }).trim() : t(dark ? 'wall.lamp_unknown' : 'wall.lamp_on');
  return h('em', { class: 'lamp', 'data-lamp': broken ? 'broken' : dark ? 'unknown' : 'on' }, text);
}
