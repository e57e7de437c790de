// The host's page: one key blacks the stage out whatever else is under way; the rest is asked and shown as the server says it stands.

import { ask, tell } from './ask.mjs';
import { livePart } from './console_live.mjs';
import { wallsOf } from './console_walls.mjs';
import { at, before, following, indexOf, moved, on, over, plain, ready, seen, shown, uneasy } from './console_state.mjs';
import { clockOf as clock } from './stage_state.mjs';

/** @typedef {import('./console_state.mjs').Screening} Screening @typedef {import('./console_state.mjs').Place} Place */

const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent ?? '{}');
const given = JSON.parse(document.getElementById('ecc-said')?.textContent ?? '{}');
/** @param {string} id */
const el = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));
const preview = /** @type {HTMLVideoElement} */ (document.getElementById('preview'));

/** @type {Screening} */
let said = given.screening;
let since = performance.now();
/** The clip that somebody objects to. @type {string | null} */
let objected = null;
let blackening = 0; // presses that are not answered yet
const path = `/${said.id}`;

/** @param {any} next an answer with the screening, or with less */
function take(next) {
  if (!next.places) return;
  said = next;
  since = performance.now();
  draw();
}

/** @param {string} verb @param {object} [what] */
async function act(verb, what = {}) {
  try {
    take(await ask(`${path}/${verb}`, what));
    tell(null);
  } catch (error) {
    tell(error);
  }
}

/** Black at once on this page, and on the stage before anything is written. */
async function black() {
  blackening += 1;
  said = { ...said, black: true };
  draw();
  try {
    const answer = await ask(`${path}/black`, {});
    tell(answer.written ? null : new Error(texts.black_owed));
  } catch (error) {
    tell(error);
  } finally {
    blackening -= 1;
    await look();
  }
}

async function look() {
  if (blackening) return;
  try {
    const next = await ask(`${path}/state`);
    if (!blackening) take(next);
    el('seen').classList.remove('stale');
  } catch {
    el('seen').textContent = texts.no_server;
    el('seen').classList.add('stale');
  }
}

// --- the programme

let kept = Promise.resolve();

/** Each change is one of what the one before has left, however quick the presses are. @param {(places: Place[]) => Place[]} change */
function keep(change) {
  kept = kept.then(() => changed(change, true));
  return kept;
}

/** @param {(places: Place[]) => Place[]} change @param {boolean} again of what somebody else has made of it meanwhile */
async function changed(change, again) {
  try {
    take(await ask(`${path}/programme`, { was: said.places.map(plain), places: change(said.places).map(plain) }));
    tell(null);
  } catch (error) {
    if (!again || /** @type {{code?: string}} */ (error).code !== 'screening.other_programme') {
      tell(error);
      return;
    }
    await look();
    await changed(change, false);
  }
}

/** @param {string} name @param {string} label @param {() => void} press */
function small(name, label, press) {
  const made = document.createElement('button');
  made.className = name;
  made.textContent = label;
  made.addEventListener('click', press);
  return made;
}

/** @param {Place} place */
const titleOf = (place) => (place.kind === 'LIVE' ? said.permits.find(({ id }) => id === place.permit)?.mission ?? texts.kind_live : place.title);

/** @param {Place} place */
function row(place) {
  const item = document.createElement('li');
  item.classList.toggle('shown', place.position === said.position && on(said));
  item.classList.toggle('dead', !place.live);
  const words = document.createElement('div');
  const title = document.createElement('b');
  title.textContent = titleOf(place);
  const about = document.createElement('small');
  const length = place.kind === 'LIVE' ? texts.kind_live : place.duration_ms === null ? texts.kind_card : clock(place.duration_ms);
  about.textContent = [length, place.number, place.live ? null : texts.not_live].filter(Boolean).join(' · ');
  words.append(title, about);
  item.append(words);
  if (before(said)) {
    item.append(
      small('up', '↑', () => keep((places) => moved(places, indexOf(places, place), -1))),
      small('down', '↓', () => keep((places) => moved(places, indexOf(places, place), 1))),
      small('out', texts.remove, () => keep((places) => places.filter((_, i) => i !== indexOf(places, place)))),
    );
  } else if (on(said)) {
    const show = small('show', texts.show, () => act('show', { position: place.position }));
    show.disabled = !place.live;
    item.append(show);
  }
  return item;
}

/** @param {{release: string, title: string, number: string, duration_ms: number}} clip */
function offered(clip) {
  const item = document.createElement('li');
  const words = document.createElement('div');
  const title = document.createElement('b'), about = document.createElement('small');
  title.textContent = clip.title;
  about.textContent = `${clock(clip.duration_ms)} · ${clip.number}`;
  words.append(title, about);
  const place = /** @type {Place} */ (/** @type {unknown} */ (clip));
  item.append(words, small('add', texts.add, () => keep((places) => [...places, place])));
  return item;
}

el('card').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target), typed = new FormData(form);
  const card = /** @type {Place} */ (/** @type {unknown} */ ({ release: null, title: typed.get('title'), words: typed.get('words') || null }));
  void keep((places) => [...places, card]).then(() => { if (el('card').closest('main')?.querySelector('.told')?.hasAttribute('hidden')) form.reset(); });
});

// --- drawing

const drawWalls = wallsOf(el('walls'), /** @type {HTMLDialogElement} */ (el('sure-wall')), texts, (wall) => void act('wall', { wall }));
/** @param {import('./console_state.mjs').Permit} permit */
const addPermit = (permit) => void keep((places) => [...places, /** @type {Place} */ (/** @type {unknown} */ ({ release: null, permit: permit.id }))]);
const permitted = livePart(texts, given.missions, act, addPermit);

let listed = '';

function draw() {
  const drawn = JSON.stringify([said.state, said.position, said.places]);
  if (drawn !== listed) {
    listed = drawn;
    el('places').replaceChildren(...said.places.map(row));
    el('no-places').hidden = said.places.length > 0;
    el('editing').hidden = !before(said);
    el('live').replaceChildren(...given.live.map(offered));
    el('no-live').hidden = given.live.length > 0;
  }
  drawWalls(said.walls);
  el('walls-part').hidden = !said.walls.length || over(said);
  el('state').textContent = texts[`state_${said.black ? 'BLACKOUT' : said.state}`];
  el('seen').textContent = texts[seen(said)];
  el('seen').classList.toggle('uneasy', uneasy(said));
  document.body.classList.toggle('is-black', said.black);
  const place = shown(said);
  el('title').textContent = on(said) ? (place && titleOf(place)) ?? (said.resting ? texts.rest_now : texts.neutral_now) : texts[`state_${said.state}`];
  el('words').textContent = on(said) ? place?.words ?? '' : '';
  keys(place);
  objections();
  tablet();
  permitted.draw(said);
  follow(place);
}

/** How many are there, what of a clip is not for whom, and whether a bailiff comes. */
function people() {
  const { present, invited, help } = said.people;
  el('present').textContent = `${present}/${invited}`;
  el('shared').replaceChildren(...said.shared.map((each) => {
    const item = document.createElement('li');
    item.textContent = texts[`shared_${each.what}`].replace('{position}', String(each.position)).replace('{number}', String(each.attendee));
    return item;
  }));
  el('shared').hidden = !said.shared.length;
  button('rest').setAttribute('aria-pressed', String(said.resting));
  const waits = help !== null && help.by === null;
  button('help').disabled = waits;
  button('help').hidden = said.state === 'PLANNED' || over(said);
  el('helped').textContent = !help || button('help').hidden ? '' : waits ? texts.help_waits : texts.help_taken.replace('{who}', help.by ?? '');
}

/** Who has objected from his own device: by seat, never by name. @param {Screening['objections'][number]} each */
function objection(each) {
  const item = document.createElement('li'), who = document.createElement('b'), what = document.createElement('span');
  item.dataset.state = each.finding ? 'looked' : each.stopped ? 'stopped' : 'noted';
  who.textContent = each.seat === null ? texts.objected_away.replace('{number}', String(each.number)) : texts.objected.replace('{seat}', String(each.seat));
  const said = each.finding ? `objected_${each.finding}` : !each.stopped ? 'objected_noted' : each.title ? 'objected_stopped' : 'objected_live';
  what.textContent = texts[said].replace('{at}', each.at).replace('{title}', each.title ?? '');
  item.append(who, what);
  if (!each.finding) {
    for (const found of ['FOUNDED', 'UNFOUNDED']) item.append(small('found', texts[`objected_${found.toLowerCase()}`], () => act('look-at', { objection: each.id, finding: found })));
  }
  return item;
}

let raised = '';
function objections() {
  const now = JSON.stringify(said.objections);
  if (now === raised) return; // a reader of the screen is told once
  raised = now;
  el('objections').hidden = !said.objections.length;
  el('objections').replaceChildren(...said.objections.map(objection));
}

/** The tablet at the door: whether it is open, and the digits that open it again. */
function tablet() {
  const has = said.tablet;
  el('tablet-is').textContent = texts[`tablet_${has?.state ?? 'NONE'}`];
  el('tablet-digits').hidden = !has || has.state === 'INVITED';
  el('tablet-digits').textContent = has?.digits ?? '';
  button('tablet-off').disabled = !has;
  button('tablet-new').disabled = over(said);
  if (has && has.state !== 'INVITED') el('tablet-qr').hidden = true; // it was used
  if (el('tablet-qr').hidden) el('tablet-link').textContent = '';
  button('door').dataset.state = has?.state ?? '';
}

/** One line of the ready-check. @param {[string, boolean]} line */
function check([name, good]) {
  const item = document.createElement('li');
  item.className = good ? 'good' : 'open';
  item.textContent = texts[good ? name : `${name}_not`];
  return item;
}

/** @param {Place | null} place */
function keys(place) {
  button('black').hidden = button('lift').hidden = !on(said);
  button('black').disabled = said.black; // the same key never shows again what it has taken away
  const big = button('black').querySelector('b');
  if (big) big.textContent = said.black ? texts.is_black : texts.black;
  button('lift').disabled = !said.black;
  button('begin').hidden = !before(said);
  button('open').hidden = said.state !== 'PLANNED' || !said.people.invited;
  button('begin').disabled = ready(said).some(([, good]) => !good);
  el('ready').hidden = !before(said);
  el('ready').replaceChildren(...ready(said).map(check));
  for (const name of ['play', 'next', 'neutral', 'rest', 'object', 'interviews']) button(name).hidden = !on(said);
  button('end').hidden = !on(said) && said.state !== 'INTERVIEWS';
  button('close').hidden = said.state !== 'ENDED';
  el('to-results').hidden = before(said) || !said.people.invited;
  const name = button('play').querySelector('b');
  if (name) name.textContent = said.playing ? texts.pause : texts.go_on;
  button('play').disabled = said.black || place?.kind !== 'CLIP';
  button('object').disabled = place?.kind !== 'CLIP';
  button('next').disabled = following(said) === null;
  el('stage').hidden = over(said);
  people();
  if (said.report) el('link').textContent = ''; // it was used
  button('copy').hidden = el('link-hint').hidden = !el('link').textContent;
}

/** The preview is the masked file, silent, at the same moment. @param {Place | null} place */
function follow(place) {
  const clip = on(said) && place?.kind === 'CLIP' && place.live ? place.clip : null;
  const src = clip ? `/centre/screening/clips/${clip}/masked` : '';
  if ((preview.getAttribute('src') ?? '') !== src) {
    if (src) preview.src = src;
    else { preview.removeAttribute('src'); preview.load(); }
  }
  el('cover').hidden = !!clip && !said.black;
  const here = at(said, performance.now() - since);
  if (clip && Math.abs(preview.currentTime * 1000 - here) > 700) preview.currentTime = here / 1000;
  if (clip && said.playing && !said.black) void preview.play().catch(() => undefined);
  else preview.pause();
}

function tick() {
  const place = shown(said), duration = place?.duration_ms ?? 0, here = at(said, performance.now() - since);
  const clip = on(said) && duration > 0;
  el('elapsed').textContent = clip ? clock(here) : '';
  el('total').textContent = clip ? clock(duration) : '';
  el('share').style.width = clip ? `${(100 * here) / duration}%` : '0';
}

// --- keys

button('open').addEventListener('click', () => act('open'));
button('rest').addEventListener('click', () => act('rest'));
button('help').addEventListener('click', () => act('help').then(look));

const next = () => {
  const position = following(said);
  if (position === null) return;
  said = { ...said, position }; // a second press before the answer means the one after it
  void act('show', { position });
};
const pause = () => { if (!button('play').disabled) void act('play', { playing: !said.playing, at_ms: null }); };

button('black').addEventListener('click', black);
button('lift').addEventListener('click', () => act('lift'));
button('begin').addEventListener('click', () => act('begin'));
button('play').addEventListener('click', pause);
button('next').addEventListener('click', next);
button('neutral').addEventListener('click', () => act('show', { position: null }));
button('interviews').addEventListener('click', () => act('interviews'));
button('close').addEventListener('click', () => act('close').then(look));
button('end').addEventListener('click', () => /** @type {HTMLDialogElement} */ (el('sure')).showModal());
el('sure').addEventListener('close', () => { if (/** @type {HTMLDialogElement} */ (el('sure')).returnValue === 'yes') void act('end'); });
/** Somebody has recognised himself: black at once, and with the second press the clip is withdrawn everywhere; looked at later. */
button('object').addEventListener('click', () => {
  objected = shown(said)?.clip ?? null;
  void black();
  /** @type {HTMLDialogElement} */ (el('sure-object')).showModal();
});
el('sure-object').addEventListener('close', async () => {
  if (/** @type {HTMLDialogElement} */ (el('sure-object')).returnValue !== 'yes' || !objected) return;
  try {
    await ask(`/clips/${objected}/revoke`, { reason: texts.object_reason, objection: true });
    tell(null);
  } catch (error) {
    tell(error);
  }
  await look();
});
button('stage').addEventListener('click', async () => {
  try {
    el('link').textContent = (await ask(`${path}/stage`, {})).link;
    button('copy').hidden = el('link-hint').hidden = false;
    tell(null);
  } catch (error) {
    tell(error);
  }
});
button('door').addEventListener('click', () => /** @type {HTMLDialogElement} */ (el('tablet')).showModal());
button('tablet-new').addEventListener('click', async () => {
  try {
    const made = await ask(`${path}/tablet`, {});
    await look();
    /** @type {HTMLImageElement} */ (el('tablet-qr')).src = made.qr;
    el('tablet-qr').hidden = false;
    el('tablet-link').textContent = made.link;
    tell(null);
  } catch (error) {
    el('tablet-is').textContent = error instanceof Error ? error.message : '';
  }
});
button('tablet-off').addEventListener('click', () => { el('tablet-qr').hidden = true; void act('tablet-off'); });
button('copy').addEventListener('click', () => navigator.clipboard.writeText(el('link').textContent ?? ''));

addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (!on(said) || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  /** @type {Record<string, () => void>} */
  const wanted = { b: black, B: black, '.': black, ' ': pause, ArrowRight: next, PageDown: next, 0: () => void act('show', { position: null }) };
  const press = wanted[event.key]; // b and . are what a presenter's remote sends for black
  if (!press || (event.repeat && press !== black)) return;
  event.preventDefault();
  press();
});

draw();
setInterval(tick, 200);
setInterval(look, 1_000);
