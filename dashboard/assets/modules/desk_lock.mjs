// The lock: a desk that nobody touches locks itself; it still shows and sounds, and asks for the PIN before it does anything.

import { now, tell } from './state.mjs';
import { line, openDialog } from './desk_dialog.mjs';
import { t } from './text.mjs';

export const JSON_HEAD = { 'Content-Type': 'application/json', Accept: 'application/json' };

/** Null: as the server said when the page was loaded. @type {boolean | null} */
let locked = null;
let touchedAt = performance.now();
let asking = false;

const saidState = () => document.getElementById('lock-state')?.dataset.lock ?? '';
export const isLocked = () => locked ?? saidState() === 'locked';
/** Whoever came by a one-time link has neither PIN nor password: what he locked nobody could open. */
export const canLock = () => saidState() !== 'none';

/** @param {boolean} value */
export function setLocked(value) {
  locked = value;
  tell([]);
}

for (const event of ['pointerdown', 'pointermove', 'keydown', 'wheel']) addEventListener(event, () => { touchedAt = performance.now(); }, { passive: true, capture: true });

/** Asked twice a second. */
export function lockWhenIdle() {
  const after = Number(document.getElementById('desk')?.dataset.locksAfterS ?? 600) * 1000;
  if (isLocked() || asking || !canLock() || saidState() === '' || now.connection !== 'live' || performance.now() - touchedAt < after) return;
  void lock();
}

/** Returns what went wrong, '' if nothing. @returns {Promise<string>} */
export async function lock() {
  if (!canLock()) return t('desk.lock_none');
  asking = true;
  try {
    const answer = await fetch('/lock', { method: 'POST', headers: JSON_HEAD, body: '{}' });
    if (!answer.ok) return await sentenceOf(answer);
    setLocked(true);
    return '';
  } catch {
    return t('desk.not_sent');
  } finally {
    asking = false;
  }
}

/** Asks for the PIN until it is right or the person gives up. @returns {Promise<boolean>} whether the desk is open now */
export function unlock() {
  return new Promise((done) => {
    let open = false;
    const [pin, label] = line('pin-input', t('desk.pin'), { type: 'password', maxlength: 64 });
    openDialog('pin-dialog', t('desk.pin_title'), [label], {
      confirm: t('desk.unlock'),
      closed: () => done(open),
      send: async (dialog) => {
        const wrong = await tryPin(pin.value);
        open = wrong === '';
        if (open) { setLocked(false); dialog.close(); return; }
        dialog.say(wrong);
        pin.value = '';
        pin.focus();
      },
    });
  });
}

/** @param {string} pin @returns {Promise<string>} what is wrong, '' if it opened */
async function tryPin(pin) {
  try {
    const answer = await fetch('/unlock', { method: 'POST', headers: JSON_HEAD, body: JSON.stringify({ pin }) });
    return answer.ok ? '' : await sentenceOf(answer);
  } catch {
    return t('desk.not_sent');
  }
}

/** The server's own sentence. @param {Response} answer */
export async function sentenceOf(answer) {
  const { error } = await answer.json().catch(() => ({}));
  return error?.text ?? t('desk.not_answered');
}
