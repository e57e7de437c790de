// The desk: which key does what, which one is chosen, and what is drawn when rows or the clock move on.

import { all, now, on, tell } from './state.mjs';
import { hideOldNotice, sayDone, sayHere } from './desk_ask.mjs';
import { dialogOpen } from './desk_dialog.mjs';
import { askLine, openHelp } from './desk_dialogs.mjs';
import { openPairing } from './desk_pair.mjs';
import { keep, runClocks } from './desk_draw.mjs';
import { facts } from './desk_facts.mjs';
import { drawHelps } from './desk_help.mjs';
import { drawFind, openFind, startFind } from './desk_find.mjs';
import { beganAt, drawCases, drawMissions, drawQueue, stepList, waiting } from './desk_lists.mjs';
import { isLocked, lock, lockWhenIdle, unlock } from './desk_lock.mjs';
import { drawMap, startMap } from './desk_map.mjs';
import { drawParties, partyKey } from './desk_party.mjs';
import { chosenRow, choose, desk, goTo } from './desk_state.mjs';
import { drawRoom, roomKey, startRoom } from './desk_room.mjs';
import { drawVerbs } from './desk_verbs.mjs';
import { drawWalls, selectWall, stepWall } from './desk_walls.mjs';
import { h } from './draw.mjs';
import { report, sendKept } from './fault.mjs';
import { entry, faultWords, head, known, list, whose } from './page.mjs';
import { hasPicture, showCall } from './stage_video.mjs';
import { t } from './text.mjs';

/** @type {Record<string, () => void>} */
const ACTS = { fault: () => void reportFault(), find: openFind, help: openHelp, pair: openPairing, lock: () => void turnLock() };

export function startDesk() {
  if (!document.getElementById('desk')) { setTimeout(startDesk, 50); return; }
  startMap();
  startFind();
  on(draw);
  addEventListener('keydown', pressed);
  startRoom();
  sendKept('desk', whose, sayDone);
  document.addEventListener('click', (event) => {
    const act = event.target instanceof Element ? event.target.closest('[data-act]')?.getAttribute('data-act') ?? '' : '';
    if (act.startsWith('zone:')) goTo(act.slice(5));
    else ACTS[act]?.();
  });
  /** @type {any} */ (window).ecc.redraw = () => tell([]);
  draw();
}

const WORDS_MS = 18_000; // as long as the server takes a second report for the first one
let reportedAt = -Infinity;

/** One press: this page's state goes to who mends it. Pressed again soon: a sentence goes after it. */
async function reportFault() {
  if (performance.now() - reportedAt < WORDS_MS) { askLine('fault', sendFault); return; }
  const sent = await sendFault();
  if (!sent.code) reportedAt = performance.now();
}

/** @param {string} [words] */
async function sendFault(words) {
  const { ok, kept, text } = await report('desk', known(), words ?? '', faultWords(), whose());
  return ok || kept ? sayDone(words || kept ? text : t('desk.fault_said', { said: text })) : sayHere(text);
}

async function turnLock() {
  if (isLocked()) { await unlock(); return; }
  const wrong = await lock();
  if (wrong) sayHere(wrong);
}

// --- keys

/** The key by its place where a Chinese input method holds the letter back. @param {KeyboardEvent} event */
function nameOf(event) {
  if (event.key === '?' || event.key === '？' || (event.code === 'Slash' && event.shiftKey)) return '?';
  const place = /^(?:Key([A-Z])|(?:Digit|Numpad)(\d))$/.exec(event.code);
  return (place?.[1] ?? place?.[2] ?? event.key).toLowerCase();
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || dialogOpen() || event.target instanceof HTMLInputElement) return;
  const key = nameOf(event);
  if (roomKey(key, event) || partyKey(key, event)) return;
  if (key === 'arrowdown' || key === 'arrowup') {
    const by = key === 'arrowdown' ? 1 : -1;
    if (desk.zone === 'walls') stepWall(by); else stepList(by);
    event.preventDefault();
  } else if (event.repeat) return; // a key that is held down is one press
  else if (key === 'escape') back();
  else if (desk.zone === 'walls' && /^[1-9]$/.test(key)) selectWall(Number(key));
  else {
    const button = document.querySelector(`#desk [data-key="${CSS.escape(key)}"]`);
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    if (button.disabled) hold(key);
    else button.click();
  }
}

const HELD_MS = 2000;
/** A key that came before the row that makes it possible: whoever presses quickly is not ignored. */
let held = { key: '', of: '', until: 0 };

/** @param {string} key */
const hold = (key) => { held = { key, of: `${desk.kind}:${desk.id}`, until: performance.now() + HELD_MS }; };

/** Presses what was held once it is possible; says so if it does not become possible. */
function pressHeld() {
  if (!held.key) return;
  const { key, of, until } = held;
  const button = document.querySelector(`#verb-keys [data-key="${CSS.escape(key)}"]`);
  const still = of === `${desk.kind}:${desk.id}`;
  if (still && button instanceof HTMLButtonElement && button.disabled && performance.now() < until) return;
  held = { key: '', of: '', until: 0 };
  if (!still || !(button instanceof HTMLButtonElement)) return;
  if (button.disabled) sayHere(t('desk.not_now'));
  else button.click();
}

/** One step back: the armed verb, the open choice, the panel, the chosen one. */
function back() {
  if (desk.armed) desk.armed = '';
  else if (desk.menu) desk.menu = '';
  else if (desk.zone !== 'queue') { goTo('queue'); return; } else if (!['call', 'sos'].includes(desk.kind)) { choose('', ''); return; }
  tell([]);
}

// --- drawing

function draw() {
  runClocks();
  hideOldNotice();
  lockWhenIdle();
  chooseNext();
  drawHelps();
  drawQueue();
  drawMissions();
  drawCases();
  drawChosen();
  pressHeld();
  drawWalls();
  drawFind();
  drawMap();
  drawWays();
  drawLock();
  const entries = all('entry').sort((a, b) => b.seq - a.seq);
  list('events', entries, entry, entries.reduce((/** @type {number | null} */ top, row) => Math.max(top ?? 0, row.at), null));
}

/** What is over gives way to who waits; what somebody chose stays, whoever comes. */
function chooseNext() {
  const row = chosenRow();
  const over = !row || row.ended_at && desk.kind === 'call' || row.closed_at && desk.kind === 'sos';
  if (!over) return;
  const [next] = waiting();
  Object.assign(desk, { kind: next?.[0] ?? '', id: next?.[1].id ?? '', menu: '', armed: '' });
}

function drawChosen() {
  const row = chosenRow();
  const called = desk.kind === 'call' && row && !row.ended_at ? row : undefined;
  showCall(called, 'desk-tile');
  document.getElementById('desk')?.toggleAttribute('data-picture', Boolean(called && hasPicture(called) && !called.picture_closed_at));
  drawRoom(called);
  drawParties(called);
  const body = document.getElementById('verbs-body');
  head('verbs', row ? beganAt(row) ?? row.changed_at ?? null : null, row ? 'live' : 'empty');
  keep(body, row ? 'row' : now.connection === 'connecting', () => (row
    ? [h('div', { class: 'chosen' }), h('p', { id: 'verb-menu' }), h('div', { id: 'verb-keys', class: 'keys' })]
    : [h('p', { class: 'nothing' }, t(now.connection === 'connecting' ? 'wall.connecting' : 'desk.nothing_chosen'))]));
  if (!row) return;
  const panel = document.querySelector('[data-panel="verbs"]');
  if (panel instanceof HTMLElement) panel.dataset.chosen = `${desk.kind}:${desk.id}`;
  const drawn = facts(desk.kind, row);
  keep(body?.querySelector('.chosen') ?? null, drawn.map((line) => /** @type {HTMLElement} */ (line).outerHTML), () => drawn);
  drawVerbs(desk.kind, row);
}

/** Ways to other pages stand there for those who may go them: the inspector's list is his alone, screenings are the command's. */
function drawWays() {
  const role = now.hello.me?.role;
  const [rings, screening, admin] = ['rings', 'screening', 'admin'].map((id) => document.getElementById(id));
  if (rings) rings.hidden = role !== 'inspector';
  if (admin) admin.hidden = !['technical', 'duty', 'commander', 'leader', 'inspector'].includes(role ?? '');
  const faults = document.getElementById('faults');
  const open = all('fault').filter((row) => row.state !== 'CLOSED').length;
  if (faults) faults.hidden = !['duty', 'commander', 'technical'].includes(role ?? '');
  const said = t(open ? 'desk.faults_open' : 'desk.faults', { n: open });
  if (faults && faults.textContent !== said) faults.textContent = said;
  if (screening) screening.hidden = !['duty', 'commander', 'leader'].includes(role ?? '');
}

function drawLock() {
  const root = document.getElementById('desk');
  const button = document.querySelector('[data-act="lock"] span');
  const locked = isLocked();
  if (root) root.toggleAttribute('data-locked', locked);
  const said = t(locked ? 'desk.locked' : 'desk.lock');
  if (button && button.textContent !== said) button.textContent = said;
}
