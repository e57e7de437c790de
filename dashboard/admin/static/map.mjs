/* 地图: files are sent or picked, looked at and drawn as outlines; then they are built beside the map that is there, and take its place. */

import { ask, part, press, say, sayAfter, sure, t, tell } from './ask.mjs';
import { draw } from './map_preview.mjs';

/** @typedef {{id: string, name: string, size: number, arrived: number, uploaded: boolean, parts: string[], alone: boolean, kind: string}} MapFile */
/** @typedef {{id: string, why?: string, count: number, bounds: [number, number, number, number] | null, names: string[], outline: [number, number][][]}} Looked */
/** @typedef {{counts: [string, string, number][], tiles: number, corners: number, notes: string[]}} Built */
/** @typedef {{here: {bounds: [number, number, number, number] | null, approval: string, made: string, bytes: number, corners: number, counts: [string, string, number][], back: boolean}, court: [number, number] | null, files: MapFile[], job: {state: string, step: {text?: string, done?: number, whole?: number}, looked: Looked[], built: Partial<Built>, error: string}}} State */

const HERE = '/centre/admin/map/files';
const PART = 4 * 1024 * 1024;
const AGAIN_MS = 700;
const BUSY = ['looking', 'building'];
const body = /** @type {HTMLTableSectionElement} */ (part('files', HTMLTableElement).tBodies[0]);
const [choose, build, cancel, back] = [part('choose', HTMLInputElement), part('build', HTMLButtonElement), part('cancel', HTMLButtonElement), part('back', HTMLButtonElement)];
const approval = part('approval', HTMLFormElement);
/** What a person chose for a file, until the page is left. @type {Map<string, {on: boolean, kind: string, crs: string}>} */
const chosen = new Map();
/** @type {Map<string, number>} */
const sending = new Map();
/** @type {State | null} */
let state = null;
let asking = 0;
let listed = '';

/** @returns {typeof import('tus-js-client')} */
const tus = () => /** @type {any} */ (globalThis).tus;

choose.addEventListener('change', async () => {
  const files = [...choose.files ?? []];
  choose.value = '';
  say('');
  for (const file of files) { // one after the other: the line is the same
    try { await send(file); } catch (error) { tell(error); break; }
  }
  await look();
  await seen();
});

/** Goes on where an earlier one of the same name and size broke off. @param {File} file @returns {Promise<void>} */
const send = (file) => new Promise((resolve, reject) => {
  const known = state?.files.find((each) => each.uploaded && each.arrived < each.size && each.name === file.name && each.size === file.size);
  const upload = new (tus().Upload)(file, {
    endpoint: HERE, chunkSize: PART, retryDelays: [0, 1_000, 3_000, 8_000, 15_000], metadata: { filename: file.name }, storeFingerprintForResuming: false,
    ...known ? { uploadUrl: `${HERE}/${known.id}` } : {},
    onProgress: (sent, whole) => { sending.set(file.name, whole ? sent / whole : 1); progress(); },
    onSuccess: () => { sending.delete(file.name); progress(); resolve(); },
    onError: (error) => { sending.delete(file.name); progress(); reject(new Error(sentence(error))); },
  });
  sending.set(file.name, 0);
  progress();
  upload.start();
});

/** @param {unknown} error */
function sentence(error) {
  const answer = /** @type {import('tus-js-client').DetailedError} */ (error).originalResponse;
  try { return JSON.parse(answer?.getBody() ?? '').error.text; } catch { return t('no_answer'); }
}

async function look() {
  clearTimeout(asking);
  try {
    state = await ask('/map/state');
    show();
    if (state && BUSY.includes(state.job.state)) asking = setTimeout(look, AGAIN_MS);
  } catch (error) {
    tell(error);
    asking = setTimeout(look, 5 * AGAIN_MS);
  }
}

/** Whatever was not looked at yet. */
async function seen() {
  if (!state || BUSY.includes(state.job.state)) return;
  const known = new Set(state.job.looked.map((each) => each.id));
  const files = state.files.filter((each) => each.arrived === each.size && !known.has(each.id)).map(wanted).filter((each) => each.kind);
  if (!files.length) return;
  await ask('/map/look', { files });
  await look();
}

/** @param {MapFile} file */
function choice(file) {
  const found = chosen.get(file.id) ?? { on: Boolean(file.kind), kind: file.kind, crs: '' };
  chosen.set(file.id, found);
  return found;
}

/** @param {MapFile} file */
const wanted = (file) => ({ id: file.id, kind: choice(file).kind, crs: choice(file).crs.trim() });

const picked = () => (state?.files ?? []).filter((each) => each.arrived === each.size && choice(each).on && choice(each).kind);

function show() {
  if (!state) return;
  const { here, files, job, court } = state;
  const busy = BUSY.includes(job.state);
  part('here', HTMLElement).textContent = here.made ? t('map_here', { made: here.made, mb: (here.bytes / 1e6).toFixed(1), corners: here.corners }) : t('map_none');
  list('here-counts', here.counts.map(([, name, count]) => `${name} ${count}`));
  const field = approval.elements.namedItem('value');
  if (field instanceof HTMLInputElement && document.activeElement !== field) field.value = here.approval;
  back.hidden = !here.back;
  back.disabled = busy;
  part('files', HTMLElement).hidden = !files.length;
  part('no-files', HTMLElement).hidden = files.length > 0;
  const now = JSON.stringify([files, job.looked.map((each) => [each.id, each.why, each.count]), busy]);
  if (now !== listed) { // a row that somebody is typing in is not taken from under his hands
    listed = now;
    body.replaceChildren(...files.map((file) => row(file, job.looked.find((each) => each.id === file.id), busy)));
  }
  part('preview', HTMLElement).hidden = !job.looked.some((each) => each.outline?.length);
  draw(part('outline', HTMLCanvasElement), part('where', HTMLElement), here.bounds, court, files, job.looked);
  progress();
  result(job.built);
}

/** @param {MapFile} file @param {Looked | undefined} looked @param {boolean} busy */
function row(file, looked, busy) {
  const line = document.createElement('tr');
  const mine = choice(file);
  const whole = file.arrived === file.size;
  const on = Object.assign(document.createElement('input'), { type: 'checkbox', checked: mine.on && whole && !file.alone, disabled: busy || !whole || file.alone });
  on.setAttribute('aria-label', file.name);
  on.addEventListener('change', () => { mine.on = on.checked; progress(); });
  const kind = /** @type {HTMLSelectElement} */ (part('kinds', HTMLSelectElement).cloneNode(true));
  Object.assign(kind, { id: '', hidden: false, value: mine.kind, disabled: busy || file.alone });
  kind.setAttribute('aria-label', t('map_holds'));
  kind.addEventListener('change', () => { mine.kind = kind.value; mine.on = on.checked = Boolean(kind.value); again(file); });
  const crs = Object.assign(document.createElement('input'), { value: mine.kind === 'osm' ? '' : mine.crs, placeholder: mine.kind === 'osm' ? 'WGS 84' : t('map_crs_file'), disabled: busy || mine.kind === 'osm' || file.alone });
  crs.setAttribute('list', 'crs-list');
  crs.setAttribute('aria-label', t('map_crs'));
  crs.addEventListener('change', () => { mine.crs = crs.value; again(file); });
  const name = document.createElement('span');
  name.textContent = file.name;
  const small = Object.assign(document.createElement('small'), { textContent: [size(file), ...file.parts, file.uploaded ? '' : t('map_put')].filter(Boolean).join(' · ') });
  const told = document.createElement('span');
  told.className = 'state';
  const [what, how] = seenAs(file, looked);
  told.textContent = what;
  told.dataset.state = how;
  const remove = Object.assign(document.createElement('button'), { textContent: t('map_remove'), disabled: busy });
  remove.addEventListener('click', () => press(remove, async () => {
    await fetch(`${HERE}/${file.id}`, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } });
    chosen.delete(file.id);
    await look();
  }));
  for (const content of [[on], [name, small], [kind], [crs], [told], file.uploaded ? [remove] : []]) {
    const cell = document.createElement('td');
    cell.append(...content);
    line.append(cell);
  }
  return line;
}

/** @param {MapFile} file */
const size = (file) => (file.arrived === file.size ? `${(file.size / 1e6).toFixed(1)} MB` : t('map_part', { done: (file.arrived / 1e6).toFixed(1), whole: (file.size / 1e6).toFixed(1) }));

/** @param {MapFile} file @param {Looked | undefined} looked @returns {[string, string]} */
function seenAs(file, looked) {
  if (file.arrived < file.size) return [t('map_not_whole'), 'wait'];
  if (file.alone) return [t('map_no_shp'), 'bad'];
  if (!choice(file).kind) return [t('map_say_kind'), 'wait'];
  if (!looked) return ['', ''];
  if (looked.why) return [looked.why, 'bad'];
  const court = state?.court;
  const inside = !court || !looked.bounds || (looked.bounds[0] <= court[1] && court[1] <= looked.bounds[2] && looked.bounds[1] <= court[0] && court[0] <= looked.bounds[3]);
  const said = looked.count ? t('map_count', { n: looked.count, names: looked.names.join('、') }) : looked.bounds ? t('map_extract') : t('map_no_bounds');
  return inside ? [said, 'good'] : [t('map_far', { said }), 'bad'];
}

/** @param {MapFile} file */
async function again(file) {
  progress();
  if (!choice(file).kind) return show();
  try {
    await ask('/map/look', { files: [wanted(file)] });
    await look();
  } catch (error) { tell(error); }
}

/** What is being sent, looked at, or built. */
function progress() {
  const job = state?.job;
  const busy = job !== undefined && BUSY.includes(job.state);
  const [name, share] = [...sending][0] ?? [];
  const coming = part('coming', HTMLElement);
  const bar = part('coming-bar', HTMLProgressElement);
  coming.hidden = !name && (!job || job.state === 'none' || job.state === 'looked');
  const step = name ? 'sending' : job?.state ?? 'none';
  coming.dataset.step = step;
  part('coming-said', HTMLElement).textContent = name ? t('map_sending', { name }) : t(`map_${step}`);
  part('coming-step', HTMLElement).textContent = name ? '' : busy ? job.step.text ?? '' : step === 'failed' ? job?.error || t('map_failed_why') : '';
  bar.hidden = !name && !busy;
  if (share !== undefined) bar.value = share;
  else if (busy && job.step.whole) bar.value = (job.step.done ?? 0) / job.step.whole;
  else bar.removeAttribute('value');
  cancel.hidden = !busy;
  choose.disabled = busy || Boolean(name);
  part('choose-label', HTMLElement).toggleAttribute('data-off', choose.disabled);
  build.disabled = busy || Boolean(name) || !picked().length;
}

/** @param {Partial<Built>} built */
function result(built) {
  const there = Boolean(built.counts);
  part('result', HTMLElement).hidden = !there;
  if (!there) return;
  list('result-counts', [...(built.counts ?? []).map(([, name, count]) => `${name} ${count}`), built.corners ? t('map_corners', { n: built.corners }) : ''].filter(Boolean));
  list('result-notes', built.notes ?? []);
}

/** @param {string} id @param {string[]} lines */
const list = (id, lines) => part(id, HTMLElement).replaceChildren(...lines.map((text) => Object.assign(document.createElement('li'), { textContent: text })));

build.addEventListener('click', () => press(build, async () => {
  const files = picked().map(wanted);
  if (!await sure(t('map_build_title'), t('map_build_word', { n: files.length }), t('map_build_yes'))) return;
  await ask('/map/build', { files });
  await look();
}));
cancel.addEventListener('click', () => press(cancel, async () => { await ask('/map/cancel', {}); await look(); }));
back.addEventListener('click', () => press(back, async () => {
  if (!await sure(t('map_back_title'), t('map_back_word'), t('map_back_yes'))) return;
  await ask('/map/back', {});
  sayAfter(t('map_back_done'));
}));
approval.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = approval.querySelector('button');
  if (button) press(button, async () => {
    const done = await ask('/map/approval', { value: new FormData(approval).get('value') });
    say(t(done.changed ? 'map_approval_saved' : 'setting_same'));
    await look();
  });
});
addEventListener('resize', show);
look().then(seen).catch(tell);
