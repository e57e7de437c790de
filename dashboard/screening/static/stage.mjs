/* The stage: the programme and nothing else. Whatever goes wrong ends at the court's card, which is in the page already. */

import { openLine } from './stage_line.mjs';
import { Live } from './stage_live.mjs';
import { Player } from './stage_player.mjs';
import { clockOf, screenOf, shareOf, shownOf } from './stage_state.mjs';

/** @typedef {import('./stage_state.mjs').Said} Said */
/** @typedef {import('./stage_state.mjs').Item} Item */

const SECOND_MS = 1000;
const BEGIN_MS = 240;
// smaller type, in stage.css
const STEPS = ['0', '1', '2', '3', '4', '5', '6'];
const TITLE_STEPS = ['0', '1', '2', '3', 'wrapped'];

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
const part = (id, kind) => {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id}`);
  return found;
};

const black = part('black', HTMLDivElement);
const layers = { neutral: part('neutral', HTMLElement), card: part('card', HTMLElement), clip: part('clip', HTMLElement), live: part('live', HTMLElement) };
const video = part('picture', HTMLVideoElement);
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** The last whole state; null while the line is gone. @type {Said | null} */
let said = null;
let drawn = ''; // the screen and showing that stand there now
let told = ''; // what the door knows

const player = new Player(video, () => draw());
const live = new Live(part('cells', HTMLCanvasElement), () => draw());
// A wall that a desk has put on stage: the desk alone takes it back, then the door says so and the page goes to the wall's own.
const ofWall = location.pathname === '/stage/wall';
const line = openLine(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/stage/live${ofWall ? '?wall' : ''}`, {
  black(now) {
    black.hidden = false;
    player.stop();
    live.stop();
    said = now;
    draw();
  },
  stage(now) {
    said = now;
    if (now.item?.kind === 'clip') player.show(now.item, performance.now());
    else player.stop();
    if (now.item?.kind === 'live') live.show();
    else live.stop();
    draw();
  },
  wall() { if (ofWall) location.replace('/centre/wall'); },
  cells: (message) => live.draw(message),
  lost() {
    player.stop();
    live.stop();
    said = null;
    draw();
  },
});

function draw() {
  const { outcome } = player.played;
  const screen = screenOf(said, outcome);
  const item = said?.item ?? null;
  black.hidden = screen !== 'black';
  const layer = screen === 'title' ? 'card' : screen;
  for (const [name, element] of Object.entries(layers)) element.hidden = name !== layer;
  document.body.dataset.screen = screen;
  const now = `${screen} ${screen === 'black' || screen === 'neutral' ? '' : item?.key}`;
  if (now !== drawn) begin(screen, item);
  drawn = now;
  document.body.dataset.live = String(live.fresh);
  if (screen === 'clip') video.dataset.ready = String(player.played.ready);
  drawLine();
  tell();
}

/** Another item, or another screen for it. @param {import('./stage_state.mjs').Screen} screen @param {Item | null} item */
function begin(screen, item) {
  const own = item && screen !== 'black' && screen !== 'neutral' ? item : null;
  write('card', own && (screen === 'card' || screen === 'title') ? own : null);
  write('live', own && screen === 'live' ? own : null);
  write('clip', own && screen === 'clip' ? own : null);
  for (const fading of document.getAnimations()) fading.cancel(); // black is at once
  if (screen === 'black' || calm.matches) return;
  const layer = layers[screen === 'title' ? 'card' : screen];
  layer.animate([{ opacity: 0 }, { opacity: 1 }], { duration: BEGIN_MS, easing: 'ease-out' });
}

/** The item's words into one layer; nothing of it stays in a layer that is not shown. @param {'card' | 'clip' | 'live'} name @param {Item | null} item */
function write(name, item) {
  const texts = { title: item?.title, words: item?.words, number: item?.number, certified: item?.certified };
  for (const [what, text] of Object.entries(texts)) part(`${name}-${what}`, HTMLElement).textContent = text ?? '';
  fit(name);
}

/** The largest type in which all of it has room. @param {'card' | 'clip' | 'live'} name */
function fit(name) {
  const block = part(`${name}-block`, HTMLElement);
  const title = part(`${name}-title`, HTMLElement);
  block.dataset.step = '0';
  TITLE_STEPS.find((step) => { block.dataset.title = step; return title.scrollWidth <= title.clientWidth; });
  STEPS.find((step) => { block.dataset.step = step; return block.scrollHeight <= block.clientHeight; });
}

function drawLine() {
  const { at_ms: at } = player.played;
  const duration = player.duration;
  part('line', HTMLElement).hidden = duration === null;
  part('elapsed', HTMLElement).textContent = clockOf(at);
  part('total', HTMLElement).textContent = clockOf(duration ?? 0);
  part('bar', HTMLElement).style.setProperty('--done', String(shareOf(at, duration)));
}

/** The door is told what stands there, when that changes and once a second. @param {boolean} [again] */
function tell(again = false) {
  const shown = shownOf(said, { ...player.played, live: live.fresh });
  const now = `${shown.key} ${shown.state}`;
  if (now !== told || again) line.say(shown);
  told = now;
}

addEventListener('error', line.lose);
addEventListener('unhandledrejection', (event) => { event.preventDefault(); line.lose(); });
video.addEventListener('timeupdate', drawLine);
setInterval(() => { player.look(); live.look(); tell(true); }, SECOND_MS);
for (const name of ['pointerdown', 'keydown']) addEventListener(name, () => player.look(true));
const refit = () => { fit('card'); fit('clip'); fit('live'); };
addEventListener('resize', refit);
document.fonts.addEventListener('loadingdone', refit);
// A menu, a dropped file or a key for the player would put something else on the screen.
for (const name of ['contextmenu', 'dragover', 'drop', 'selectstart']) addEventListener(name, (event) => event.preventDefault());
for (const name of /** @type {MediaSessionAction[]} */ (['play', 'pause', 'stop', 'seekto', 'seekbackward', 'seekforward'])) {
  navigator.mediaSession?.setActionHandler(name, () => undefined);
}
/** The screen of a cinema does not go to sleep. Granted only while the page is seen, so it is asked for again. */
const stayAwake = () => { if (!document.hidden) navigator.wakeLock?.request('screen').catch(() => undefined); };
addEventListener('visibilitychange', stayAwake, true);
stayAwake();

/** Fonts that came before the worker did go through it once more, out of the browser's own memory. */
async function keepShell() {
  const workers = navigator.serviceWorker;
  const taken = new Promise((resolve) => { workers.addEventListener('controllerchange', resolve, { once: true }); });
  await workers.register('/stage/sw.js', { scope: '/stage/', updateViaCache: 'none' });
  if (!workers.controller) await taken;
  const fonts = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.woff2'));
  await Promise.all(fonts.map((name) => fetch(name)));
}
keepShell().catch(() => undefined); // without a worker the page is right until it is loaded anew
