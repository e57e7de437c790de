// The two-zone button: a tap calls the centre, a hold of 1.5 s asks for help. Each shows how far it has come, as three states that are
// true: sent from here, received by the centre, taken by a person.

import { feel } from './feel.mjs';
import { mark, part, say } from './draw.mjs';
import { t } from './texts.mjs';
import { whenHeld } from './hold.mjs';

/** @typedef {import('./field.mjs').Phone} Phone @typedef {import('./wire').Action} Action */
/** @typedef {'idle' | 'sending' | 'undelivered' | 'received' | 'owned' | 'answered' | 'missed'} Phase */
/** @typedef {{phase: Phase, id: string, at: number, number: string, who: string, tries: number}} Standing `at`: pressed, server clock */

const HOLD_MS = 1500;
const SLOW_MS = 4000; // after so long without an answer «sent» would be a promise we cannot keep
const QUIET_MS = 1500; // a second tap of a nervous thumb, after one's own call has ended
const AFTERGLOW_MS = 6000;
const RING_FIRST_MS = 150; // opening a camera takes all of a small processor: the call leaves before it, the picture never waits longer
const UNSEEN_MS = 15000; // answered by the door, and still no row: it was closed while we did not listen
/** @type {Phase[]} */
const LADDER = ['sending', 'received', 'answered'];
/** From these an end is the centre's doing. @type {Set<Phase>} */
const CLOSES = new Set(['received', 'owned', 'answered', 'missed']);
const REACHED = { idle: 0, sending: 1, undelivered: 0, received: 2, owned: 3, answered: 3, missed: 2 };

export class Press {
  /** @type {Standing} */
  standing = idle();
  #phone;
  #kind;
  #zone;
  /** Answered by the door, while the row is not here yet. @type {{id: string, at: number, number: string, since: number} | null} */
  #delivered = null;
  /** Ended by this phone. @type {Set<string>} */
  #ended = new Set();
  #quietUntil = 0;
  #glow = { text: '', until: 0 };
  #left = () => {};

  /** @param {Phone} phone @param {'call' | 'sos'} kind @param {HTMLElement} zone */
  constructor(phone, kind, zone) {
    this.#phone = phone;
    this.#kind = kind;
    this.#zone = zone;
    phone.outbox.listen((told) => { if (told.action.kind === kind) this.#told(told); });
  }

  /** @param {import('./outbox.mjs').Told} told */
  #told({ action, fate, answer, text }) {
    if (fate !== 'kept' && fate !== 'sending') this.#left();
    if (fate === 'answered') {
      this.#delivered = { id: action.id, at: this.#phone.clock.served(action), number: answer?.number ?? '', since: performance.now() };
    } else if (fate === 'refused') {
      feel('refused');
      this.#phone.notice(this.#kind, t(this.#kind === 'call' ? 'call_refused' : 'sos_refused', { why: text }));
    }
    this.render();
  }

  /** One sentence for a few seconds. @param {string} text */
  glow(text) {
    this.#glow = { text, until: performance.now() + AFTERGLOW_MS };
    this.render();
  }

  /** Sends, unless one is under way; one that nobody answered goes on ringing at the centre. */
  press() {
    if (this.standing.phase !== 'idle') return;
    if (performance.now() < this.#quietUntil) return;
    feel(this.#kind === 'call' ? 'press' : 'sent');
    this.#glow.until = 0;
    this.#phone.notice(this.#kind, null);
    void this.#phone.act(this.#kind, { fix: this.#phone.positions.newest });
    if (this.#kind === 'call') this.#phone.openPicture(this.#leaving());
    this.render();
  }

  /** Until the door has said something, or not soon. @returns {Promise<void>} */
  #leaving() {
    return new Promise((resolve) => { this.#left = resolve; setTimeout(resolve, RING_FIRST_MS); });
  }

  /** Ends one's own call: takes it back when it never left, tells the centre otherwise. */
  async withdraw() {
    const { id } = this.standing;
    if (!id) return;
    this.#ended.add(id);
    this.#quietUntil = performance.now() + QUIET_MS;
    if (!(await this.#phone.outbox.withdraw(id))) await this.#phone.act('end', { call_id: id });
    this.glow(t('call_withdrawn'));
  }

  /** @returns {Standing} */
  #stand() {
    const { outbox, live, clock } = this.#phone;
    const rows = [...live.rows[this.#kind].values()].filter((row) => !this.#ended.has(row.id) && !ringsHere(row));
    const waiting = outbox.waiting(this.#kind).filter((one) => !this.#ended.has(one.action.id)).at(-1);
    if (waiting && !live.rows[this.#kind].has(waiting.action.id)) return underWay(waiting, clock.served(waiting.action), clock.now());
    const open = rows.map(standingOf).filter((standing) => standing.phase !== 'idle');
    const newest = open.sort((a, b) => a.at - b.at).at(-1);
    const delivered = this.#unseen();
    if (delivered && (!newest || delivered.at > newest.at)) return delivered;
    return newest ?? idle();
  }

  /** The door has answered, the row is not here yet. @returns {Standing | null} */
  #unseen() {
    const one = this.#delivered;
    if (!one || this.#ended.has(one.id) || this.#phone.live.rows[this.#kind].has(one.id)) return null;
    if (this.#phone.live.state === 'live' && performance.now() - one.since > UNSEEN_MS) return null;
    return { ...idle(), phase: 'received', id: one.id, at: one.at, number: one.number };
  }

  render() {
    const before = this.standing;
    this.standing = this.#stand();
    this.#feelChange(before, this.standing);
    const { phase } = this.standing;
    mark(this.#zone, 'data-state', phase);
    const glowing = performance.now() < this.#glow.until && !this.#zone.hasAttribute('data-holding');
    say(within(this.#zone, '.word'), phase === 'idle' ? t(this.#kind === 'call' ? 'call' : 'sos') : this.#word());
    say(within(this.#zone, '.more'), phase === 'idle' ? (glowing ? this.#glow.text : this.#hint()) : this.#more());
    LADDER.forEach((_, index) => {
      const step = this.#zone.querySelectorAll('.ladder > *')[index];
      if (step) mark(step, 'data-reached', REACHED[phase] > index ? '' : null);
    });
  }

  /** @param {Standing} before @param {Standing} now */
  #feelChange(before, now) {
    if (before.phase === now.phase) return;
    if (now.phase === 'received' || now.phase === 'owned') feel('received');
    if (now.phase === 'answered') feel('answered');
    if (now.phase === 'undelivered' || now.phase === 'missed') feel('refused');
    if (now.phase === 'idle' && CLOSES.has(before.phase) && !this.#ended.has(before.id)) {
      feel('ended');
      this.glow(t(this.#kind === 'call' ? 'call_ended' : 'sos_closed'));
    }
  }

  #hint() {
    if (this.#kind === 'call') return t('call_hint');
    return t(this.#zone.hasAttribute('data-holding') ? 'sos_holding' : 'sos_hint');
  }

  #word() {
    const { phase, who } = this.standing;
    switch (phase) {
      case 'sending':
        return t('state_sent');
      case 'undelivered':
        return t('state_undelivered');
      case 'received':
        return t('state_received');
      case 'owned':
        return t('state_owned', { who });
      case 'answered':
        return t(this.#kind === 'call' ? 'state_answered' : 'state_owned', { who });
      default:
        return t('state_missed');
    }
  }

  #more() {
    const { phase, at, number, tries } = this.standing;
    const { clock } = this.#phone;
    const time = clock.hhmmss(at);
    if (phase === 'sending') return t('more_sent', { time });
    if (phase === 'undelivered') return t('more_undelivered', { time, tries });
    if (phase === 'missed') return t('more_missed', { time });
    const seconds = Math.max(0, Math.floor((clock.now() - at) / 1000));
    if (phase === 'received') return t('more_received', { number, seconds });
    return t('more_answered', { number });
  }
}

/** @returns {Standing} */
const idle = () => ({ phase: 'idle', id: '', at: 0, number: '', who: '', tries: 0 });

/**
 * Not yet answered by the door.
 * @param {{action: Action, tries: number, left: boolean}} waiting @param {number} at @param {number} now @returns {Standing}
 */
function underWay({ action, tries, left }, at, now) {
  const slow = left || now - at > SLOW_MS;
  return { ...idle(), phase: slow ? 'undelivered' : 'sending', id: action.id, at, tries };
}

/** @param {import('./wire').CallRow | import('./wire').SosRow} row @returns {Standing} */
function standingOf(row) {
  const at = 'placed_at' in row ? row.placed_at : row.raised_at;
  const known = { id: row.id, at, number: row.number ?? '', who: row.owner ?? '', tries: 0 };
  switch (row.state) {
    case 'RINGING':
    case 'RAISED':
      return { ...known, phase: row.owner ? 'owned' : 'received' };
    case 'ANSWERED':
    case 'LIVE':
    case 'DEGRADED':
    case 'RECONNECTING':
    case 'ACKED':
    case 'RESPONDING':
      return { ...known, phase: 'answered' };
    case 'MISSED':
      return { ...known, phase: row.owner ? 'owned' : 'missed' };
    default:
      return idle();
  }
}

/** The centre rings: that is asked in full screen, it is no call of one's own yet. @param {import('./wire').CallRow | import('./wire').SosRow} row */
const ringsHere = (row) => 'kind' in row && row.kind === 'CENTRE' && row.state === 'RINGING';

/** @param {Element} place @param {string} selector */
function within(place, selector) {
  const found = place.querySelector(selector);
  if (!found) throw new Error(`index.html has no ${selector} here`);
  return found;
}

/** Makes the two zones and the row above them. @param {Phone} phone */
export function mountCall(phone) {
  const callZone = part('call');
  const sosZone = part('sos');
  const call = new Press(phone, 'call', callZone);
  const sos = new Press(phone, 'sos', sosZone);

  callZone.addEventListener('click', () => call.press());
  whenHeld(sosZone, {
    ms: HOLD_MS,
    may: () => sos.standing.phase === 'idle',
    onStart: () => { feel('hold'); sos.render(); },
    onEarly: () => { feel('released'); sos.glow(t('sos_released')); },
    onDone: () => {
      if (!phone.positions.on) phone.startDuty('sos');
      sos.press();
    },
  });
  part('withdraw').addEventListener('click', () => void call.withdraw());

  const render = () => {
    call.render();
    sos.render();
    const calling = call.standing.phase !== 'idle';
    const helping = sos.standing.phase !== 'idle';
    part('talk').hidden = !calling && !helping;
    part('withdraw').hidden = !calling;
    say(part('withdraw'), t(call.standing.phase === 'answered' ? 'call_end' : 'call_withdraw'));
    say(part('talk-line'), t(helping ? 'talk_sos' : part('picture').dataset.state === 'live' ? 'talk_live' : 'talk_call'));
    mark(part('phone'), 'data-busy', calling || helping ? '' : null);
  };
  return { render, call, sos };
}
