// Keeps the stage's page, so that a reload without a network shows the court's card. Never a clip, never anything with data in it.
// From the network first: what is kept is renewed at every load and only speaks when the door does not.

const KEPT = 'ecc-stage';
const PAGE = '/stage/';
const OF_WALL = '/stage/wall'; // the same page
const SHELL = [
  PAGE,
  '/stage/static/stage.css',
  '/stage/static/stage.mjs',
  '/stage/static/stage_state.mjs',
  '/stage/static/stage_line.mjs',
  '/stage/static/stage_live.mjs',
  '/stage/static/stage_player.mjs',
  '/centre/assets/tokens.css',
  '/vendor/noto-sans-sc/wght.css',
];
const FONT = /^\/vendor\/.+\.woff2$/;
const PATIENCE_MS = 3000; // a door that holds on to a question

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', (event) => {
  event.waitUntil(Promise.all(SHELL.map((path) => fromDoor(new Request(path, { cache: 'reload' })))).then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(worker.clients.claim());
});

worker.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== worker.location.origin) return;
  if (SHELL.includes(pathname)) event.respondWith(doorFirst(event.request, pathname));
  else if (pathname === OF_WALL) event.respondWith(doorFirst(event.request, PAGE));
  else if (FONT.test(pathname)) event.respondWith(keptFirst(event.request, pathname));
});

/** @param {Request} request @param {string} path */
async function doorFirst(request, path) {
  const kept = await (await caches.open(KEPT)).match(path, { ignoreVary: true });
  if (!kept) return fromDoor(request);
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS, null); });
  const answer = /** @type {Response | null} */ (await Promise.race([fromDoor(request).catch(() => null), late]));
  return answer && answer.status < 500 ? answer : kept; // a refusal is the door's own word
}

/** @param {Request} request @param {string} path */
async function keptFirst(request, path) {
  return (await (await caches.open(KEPT)).match(path, { ignoreVary: true })) ?? fromDoor(request);
}

/** Asks, and keeps the answer when it is what was meant. @param {Request} request */
async function fromDoor(request) {
  const answer = await fetch(request);
  const path = new URL(request.url).pathname;
  if (answer.status === 200 && !answer.redirected && (path !== PAGE || await isStage(answer.clone()))) {
    await (await caches.open(KEPT)).put(path, answer.clone());
  }
  return answer;
}

/** Not a sign-in or a refusal under the same address. @param {Response} answer */
async function isStage(answer) {
  return (await answer.text()).includes('/stage/static/stage.mjs');
}
