// On and off duty by one thumb. Off duty nothing is watched and nothing sent. The screen stays on while on duty, because a browser
// stops watching when it goes dark.

import { mark, part, say } from './draw.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone */

const FLUSH_MS = 5000; // the last fixes of a stretch of duty go before its end
const SURE_MS = 3000; // a row may be a moment older than the answer to our own post

/** @param {Phone} phone */
export function mountDuty(phone) {
  const button = part('duty');
  const wake = keepAwake(() => phone.positions.on);
  /** Since when the server has said «off» while we watch; by performance.now(). @type {number | null} */
  let contradicted = null;

  phone.outbox.listen(({ action, fate, text }) => {
    if (action.kind !== 'duty') return;
    if (fate === 'answered') {
      phone.live.patch('unit', action.unit, { on_duty: action.details.on });
      void phone.positions.flush(); // fixes that waited for this answer
    }
    if (fate === 'answered' || fate === 'kept') phone.rememberDuty(action.details.on === true);
    if (fate === 'refused') phone.notice('duty', t('duty_refused', { why: text }));
  });
  button.addEventListener('click', () => {
    if (wanted() && phone.helping()) return phone.notice('duty', t('duty_held_by_sos'));
    return wanted() ? stop() : start();
  });

  /** What the officer wants, and what the server says where nothing of his is under way. */
  const wanted = () => {
    const known = phone.live.rows.unit.get(String(phone.me?.unit))?.on_duty ?? phone.me?.duty ?? false;
    return phone.outbox.waiting('duty').at(-1)?.action.details.on ?? known;
  };

  /** @param {'sos'} [why] */
  function start(why) {
    phone.notice('duty', why ? t('duty_by_sos') : null);
    contradicted = null;
    void phone.act('duty', { on: true });
    phone.positions.start();
    void wake.ask();
    render();
  }

  async function stop() {
    phone.notice('duty', null);
    phone.positions.stop();
    const ending = phone.act('duty', { on: false }, FLUSH_MS);
    render();
    await phone.positions.flush();
    phone.outbox.release((await ending).id);
  }

  function reconcile() {
    const on = wanted();
    if (on && !phone.positions.on) {
      phone.positions.start();
      void wake.ask();
    }
    if (on || !phone.positions.on) contradicted = null;
    else if (phone.live.state === 'live') {
      contradicted ??= performance.now();
      if (performance.now() - contradicted < SURE_MS) return;
      phone.positions.stop();
      phone.rememberDuty(false);
      phone.notice('duty', t('duty_ended_by_centre'));
    }
  }

  function render() {
    if (!phone.me) return;
    reconcile();
    const on = phone.positions.on;
    mark(button, 'aria-checked', on ? 'true' : 'false');
    mark(part('phone'), 'data-duty', on ? 'on' : 'off');
    say(part('duty-word'), t(on ? 'on_duty' : 'off_duty'));
    mark(button, 'data-unsent', phone.outbox.waiting('duty').some((one) => one.fate === 'waiting') ? '' : null);
  }
  return { render, start, awake: wake.held };
}

/** Asks the browser to leave the screen on; it lets go whenever the page is hidden. @param {() => boolean} needed */
export function keepAwake(needed) {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let asking = false;
  const ask = async () => {
    if (asking || !needed() || document.hidden || (lock && !lock.released)) return;
    asking = true;
    try {
      lock = await navigator.wakeLock.request('screen');
    } catch {
      lock = null; // not here, or power saving: the sheet of the phone says so
    }
    asking = false;
  };
  document.addEventListener('visibilitychange', () => void ask());
  return { ask, held: () => lock !== null && !lock.released };
}
