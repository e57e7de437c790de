/**
 * How far a sender comes down on a bad line, sound before picture, and how it goes up again. Pure: told once a second how it goes.
 *
 * Down one step after three bad seconds running; up one step after a calm time. A step up that does not hold doubles the next calm time:
 * on a line that cannot carry more, the picture does not come and go. Random loss alone never takes the film away (what is always lost is
 * no congestion): it only makes it lighter.
 *
 * @typedef {'FULL' | 'LOW_VIDEO' | 'STILLS' | 'AUDIO_ONLY'} Step as `data.rules.calls.Mode` names them; FULL: whole
 * @typedef {'' | 'bandwidth' | 'loss' | 'delay' | 'battery'} Why
 * @typedef {object} Figures of the second that passed; null: this browser does not say
 * @property {number | null} availableBps what the line takes, as the browser estimates it
 * @property {number | null} lossShare 0 to 1, the worse of sound and picture
 * @property {number | null} rttMs
 * @property {string} limited the browser's `qualityLimitationReason`
 * @typedef {object} Ladder
 * @property {Step} step @property {Why} why
 * @property {number} bad seconds running @property {number} calm seconds running
 * @property {number} patience calm seconds that the next step up needs
 * @property {number} settles until then the estimate is still finding its way, ms
 * @property {number | null} tried when it went up last; null: that step has held
 */

/** @type {Step[]} */
export const STEPS = ['FULL', 'LOW_VIDEO', 'STILLS', 'AUDIO_ONLY'];

/** What each step sends. bps 0: no picture. @type {Record<Step, { bps: number, scale: number, fps: number | null }>} */
export const SENDS = {
  FULL: { bps: 1_500_000, scale: 1, fps: null },
  LOW_VIDEO: { bps: 300_000, scale: 2, fps: 15 },
  STILLS: { bps: 60_000, scale: 2, fps: 1 }, // with less than one Chromium sends none at all
  AUDIO_ONLY: { bps: 0, scale: 2, fps: 1 },
};

/** With less than this a step cannot stay. @type {Record<Step, number>} */
const NEEDS_BPS = { FULL: 420_000, LOW_VIDEO: 150_000, STILLS: 60_000, AUDIO_ONLY: 0 };
const LIMITED = 1.25; // the browser itself says that the line is what holds the picture back
/** @type {Record<Step, number>} */
const LOSES = { FULL: 0.15, LOW_VIDEO: 0.5, STILLS: 0.6, AUDIO_ONLY: 2 };
const LATE_MS = 1_500; // a queue somewhere is full: what is sent now is heard too late
const CALM_MS = 800;
const DOWN_S = 3;
const SETTLE_MS = 6_000;
const PATIENCE_S = 10;
const PATIENCE_MOST_S = 120;
const HOLDS_MS = 20_000;

/** A connection begins, on the step where the one before it was. @param {number} now ms @param {Ladder} [before] @returns {Ladder} */
export function begin(now, before) {
  const kept = before ?? { step: 'FULL', why: '', patience: PATIENCE_S, tried: null };
  return { step: kept.step, why: kept.why, patience: kept.patience, tried: kept.tried, bad: 0, calm: 0, settles: now + SETTLE_MS };
}

/**
 * One second further.
 * @param {Ladder} ladder @param {Figures} figures @param {number} now ms
 * @param {Step} [highest] than which it must not be now: a battery that is nearly empty sends a small picture
 * @returns {Ladder}
 */
export function climb(ladder, figures, now, highest = 'FULL') {
  const at = STEPS.indexOf(ladder.step);
  const top = STEPS.indexOf(highest);
  if (at < top) return { ...moved(ladder, highest, 'battery', now), tried: null };
  const why = trouble(ladder.step, figures, now < ladder.settles);
  const next = { ...ladder, bad: why ? ladder.bad + 1 : 0, calm: !why && isCalm(ladder.step, figures) ? ladder.calm + 1 : 0 };
  if (next.tried !== null && now - next.tried > HOLDS_MS) Object.assign(next, { tried: null, patience: PATIENCE_S });
  if (why && next.bad >= DOWN_S && at < STEPS.length - 1) {
    const failed = next.tried !== null;
    const patience = failed ? Math.min(2 * ladder.patience, PATIENCE_MOST_S) : ladder.patience;
    return { ...moved(next, /** @type {Step} */ (STEPS[at + 1]), why, now), patience, tried: null };
  }
  if (at > top && next.calm >= next.patience) {
    const up = /** @type {Step} */ (STEPS[at - 1]);
    return { ...moved(next, up, at - 1 === top ? (top ? 'battery' : '') : next.why, now + SETTLE_MS), tried: now };
  }
  return next;
}

/** @param {Ladder} ladder @param {Step} step @param {Why} why @param {number} settles @returns {Ladder} */
const moved = (ladder, step, why, settles) => ({ ...ladder, step, why, bad: 0, calm: 0, settles });

/** What keeps this step from staying. @param {Step} step @param {Figures} figures @param {boolean} settles @returns {Why} */
function trouble(step, { availableBps, lossShare, rttMs, limited }, settles) {
  if (rttMs !== null && rttMs >= LATE_MS) return 'delay';
  if (lossShare !== null && lossShare >= LOSES[step]) return 'loss';
  if (settles || availableBps === null) return '';
  return availableBps < NEEDS_BPS[step] * (limited === 'bandwidth' ? LIMITED : 1) ? 'bandwidth' : '';
}

/** Whether one more may be tried. @param {Step} step @param {Figures} figures */
function isCalm(step, { availableBps, lossShare, rttMs }) {
  const room = availableBps === null || availableBps >= 1.2 * NEEDS_BPS[step];
  const above = /** @type {Step} */ (STEPS[Math.max(0, STEPS.indexOf(step) - 1)]);
  return room && (lossShare === null || lossShare < LOSES[above] / 2) && (rttMs === null || rttMs < CALM_MS);
}

/** What the browser's statistics say of it. @param {Iterable<any>} stats @returns {Figures} */
export function figuresOf(stats) {
  /** @type {Figures} */
  const said = { availableBps: null, lossShare: null, rttMs: null, limited: 'none' };
  for (const stat of stats) {
    if (stat.type === 'candidate-pair' && stat.state === 'succeeded' && stat.nominated !== false) {
      said.availableBps = stat.availableOutgoingBitrate ?? said.availableBps;
      if (said.rttMs === null && typeof stat.currentRoundTripTime === 'number') said.rttMs = 1000 * stat.currentRoundTripTime;
    }
    if (stat.type === 'remote-inbound-rtp') {
      if (typeof stat.fractionLost === 'number') said.lossShare = Math.max(said.lossShare ?? 0, stat.fractionLost);
      if (typeof stat.roundTripTime === 'number') said.rttMs = Math.max(said.rttMs ?? 0, 1000 * stat.roundTripTime);
    }
    if (stat.type === 'outbound-rtp' && stat.kind === 'video') said.limited = stat.qualityLimitationReason ?? said.limited;
  }
  return said;
}
