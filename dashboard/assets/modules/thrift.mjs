/**
 * When a viewer whose line is bad takes the small picture instead of the large one, and when he tries the large one again. Pure: told once
 * a second how it goes. Smaller after three bad seconds running; larger after a calm time, which doubles when that did not hold.
 *
 * @typedef {{ lossShare: number, frozenS: number }} Figures of the second that passed; lossShare: 0 to 1, of the picture's packets
 * @typedef {{ small: boolean, bad: number, calm: number, patience: number, tried: number | null }} Thrift tried: ms, when it went up last; null: that has held
 */

const LOSES = 0.08;
const FROZEN_S = 0.4;
const BAD_S = 3;
const PATIENCE_S = 15;
const PATIENCE_MOST_S = 240;
const HOLDS_MS = 20_000;

/** @returns {Thrift} */
export const begin = () => ({ small: false, bad: 0, calm: 0, patience: PATIENCE_S, tried: null });

/**
 * One second further.
 * @param {Thrift} thrift @param {Figures} figures @param {number} now ms
 * @returns {Thrift}
 */
export function second(thrift, { lossShare, frozenS }, now) {
  const bad = lossShare >= LOSES || frozenS >= FROZEN_S;
  const next = { ...thrift, bad: bad ? thrift.bad + 1 : 0, calm: bad ? 0 : thrift.calm + 1 };
  if (next.tried !== null && now - next.tried > HOLDS_MS) Object.assign(next, { tried: null, patience: PATIENCE_S });
  if (!thrift.small && next.bad >= BAD_S) {
    const patience = next.tried === null ? thrift.patience : Math.min(2 * thrift.patience, PATIENCE_MOST_S);
    return { small: true, bad: 0, calm: 0, patience, tried: null };
  }
  if (thrift.small && next.calm >= next.patience) return { ...next, small: false, bad: 0, calm: 0, tried: now };
  return next;
}

/** Reads the browser's statistics once a second; null when that second says nothing. @returns {(stats: Iterable<any>, now: number) => Figures | null} */
export function seconds() {
  let before = { at: -Infinity, lost: 0, all: 0, frozen: 0 };
  return (stats, now) => {
    if (now - before.at < 950) return null;
    const picture = [...stats].find((stat) => stat.type === 'inbound-rtp' && stat.kind === 'video');
    const lost = picture?.packetsLost ?? 0;
    const come = { at: now, lost, all: lost + (picture?.packetsReceived ?? 0), frozen: picture?.totalFreezesDuration ?? 0 };
    const [was, all] = [before, come.all - before.all];
    before = come;
    if (!was.all || all <= 0) return null; // nothing came, or another connection
    return { lossShare: Math.max(0, come.lost - was.lost) / all, frozenS: Math.max(0, come.frozen - was.frozen) };
  };
}
