// The only socket in the page. Silent for three seconds: closed, said so, /healthz asked, opened again; for ever.

import { connected, hearClock, merge, now, replace, serverNow, tell } from './modules/state.mjs';
import { hearFrame, forgetUnits } from './modules/units.mjs';
import { fetchGlyphs } from './modules/glyphs.mjs';
import { start } from './modules/page.mjs';

const SILENT_MS = 3000; // the server's heartbeat is each second
const PROBE_MS = 500;
const PROBE_LIMIT_MS = 2000;
// Of an address that fell silent the browser keeps the old attempts, ever longer apart, and lets each new question wait for them (5 s measured
// after 37 s without packets). A socket begins afresh; but it counts those that failed, and after some thirty holds the next one back.
const KNOCK_MS = 5000;
const KNOCK_LATER_MS = 30_000;
const KNOCKS_OFTEN_MS = 90_000;
const [NO_ANSWER, NOBODY_THERE] = [-1, -2]; // instead of a status
const SLEPT_MS = 3000; // this page itself stood still: what it shows is old, whatever waits in its queues
const CHECK_MS = 250;
const SIGNED_OUT = 4401;
const ON_STAGE = 4403; // a desk has put this wall before an audience: nothing of it may stay
const REFUSALS = 3; // healthy, but it does not let us in: the page's own door says what to do
const RELOAD_APART_MS = 15_000;

const face = document.documentElement.dataset.face ?? (location.pathname.endsWith('/desk') ? 'desk' : 'wall');
/** @type {WebSocket | null} */
let socket = null;
let heardAt = 0;
let probing = false;
let knocking = false;
let knockedAt = -Infinity;
let build = '';
let refusals = 0;
let greeted = false;
let checkedAt = performance.now();
let dateAt = Date.now();

function connect() {
  drop();
  heardAt = performance.now();
  greeted = false;
  const fresh = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live?face=${face}`);
  fresh.binaryType = 'arraybuffer';
  fresh.onopen = () => { heardAt = performance.now(); };
  fresh.onmessage = (event) => {
    check();
    if (fresh !== socket) return; // what waited while the page slept is not heard any more
    heardAt = performance.now();
    if (typeof event.data === 'string') hear(JSON.parse(event.data));
    else hearFrame(event.data);
  };
  fresh.onclose = (event) => { if (fresh === socket) lose(event.code); };
  socket = fresh;
}

function drop() {
  const old = socket;
  socket = null;
  if (old) { old.onmessage = null; old.onclose = null; old.close(); }
}

/** Silent, or asleep ourselves: close, say so, ask, open again. */
function check() {
  const at = performance.now();
  const slept = Math.max(at - checkedAt, Date.now() - dateAt) > SLEPT_MS; // performance.now() stands still while a PC sleeps
  checkedAt = at;
  dateAt = Date.now();
  if (!socket) return;
  if ((slept && !document.hidden) || at - heardAt > SILENT_MS) lose(0);
}

/** @param {number} code */
function lose(code) {
  if (code === ON_STAGE) {
    document.body.replaceChildren();
    location.reload();
    return;
  }
  if ((!greeted && code && !knocking) || code === SIGNED_OUT) refusals += 1;
  drop();
  connected('lost');
  void probe();
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function probe() {
  if (probing) return;
  probing = true;
  while (!socket) {
    const { ok, status } = await ask('/healthz');
    knocking = status === NO_ANSWER && knocks();
    if (knocking || (ok && (!refusals || (await admitted())))) connect();
    else await pause(PROBE_MS);
  }
  probing = false;
}

/** Whether it is time to try a socket although nobody answers. */
function knocks() {
  const at = performance.now();
  if (at - knockedAt < (serverNow() - now.since < KNOCKS_OFTEN_MS ? KNOCK_MS : KNOCK_LATER_MS)) return false;
  knockedAt = at;
  return true;
}

/**
 * Healthy, but it did not let us in. The page's own door is asked before the next socket: the browser holds refused sockets back for
 * seconds, and a door that is only waiting for its database must not cost us the picture. It shows the way to whoever must sign in.
 */
async function admitted() {
  await pause(PROBE_MS);
  const door = await ask(location.href);
  if (door.status < 0 || door.status >= 500) return false;
  if (door.ok && refusals < REFUSALS) return true;
  refusals = 1;
  const last = Number(sessionStorage.getItem('ecc-began-again') ?? 0);
  if (door.ok && Math.abs(Date.now() - last) < RELOAD_APART_MS) return true;
  sessionStorage.setItem('ecc-began-again', String(Date.now()));
  location.reload();
  return false;
}

/** Never waits for an answer that may not come. @param {string} address @returns {Promise<{ok: boolean, status: number}>} */
async function ask(address) {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), PROBE_LIMIT_MS);
  try {
    return await fetch(address, { cache: 'no-store', redirect: 'manual', signal: giveUp.signal });
  } catch {
    return { ok: false, status: giveUp.signal.aborted ? NO_ANSWER : NOBODY_THERE };
  } finally {
    clearTimeout(limit);
  }
}

/** @param {any} message */
function hear(message) {
  if (typeof message.server_time === 'number') hearClock(message.server_time);
  if (message.type === 'hello') {
    if (build && build !== message.build) location.reload();
    build = message.build;
    greeted = true;
    refusals = 0;
    now.hello = message;
  } else if (message.type === 'snapshot') {
    now.seq = message.seq;
    forgetUnits();
    connected('live');
    replace(message.rows);
    fetchGlyphs();
  } else if (message.type === 'waiting') { // nobody can read our rows now: what we have stays and is called old, who moves is shown
    greeted = true;
    refusals = 0;
    connected(now.seq ? 'waiting' : 'connecting');
  } else if (message.type === 'rows') {
    now.seq = message.seq;
    merge(message.rows);
  } else if (message.type === 'tick') {
    now.parts = message.parts ?? {};
    now.walls = message.walls ?? {};
    now.doubtful = message.doubtful ?? {};
    now.watchers = message.watchers ?? 0;
    now.troubles = message.troubles ?? [];
    now.screens = message.screens ?? {};
    now.board = message.board ?? [];
    now.map = message.map ?? '';
    if (message.stale_s) Object.assign(now.hello, { stale_s: message.stale_s, lost_s: message.lost_s }); // an administrator may change them
    tell([]);
  }
}

/** @param {Record<string, unknown>} message */
export const say = (message) => { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); };

setInterval(check, CHECK_MS);
setInterval(() => tell([]), 500);
document.addEventListener('visibilitychange', check);
document.addEventListener('resume', check);
setInterval(() => { if (now.connection === 'live') say({ type: 'seen', drawn_seq: now.seq }); }, 5000);

/** @type {any} */ (window).ecc = { .../** @type {any} */ (window).ecc, state: { now, serverNow }, say };
start(say);
connect();
