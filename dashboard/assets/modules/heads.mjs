// The head of a panel: how old its newest datum is by its source's clock, and whether that is too old.

import { now, serverNow } from './state.mjs';
import { ago, hms } from './clock.mjs';
import { t } from './text.mjs';

const RED_MS = 60_000; // a part gone for so long: red, not amber
const OF_THE_BUS = ['map'];

/** Since when a panel cannot be right, because a part is gone; 0: it can. @param {string} name */
function goneSince(name) {
  if (now.connection === 'lost') return now.since;
  if (now.connection === 'waiting' && !OF_THE_BUS.includes(name) && name !== 'system') return now.since;
  const part = now.parts[OF_THE_BUS.includes(name) ? 'bus' : 'database'];
  return part?.up === false && name !== 'system' ? part.since ?? serverNow() : 0;
}

/** @param {string} name @param {number | null} asOf the time at the source @param {'live' | 'stale' | 'down' | 'empty'} state @param {boolean} [lost] its source has been silent for far too long */
export function head(name, asOf, state, lost = false) {
  const panel = document.querySelector(`[data-panel="${name}"]`);
  if (!(panel instanceof HTMLElement)) return;
  const gone = goneSince(name);
  const shown = now.connection === 'connecting' ? 'empty' : gone ? (asOf ? 'stale' : 'down') : state;
  panel.dataset.state = shown;
  panel.dataset.limit = lost || (gone && serverNow() - gone > RED_MS) ? 'red' : shown === 'stale' || shown === 'down' ? 'amber' : '';
  if (asOf) panel.dataset.asOf = new Date(asOf).toISOString();
  else delete panel.dataset.asOf;
  const said = now.connection === 'connecting' ? t('wall.connecting') : !asOf ? '' : shown === 'live' || shown === 'empty' ? ago(serverNow() - asOf) : t('wall.as_of', { time: hms(asOf) });
  const age = name === 'map' ? document.getElementById('fix-age') : panel.querySelector('.age');
  if (age && age.textContent !== said) age.textContent = said;
}
