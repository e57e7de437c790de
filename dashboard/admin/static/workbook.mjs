/* 导入导出: a file is sent, what it would change is shown, and only then it is brought in. */

import { ask, part, press, say, sure, t, tell } from './ask.mjs';

/** @typedef {{is: string, sheet: string, row: number, what: string, column: string, cell: string, why: string, text: string, kind: string, whose: string, secret: string, changes: [string, string | null, string | null, string][]}} Note */
/** @typedef {{step: string, name: string, size: number, sheet: string | null, count: number, notes: Record<string, Note[]>, done: [string, Record<string, number>][], error: {text: string} | null}} State */

const AGAIN_MS = 700;
const MOST = 64 * 1024 * 1024;
const BUSY = ['looking', 'starting', 'writing'];
const choose = part('choose', HTMLInputElement);
const [coming, found, bar] = [part('coming', HTMLElement), part('found', HTMLElement), part('coming-bar', HTMLProgressElement)];
const [go, cancel] = [part('import', HTMLButtonElement), part('cancel', HTMLButtonElement)];
let asking = 0;
let drawn = '';

choose.addEventListener('change', async () => {
  const file = choose.files?.[0];
  choose.value = '';
  if (!file) return;
  say('');
  if (file.size > MOST) return tell(new Error(t('too_large')));
  draw({ ...nothing, step: 'sending', name: file.name, size: file.size });
  try { await send(file); } catch (error) { tell(error); }
  await look();
});

/** With its progress, which fetch does not tell. @param {File} file @returns {Promise<void>} */
const send = (file) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open('POST', `/centre/admin/upload?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader('content-type', 'application/octet-stream');
  request.responseType = 'json';
  request.upload.onprogress = (event) => { bar.max = event.total; bar.value = event.loaded; };
  request.onerror = () => reject(new Error(t('no_answer')));
  request.onload = () => (request.status < 400 ? resolve() : reject(new Error(request.response?.error?.text ?? t('no_answer'))));
  request.send(file);
});

/** @type {State} */
const nothing = { step: 'none', name: '', size: 0, sheet: null, count: 0, notes: {}, done: [], error: null };

async function look() {
  clearTimeout(asking);
  try {
    const state = { ...nothing, ...await ask('/workbook/state') };
    draw(state);
    if (BUSY.includes(state.step)) asking = setTimeout(look, AGAIN_MS);
  } catch (error) {
    tell(error);
    asking = setTimeout(look, 5 * AGAIN_MS);
  }
}

/** @param {State} state */
function draw(state) {
  const { step } = state;
  const busy = BUSY.includes(step) || step === 'sending';
  coming.hidden = step === 'none';
  part('coming-name', HTMLElement).textContent = state.name;
  const said = state.sheet && ['looking', 'writing'].includes(step) ? t(`step_${step}_sheet`, { sheet: state.sheet, n: state.count }) : t(`step_${step}`);
  part('coming-said', HTMLElement).textContent = step === 'failed' ? state.error?.text ?? t('step_failed') : said;
  coming.dataset.step = step;
  bar.hidden = !busy;
  if (step !== 'sending') bar.removeAttribute('value');
  choose.disabled = busy;
  part('choose-label', HTMLElement).toggleAttribute('data-off', busy);
  found.hidden = !['looked', 'starting', 'writing', 'done'].includes(step) && !busy;
  go.hidden = step !== 'looked';
  go.disabled = !state.done.some(([, counts]) => (counts.added ?? 0) + (counts.changed ?? 0) > 0);
  cancel.hidden = !['looking', 'looked', 'starting'].includes(step);
  part('counts-table', HTMLElement).hidden = !state.done.length;
  rows('counts', state.done.map(([sheet, counts]) => [sheet, ...['added', 'changed', 'unchanged', 'refused'].map((key) => String(counts[key] ?? 0))]));
  const notes = state.notes;
  table('given', notes.given, (note) => [t(`given_${note.kind}`), note.whose, note.secret]);
  table('said', notes.said, (note) => [note.text]);
  table('refused', notes.refused, (note) => [note.sheet, String(note.row), note.column + (note.cell ? ` ${note.cell}` : ''), note.why]);
  drawChanges(notes.changed ?? [], state.done);
  table('added', notes.added, (note) => [note.sheet, String(note.row), note.what]);
}

/** Folded sheet by sheet; a single sheet is open at once. @param {Note[]} notes @param {State['done']} done */
function drawChanges(notes, done) {
  part('changed', HTMLElement).hidden = !notes.length;
  const sheets = [...new Set(notes.map((note) => note.sheet))];
  const key = JSON.stringify([sheets, notes.length, done]);
  if (key === drawn) return; // what somebody has folded open stays so
  drawn = key;
  const list = part('changes', HTMLElement);
  const open = new Set([...list.querySelectorAll('details')].filter((each) => each.open).map((each) => each.dataset.sheet));
  list.replaceChildren(...sheets.map((sheet) => folded(sheet, notes.filter((note) => note.sheet === sheet), done, sheets.length === 1 || open.has(sheet))));
}

/** @param {string} sheet @param {Note[]} notes @param {State['done']} done @param {boolean} open */
function folded(sheet, notes, done, open) {
  const copy = /** @type {DocumentFragment} */ (part('changes-of', HTMLTemplateElement).content.cloneNode(true));
  /** @param {string} name */
  const within = (name) => /** @type {HTMLElement} */ (copy.querySelector(name));
  const [details, more] = [/** @type {HTMLDetailsElement} */ (within('details')), within('.more')];
  const count = done.find(([name]) => name === sheet)?.[1].changed ?? notes.length;
  details.open = open;
  details.dataset.sheet = sheet;
  within('summary').textContent = t('changed_of', { sheet, n: count });
  fill(within('tbody'), notes.map((note) => [String(note.row), note.what, note.changes.map(change).join('；')]));
  more.hidden = count <= notes.length;
  more.textContent = t('changed_more', { shown: notes.length, n: count - notes.length });
  return details;
}

/** @param {[string, string | null, string | null, string]} one */
function change([column, before, now, seen]) {
  if (seen === 'neither') return t('change_hidden', { column });
  if (seen === 'now') return t('change_now', { column, now: now ?? t('empty') });
  return t('change_from_to', { column, before: before ?? t('empty'), now: now ?? t('empty') });
}

/** On paper nothing stays folded. @type {HTMLDetailsElement[]} */
let shut = [];
addEventListener('beforeprint', () => {
  shut = [...document.querySelectorAll('details')].filter((each) => !each.open);
  for (const each of shut) each.open = true;
});
addEventListener('afterprint', () => shut.forEach((each) => { each.open = false; }));

/** @param {string} id @param {Note[] | undefined} notes @param {(note: Note) => string[]} cells */
function table(id, notes, cells) {
  const section = part(id, HTMLElement);
  section.hidden = !notes?.length;
  const body = section.querySelector('tbody');
  if (body) fill(body, (notes ?? []).map(cells));
}

/** @param {string} id @param {string[][]} lines */
const rows = (id, lines) => fill(part(id, HTMLElement), lines);

/** @param {Element} body @param {string[][]} lines */
function fill(body, lines) {
  body.replaceChildren(...lines.map((cells) => {
    const row = document.createElement('tr');
    row.append(...cells.map((text) => Object.assign(document.createElement('td'), { textContent: text })));
    return row;
  }));
}

go.addEventListener('click', () => press(go, async () => {
  if (!await sure(t('import_title'), t('import_word'), t('import_go'))) return;
  await ask('/workbook/import', {});
  await look();
}));
cancel.addEventListener('click', () => press(cancel, async () => {
  await ask('/workbook/cancel', {});
  say(t('forgotten'));
  await look();
}));
look();
