// Pairing a wall: the desk types what the wall shows, sees from where that browser asks, and only then approves.

import { ago } from './clock.mjs';
import { ask } from './desk_ask.mjs';
import { line, openDialog } from './desk_dialog.mjs';
import { settled } from './desk_dialogs.mjs';
import { isLocked, JSON_HEAD, sentenceOf, unlock } from './desk_lock.mjs';
import { walls } from './desk_walls.mjs';
import { h } from './draw.mjs';
import { serverNow } from './state.mjs';
import { t } from './text.mjs';

/** What stands on the screen about the browser that shows this code, or what is wrong. @typedef {{said: string, wrong: boolean}} Seen */

/** A wall without a keyboard shows a code; whoever types it here looks from where it asks, and says which wall it is. */
export function openPairing() {
  const [code, codeLine] = line('pair-code', t('desk.pair_code'), { maxlength: 12, class: 'code', autocapitalize: 'characters' });
  const [name, nameLine] = line('pair-name', t('desk.pair_name'), { maxlength: 32, list: 'pair-known' });
  const known = h('datalist', { id: 'pair-known' }, ...walls().map((wall) => h('option', { value: wall.name ?? '' })));
  const from = h('p', { id: 'pair-from', role: 'status' });
  let seen = ''; // the code whose address stands on the screen
  const look = async () => {
    const asked = code.value;
    const found = await waiting(asked);
    if (asked !== code.value) return found; // typed on meanwhile
    from.textContent = found.wrong ? '' : found.said;
    seen = found.wrong ? '' : asked;
    return found;
  };
  code.oninput = () => { seen = ''; from.textContent = ''; };
  code.onchange = () => void look();
  openDialog('pair-dialog', t('desk.pair_title'), [h('p', {}, t('desk.pair_how')), codeLine, from, nameLine, known], {
    confirm: t('desk.pair_go'),
    send: async (dialog) => {
      if (seen && seen === code.value) { await settled(dialog, ask({ verb: 'pair', code: code.value, name: name.value })); return; }
      dialog.say(t('desk.sending'));
      const found = await look();
      dialog.say(found.wrong ? found.said : t('desk.pair_check'));
    },
  });
}

/** @param {string} code @returns {Promise<Seen>} */
async function waiting(code) {
  if (isLocked() && !(await unlock())) return { said: t('desk.locked'), wrong: true };
  try {
    const answer = await fetch('/api/pairing', { method: 'POST', headers: JSON_HEAD, body: JSON.stringify({ code }) });
    if (!answer.ok) return { said: await sentenceOf(answer), wrong: true };
    const { address, asked_at } = await answer.json();
    return { said: t('desk.pair_from', { address, age: ago(serverNow() - asked_at) }), wrong: false };
  } catch {
    return { said: t('desk.not_sent'), wrong: true };
  }
}
