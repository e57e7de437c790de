// A party in the chosen call: asked in with D; each one a line below the room's keys: his picture, how far he has come, what the desk may do.

import { sayHere, ask } from './desk_ask.mjs';
import { openDialog } from './desk_dialog.mjs';
import { keep } from './desk_draw.mjs';
import { door } from './desk_leader.mjs';
import { chosenRow, desk } from './desk_state.mjs';
import { h } from './draw.mjs';
import { blocked } from './sound.mjs';
import { partsOf } from './talks.mjs';
import { t } from './text.mjs';
import { Tile } from './tile.mjs';
import { serverNow } from './state.mjs';

/** @typedef {Record<string, any>} Row */

const INVITES = 'd';
const TALKS = ['ANSWERED', 'LIVE', 'DEGRADED', 'RECONNECTING'];
const OVER = ['LEFT', 'REFUSED']; // with its record it is done: the list of records has it
const SENDS = ['LIVE', 'DEGRADED', 'LOST'];
/** By participant. @type {Map<string, Tile>} */
const tiles = new Map();

/** Whether the key was that of the parties. @param {string} key @param {KeyboardEvent} event */
export function partyKey(key, event) {
  const row = desk.kind === 'call' ? chosenRow() : undefined;
  if (!row || key !== INVITES) return false;
  event.preventDefault();
  if (!event.repeat && TALKS.includes(row.state)) void askParty(row.id);
  return true;
}

/** The button, and a line for each party who is in, on his way, or whose record is not written yet. @param {Row | undefined} row */
export function drawParties(row) {
  const place = document.getElementById('parties');
  if (!(place instanceof HTMLElement)) return;
  place.hidden = !row;
  const there = row ? partsOf(row.id).filter((one) => one.kind === 'PARTY' && (one.state !== 'INVITED' || (one.expires_at ?? 0) > serverNow()) && !(one.sheet_version && OVER.includes(one.state))) : [];
  const shown = there.sort((a, b) => (b.invited_at ?? 0) - (a.invited_at ?? 0)).slice(0, 2);
  keep(place, [row?.id, Boolean(row && TALKS.includes(row.state)), shown], () => [invite(row), shown.length ? h('div', { class: 'lines' }, ...shown.map(line)) : null]);
  hear(row, shown);
}

/** @param {Row | undefined} row */
function invite(row) {
  const button = h('button', { type: 'button', 'data-party': 'invite', disabled: !row || !TALKS.includes(row.state) }, h('kbd', {}, INVITES.toUpperCase()), t('desk.party'));
  button.onclick = () => { if (row) void askParty(row.id); };
  return button;
}

/** @param {Row} one */
function line(one) {
  const state = one.state === 'WAITING' && one.verified_at ? 'VERIFIED' : one.state === 'IN' && one.muted_at ? 'MUTED' : one.state === 'IN' && SENDS.includes(one.media) ? 'SENDS' : one.state;
  const who = t(`desk.party_kind_${one.party}`, { who: one.party_name ?? '' });
  return h('div', { class: 'party', 'data-id': `party:${one.id}`, 'data-state': state },
    h('span', { class: 'face', id: `party-${one.id}` }), h('p', {}, h('b', {}, who), h('em', {}, t(`desk.party_state_${state}`, { digits: one.digits ?? '' }))), ...verbsOf(one, state));
}

/** @param {Row} one @param {string} state */
function verbsOf(one, state) {
  const send = (/** @type {string} */ verb) => () => void ask({ verb, id: one.id });
  if (state === 'INVITED') return [act('back', 'party_back', send('refuse_party'))];
  if (state === 'WAITING') return [act('out', 'party_out', send('refuse_party'))];
  if (state === 'VERIFIED') return [act('admit', 'party_admit', send('admit_party')), act('out', 'party_out', send('refuse_party'))];
  const record = h('a', { class: 'act', href: `/sheet/${one.id}`, target: '_blank', rel: 'noopener' }, t(one.sheet_version ? 'desk.party_sheet_done' : 'desk.party_sheet', { n: one.sheet_version ?? '' }));
  if (one.state !== 'IN') return [record];
  return [one.muted_at ? act('unmute', 'party_unmute', send('unmute_party')) : act('mute', 'party_mute', send('mute_party')), act('out', 'party_out', send('refuse_party')), record];
}

/** @param {string} name @param {'party_back' | 'party_out' | 'party_admit' | 'party_mute' | 'party_unmute'} said @param {() => void} go */
function act(name, said, go) {
  const button = h('button', { type: 'button', class: 'act', 'data-party': name, 'data-next': name === 'admit' ? true : null }, t(`desk.${said}`));
  button.onclick = go;
  return button;
}

/** His picture and voice at the desk, while he is in. @param {Row | undefined} row @param {Row[]} there */
function hear(row, there) {
  const sends = new Set(there.filter((one) => one.state === 'IN' && SENDS.includes(one.media)).map((one) => one.id));
  for (const [id, tile] of tiles) {
    if (row && sends.has(id)) continue;
    tile.close();
    tile.video.remove();
    tiles.delete(id);
  }
  for (const id of sends) {
    const frame = document.getElementById(`party-${id}`);
    const known = tiles.get(id);
    const tile = known ?? new Tile(/** @type {HTMLVideoElement} */ (h('video', { playsinline: true, autoplay: true, muted: true })));
    tiles.set(id, tile);
    if (frame && tile.video.parentElement !== frame) { frame.append(tile.video); void tile.video.play().catch(() => undefined); }
    tile.watch(row?.id ?? '', `${row?.id}.${id}`);
    tile.video.muted = blocked();
  }
}

// --- the invitation

/** @param {string} call */
async function askParty(call) {
  const { parties, error } = await door(`/api/parties?call=${call}`);
  if (!parties) { sayHere(t('desk.party_failed', { why: error?.text ?? '' })); return; }
  if (!parties.length) { sayHere(t('desk.party_none')); return; }
  const choice = /** @type {HTMLSelectElement} */ (h('select', { id: 'party-who' }, ...parties.map((/** @type {Row} */ one) => h('option', { value: one.id }, t(`desk.party_kind_${one.kind}`, { who: one.who })))));
  const scene = /** @type {HTMLInputElement} */ (h('input', { type: 'checkbox', id: 'party-scene' }));
  openDialog('party-dialog', t('desk.party_title'), [h('label', { for: 'party-who' }, h('span', {}, t('desk.party_who')), choice), h('label', { class: 'tick', for: 'party-scene' }, scene, h('span', {}, t('desk.party_scene')))], {
    confirm: t('desk.party_go'),
    send: async (dialog) => {
      const who = choice.selectedOptions[0]?.textContent ?? '';
      const made = await door('/api/party-links', { call, party: choice.value, scene: scene.checked });
      if (!made.link) { dialog.say(t('desk.party_failed', { why: made.error?.text ?? '' })); return; }
      dialog.close();
      show(who, made);
    },
  });
  choice.focus();
}

/** @param {string} who @param {Row} made */
function show(who, made) {
  const place = /** @type {HTMLInputElement} */ (h('input', { id: 'party-link', readonly: true, value: made.link, 'aria-label': made.link }));
  const code = h('div', { class: 'code-and-digits' }, h('img', { class: 'qr', src: made.qr, alt: '' }), h('div', {}, h('p', { class: 'digits' }, t('desk.party_digits', { digits: made.digits })), h('p', { class: 'named' }, t('desk.party_told'))));
  openDialog('party-link-dialog', t('desk.party_title'), [h('p', { class: 'named' }, t('desk.party_link', { who })), code, place], {
    confirm: t('desk.party_copy'),
    send: async (dialog) => {
      place.select();
      await navigator.clipboard?.writeText(made.link).catch(() => {});
      dialog.say(t('desk.party_copied'));
    },
  });
}
