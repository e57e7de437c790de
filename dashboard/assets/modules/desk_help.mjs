// 请法警协助: from the room of a screening; it stands above who waits until somebody of the desk has it, and it rings.

import { all, serverNow } from './state.mjs';
import { hms } from './clock.mjs';
import { ask } from './desk_ask.mjs';
import { keep } from './desk_draw.mjs';
import { h } from './draw.mjs';
import { t } from './text.mjs';

const TOLD_MS = 300_000; // so long the others see who went

/** Nobody has it yet, the oldest first; then who went lately. */
function shown() {
  const taken = all('help').filter((row) => row.taken_at && serverNow() - row.taken_at < TOLD_MS);
  return [...all('help').filter((row) => !row.taken_at), ...taken].sort((a, b) => Number(Boolean(a.taken_at)) - Number(Boolean(b.taken_at)) || a.asked_at - b.asked_at);
}

export function drawHelps() {
  const place = document.getElementById('helps');
  const list = shown();
  if (place) place.hidden = !list.length;
  keep(place, list, () => list.map((row, first) => {
    const where = h('span', {}, `${row.place ?? t('desk.help_place_none')} · ${row.number} · ${hms(row.asked_at)}`);
    if (row.taken_at) return h('div', { 'data-taken': '' }, h('b', {}, t('desk.help_taken', { who: row.taken_by })), where);
    const take = h('button', { type: 'button', 'data-help': row.id, 'data-key': first ? null : 'x' }, first ? null : h('kbd', {}, 'X'), t('desk.help_take'));
    take.onclick = () => void ask({ verb: 'take_help', id: row.id });
    return h('div', {}, h('b', {}, t('desk.help_ask')), where, take);
  }));
}
