// 请法警协助: from the room of a screening; it stands above who waits until somebody of the desk has it, and it rings.

import { all } from './state.mjs';
import { hms } from './clock.mjs';
import { ask } from './desk_ask.mjs';
import { keep } from './desk_draw.mjs';
import { h } from './draw.mjs';
import { t } from './text.mjs';

/** Nobody has it yet, the oldest first. */
export const helpsOpen = () => all('help').filter((row) => !row.taken_at).sort((a, b) => a.asked_at - b.asked_at);

export function drawHelps() {
  const place = document.getElementById('helps');
  const open = helpsOpen();
  if (place) place.hidden = !open.length;
  keep(place, [open], () => open.map((row) => {
    const take = h('button', { type: 'button', 'data-help': row.id }, t('desk.help_take'));
    take.onclick = () => void ask({ verb: 'take_help', id: row.id });
    return h('div', {}, h('b', {}, t('desk.help_ask')), h('span', {}, `${row.place ?? t('desk.help_place_none')} · ${row.number} · ${hms(row.asked_at)}`), take);
  }));
}
