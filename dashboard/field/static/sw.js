// Keeps the page's own files, so that it starts without a network. Everything else goes to the network untouched.
// BUILD and FILES are written in by field/app.py: a new build is a new worker.

const BUILD = '@BUILD@';
/** @type {string[]} */
const FILES = JSON.parse('@FILES@');
/** Nice to have: the page is right without them. @type {string[]} */
const EXTRAS = JSON.parse('@EXTRAS@');
const CACHE = `ecc-field-${BUILD}`;

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', (event) => {
  event.waitUntil(fill().then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(dropOthers().then(() => worker.clients.claim()));
});

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin) return;
  const path = event.request.mode === 'navigate' && inScope(url) ? './' : url.pathname;
  if (path === './' || [...FILES, ...EXTRAS].some((file) => new URL(file, worker.registration.scope).pathname === path)) {
    event.respondWith(kept(event.request, path));
  }
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' })));
  await Promise.all(EXTRAS.map((file) => cache.add(file).catch(() => undefined)));
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('ecc-field-') && name !== CACHE).map((name) => caches.delete(name)));
}

/** @param {URL} url */
function inScope(url) {
  return url.href.split(/[?#]/)[0] === worker.registration.scope;
}

/** @param {Request} request @param {string} path */
async function kept(request, path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
