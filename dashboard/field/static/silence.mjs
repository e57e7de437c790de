// «进入无信号区»: declared for 5-30 minutes, counted down, taken back by «我已出来»; the centre then shows a hatched ring, not «失联».

import { mark, part, say } from './draw.mjs';
import { t } from './texts.mjs';

/** @typedef {import('./field.mjs').Phone} Phone */

/** @param {Phone} phone */
export function mountSilence(phone) {
  part('silence-end').addEventListener('click', () => void phone.act('silence', { minutes: 0 }));
  phone.outbox.listen(({ action, fate, text }) => {
    if (action.kind !== 'silence') return;
    if (fate === 'answered') phone.live.patch('unit', action.unit, { silent_until_at: untilOf(action) });
    if (fate === 'refused') phone.notice('silence', t('silence_refused', { why: text }));
  });

  /** @param {import('./wire').Action} action */
  const untilOf = (action) => (action.details.minutes ? phone.clock.served(action) + action.details.minutes * 60000 : null);

  /** Until when it is declared, server clock; null: not. */
  const until = () => {
    const own = phone.outbox.waiting('silence').at(-1);
    const at = own ? untilOf(own.action) : phone.live.rows.unit.get(String(phone.me?.unit))?.silent_until_at;
    return at && at > phone.clock.now() ? at : null;
  };

  return {
    render() {
      const at = until();
      part('silent').hidden = at === null;
      part('silence').hidden = at !== null || !phone.positions.on;
      mark(part('silent'), 'data-unsent', phone.outbox.waiting('silence').length ? '' : null);
      if (at === null) return;
      const left = Math.ceil((at - phone.clock.now()) / 1000);
      say(part('silent-left'), `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`);
      say(part('silent-words'), t('silent_until', { time: phone.clock.hhmm(at) }));
    },
  };
}
