// Two keys below the verbs of a call: T, held, is the room's microphone; Y turns the 领导席 on and off.

import { keep } from './desk_draw.mjs';
import { chosenRow, desk } from './desk_state.mjs';
import { h } from './draw.mjs';
import { hold, lookAfterRoom, mayTalk, room, turnSeat } from './desk_voice.mjs';
import { t } from './text.mjs';

/** @typedef {Record<string, any>} Row */

const TALK = 't';
const SEAT = 'y';

const called = () => (desk.kind === 'call' ? chosenRow() : undefined);

/** Whether the key was one of the room's. @param {string} key @param {KeyboardEvent} event */
export function roomKey(key, event) {
  const row = called();
  if (!row || (key !== TALK && key !== SEAT)) return false;
  event.preventDefault();
  if (event.repeat && (key !== TALK || room.mode === 'talk')) return true; // held before the call was answered: begins when it is
  if (key === TALK) hold(row, true);
  else if (mayTalk(row) || room.mode === 'seat') turnSeat(row);
  return true;
}

/** A key, a finger or the whole page let go: the microphone is shut. */
export function startRoom() {
  const release = () => { const row = called(); if (row && room.mode === 'talk') hold(row, false); };
  addEventListener('keyup', (event) => { if (event.code === 'KeyT' || event.key.toLowerCase() === TALK) release(); });
  for (const lost of ['blur', 'pointerup', 'pointercancel']) addEventListener(lost, release);
  document.addEventListener('visibilitychange', () => { if (document.hidden) release(); });
}

/** @param {Row | undefined} row */
export function drawRoom(row) {
  lookAfterRoom();
  const place = document.getElementById('room');
  if (place instanceof HTMLElement) place.hidden = !row;
  const here = Boolean(row) && room.call === row?.id;
  const off = !mayTalk(row);
  keep(place, [row?.id, off, here, room.mode, room.open, room.wrong], () => [
    key(TALK, t(here && room.mode === 'talk' && room.open ? 'video.room_talking' : 'video.room_talk'), { 'aria-pressed': here && room.mode === 'talk' && room.open ? 'true' : 'false', disabled: off || (here && room.mode === 'seat') }, (button) => {
      button.onpointerdown = () => { if (row) hold(row, true); };
    }),
    key(SEAT, t(here && room.mode === 'seat' ? 'video.room_seat_on' : 'video.room_seat'), { 'aria-pressed': here && room.mode === 'seat' ? 'true' : 'false', disabled: off }, (button) => {
      button.onclick = () => { if (row) turnSeat(row); };
    }),
    room.wrong ? h('p', { class: 'told' }, room.wrong) : null]);
}

/** @param {string} name @param {string} said @param {Record<string, string | boolean>} marks @param {(button: HTMLButtonElement) => void} wire */
function key(name, said, marks, wire) {
  const button = /** @type {HTMLButtonElement} */ (h('button', { type: 'button', 'data-room': name, 'data-id': `room:${name}`, ...marks }, h('kbd', {}, name.toUpperCase()), said));
  wire(button);
  return button;
}
