// The door: what a scanner or fingers give becomes a seat number for some seconds, and then the field is empty again.

import { ask } from './ask.mjs';
import { cameraOf } from './door_camera.mjs';

const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent ?? '{}');
const SHOWN_MS = 6_000; // long enough to be read from the door, short enough not to be the next one's
/** @typedef {{state: string, present: number, invited: number, help: {by: string | null} | null, locked?: boolean, right?: boolean, seat?: number, back?: boolean}} Said */
/** @type {Said & {base: string, tablet: boolean}} */
let said = JSON.parse(document.getElementById('ecc-said')?.textContent ?? '{}');
/** @param {string} verb @param {object} [what] */
const door = (verb, what) => ask(`/${verb}`, what, said.base);
/** @param {string} id */
const el = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));
const field = /** @type {HTMLInputElement} */ (document.getElementById('code'));
const digits = /** @type {HTMLInputElement} */ (document.getElementById('digits'));
const OPEN = ['CHECK_IN', 'RUNNING', 'BLACKOUT', 'INTERVIEWS'];

let leaving = false;
/** @type {number | null} the seat that was given last, while it can be taken back */
let last = null;
let asking = false;
let emptyAt = 0;
let unable = false;
const camera = cameraOf(/** @type {HTMLVideoElement} */ (document.querySelector('#lens video')), (code) => { if (!asking) void enter(code); }, (why) => {
  unable = why === 'unable';
  answer('refused', texts[`camera_${why}`]);
  draw();
});

/** @param {string} kind @param {string} word @param {number | null} [seat] */
function answer(kind, word, seat = null) {
  document.body.dataset.answer = kind;
  el('big').textContent = seat === null ? '' : String(seat);
  el('word').textContent = word;
  emptyAt = kind === 'none' ? 0 : performance.now() + SHOWN_MS;
}

function draw() {
  const locked = said.locked === true, open = OPEN.includes(said.state) && !locked, opens = open && el('scan').hidden;
  const locks = locked && el('locked').hidden;
  el('count').textContent = locked ? '' : `${said.present}/${said.invited}`;
  document.body.toggleAttribute('data-locked', locked);
  el('locked').hidden = !locked;
  if (locks) { answer('none', ''); camera.stop(); digits.focus(); }
  button('camera').hidden = !said.tablet || !open || unable;
  button('camera').setAttribute('aria-pressed', String(camera.on));
  button('camera').textContent = camera.on ? texts.camera_off : texts.camera;
  el('lens').hidden = !camera.on || !open;
  button('lock').hidden = !said.tablet || locked;
  el('scan').hidden = !open;
  el('closed').hidden = open || locked;
  if (opens) field.focus();
  el('what').textContent = leaving ? texts.what_leave : texts.what_in;
  button('go').textContent = leaving ? texts.go_leave : texts.go_in;
  button('mode').textContent = leaving ? texts.to_in : texts.to_leave;
  button('mode').setAttribute('aria-pressed', String(leaving));
  button('mode').disabled = !open;
  button('undo').textContent = last === null ? texts.undo_none : texts.undo.replace('{seat}', String(last));
  button('undo').disabled = last === null || !open;
  const waits = said.help !== null && said.help.by === null;
  button('help').disabled = waits;
  el('helped').textContent = !said.help ? '' : waits ? texts.help_waits : texts.help_taken.replace('{who}', said.help.by ?? '');
  if (!emptyAt) el('word').textContent = !open ? '' : leaving ? texts.ready_leave : texts.ready_in;
}

/** The host has taken the tablet back, or it is over: the page says so. @param {unknown} error */
function gone(error) {
  if (said.tablet && /** @type {{status?: number}} */ (error)?.status === 401) location.reload();
}

/** @param {string} verb @param {object} what @returns {Promise<Said | null>} */
async function act(verb, what) {
  if (asking) return null;
  asking = true;
  try {
    const next = /** @type {Said} */ (await door(verb, what));
    said = { ...said, ...next };
    return next;
  } catch (error) {
    gone(error);
    answer('refused', error instanceof Error ? error.message : texts.no_server);
    return null;
  } finally {
    asking = false;
    draw();
    if (!said.locked) field.focus();
  }
}

el('scan').addEventListener('submit', async (event) => {
  event.preventDefault();
  const code = field.value;
  field.value = ''; // nothing stays for the next one in line
  await enter(code);
});

/** @param {string} code */
async function enter(code) {
  if (!code.trim()) return;
  const next = await act(leaving ? 'leave' : 'check-in', { code });
  if (!next || next.seat === undefined) return;
  last = leaving || next.back ? last : next.seat;
  answer('seat', leaving ? texts.left : next.back ? texts.back : texts.seat, next.seat);
  draw();
}

button('camera').addEventListener('click', async () => {
  if (camera.on) camera.stop();
  else await camera.start();
  draw();
  field.focus();
});

button('lock').addEventListener('click', () => void act('lock', {}));

el('locked').addEventListener('submit', async (event) => {
  event.preventDefault();
  const typed = digits.value;
  digits.value = '';
  const next = await act('unlock', { digits: typed });
  if (next && !next.right) answer('refused', texts.digits_wrong);
  draw();
  if (said.locked) digits.focus();
});

button('mode').addEventListener('click', () => {
  leaving = !leaving;
  answer('none', '');
  draw();
  field.focus();
});

button('undo').addEventListener('click', async () => {
  const seat = last;
  if (seat === null || !(await act('undo', { seat }))) return;
  last = null;
  answer('done', texts.undone.replace('{seat}', String(seat)));
  draw();
});

button('help').addEventListener('click', () => void act('help', {}));

async function look() {
  if (asking) return;
  try {
    said = { ...said, ...(await door('counts')) };
  } catch (error) {
    gone(error);
    answer('refused', texts.no_server);
  }
  draw();
}

setInterval(() => {
  if (emptyAt && performance.now() > emptyAt) { answer('none', ''); draw(); }
}, 250);
setInterval(look, 2_000);
document.addEventListener('click', (event) => { if (!said.locked && !(event.target instanceof HTMLButtonElement)) field.focus(); }); // a scanner types wherever the focus is
answer('none', '');
draw();
if (!said.locked) field.focus();
