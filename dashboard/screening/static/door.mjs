// The door: what a scanner or fingers give becomes a seat number for some seconds, and then the field is empty again.

import { ask } from './ask.mjs';

const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent ?? '{}');
const SHOWN_MS = 6_000; // long enough to be read from the door, short enough not to be the next one's
/** @typedef {{state: string, present: number, invited: number, help: {by: string | null} | null, seat?: number, back?: boolean}} Said */
/** @type {Said & {id: string}} */
let said = JSON.parse(document.getElementById('ecc-said')?.textContent ?? '{}');
const path = `/${said.id}`;
/** @param {string} id */
const el = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));
const field = /** @type {HTMLInputElement} */ (document.getElementById('code'));
const OPEN = ['CHECK_IN', 'RUNNING', 'BLACKOUT', 'INTERVIEWS'];

let leaving = false;
/** @type {number | null} the seat that was given last, while it can be taken back */
let last = null;
let asking = false;
let emptyAt = 0;

/** @param {string} kind @param {string} word @param {number | null} [seat] */
function answer(kind, word, seat = null) {
  document.body.dataset.answer = kind;
  el('big').textContent = seat === null ? '' : String(seat);
  el('word').textContent = word;
  emptyAt = kind === 'none' ? 0 : performance.now() + SHOWN_MS;
}

function draw() {
  const open = OPEN.includes(said.state), opens = open && el('scan').hidden;
  el('count').textContent = `${said.present}/${said.invited}`;
  el('scan').hidden = !open;
  el('closed').hidden = open;
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

/** @param {string} verb @param {object} what @returns {Promise<Said | null>} */
async function act(verb, what) {
  if (asking) return null;
  asking = true;
  try {
    const next = /** @type {Said} */ (await ask(`${path}/${verb}`, what));
    said = { ...said, ...next };
    return next;
  } catch (error) {
    answer('refused', error instanceof Error ? error.message : texts.no_server);
    return null;
  } finally {
    asking = false;
    draw();
    field.focus();
  }
}

el('scan').addEventListener('submit', async (event) => {
  event.preventDefault();
  const code = field.value;
  field.value = ''; // nothing stays for the next one in line
  if (!code.trim()) return;
  const next = await act(leaving ? 'leave' : 'check-in', { code });
  if (!next || next.seat === undefined) return;
  last = leaving || next.back ? last : next.seat;
  answer('seat', leaving ? texts.left : next.back ? texts.back : texts.seat, next.seat);
  draw();
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
    said = { ...said, ...(await ask(`${path}/counts`)) };
  } catch {
    answer('refused', texts.no_server);
  }
  draw();
}

setInterval(() => {
  if (emptyAt && performance.now() > emptyAt) { answer('none', ''); draw(); }
}, 250);
setInterval(look, 2_000);
document.addEventListener('click', (event) => { if (!(event.target instanceof HTMLButtonElement)) field.focus(); }); // a scanner types wherever the focus is
answer('none', '');
draw();
field.focus();
