// The only socket in the page. Silent for three seconds: closed, said so, /healthz asked, opened again; for ever.

import { connected, hearClock, merge, now, replace, serverNow, tell } from './modules/state.mjs';
import { hearFrame, forgetUnits } from './modules/units.mjs';
import { start } from './modules/page.mjs';

const SILENT_MS = 3000; // the server's heartbeat is each second
const PROBE_MS = 500;
const PROBE_LIMIT_MS = 2000;
const SIGNED_OUT = 4401;

const face = document.documentElement.dataset.face ?? (location.pathname.endsWith('/desk') ? 'desk' : 'wall');
/** @type {WebSocket | null} */
let socket = null;
let heardAt = 0;
let probing = false;
let build = '';

function connect() {
  drop();
  heardAt = performance.now();
  const fresh = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live?face=${face}`);
  fresh.binaryType = 'arraybuffer';
  fresh.onmessage = (event) => { heardAt = performance.now(); if (typeof event.data === 'string') hear(JSON.parse(event.data)); else hearFrame(event.data); };
  fresh.onclose = (event) => { if (fresh === socket) lose(event.code); };
  socket = fresh;
}

function drop() {
  const old = socket;
  socket = null;
  if (old) { old.onmessage = null; old.onclose = null; old.close(); }
}

/** @param {number} code */
function lose(code) {
  drop();
  connected('lost');
  if (code === SIGNED_OUT) location.reload();
  else void probe();
}

async function probe() {
  if (probing) return;
  probing = true;
  while (!socket) {
    if (await healthy()) connect();
    else await new Promise((done) => setTimeout(done, PROBE_MS));
  }
  probing = false;
}

async function healthy() {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), PROBE_LIMIT_MS);
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: giveUp.signal })).ok;
  } catch {
    return false;
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
    now.hello = message;
  } else if (message.type === 'snapshot') {
    now.seq = message.seq;
    forgetUnits();
    connected('live');
    replace(message.rows);
  } else if (message.type === 'rows') {
    now.seq = message.seq;
    merge(message.rows);
  } else if (message.type === 'tick') {
    now.parts = message.parts ?? {};
    now.walls = message.walls ?? {};
    now.watchers = message.watchers ?? 0;
    tell([]);
  }
}

/** @param {Record<string, unknown>} message */
export const say = (message) => { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); };

let lastBeat = performance.now();
setInterval(() => {
  const slept = performance.now() - lastBeat;
  lastBeat = performance.now();
  if (socket && performance.now() - heardAt > SILENT_MS) lose(0);
  else if (slept > 10_000 && socket) lose(0); // the page slept: what it shows is old, begin again
  tell([]);
}, 500);
setInterval(() => say({ type: 'seen', drawn_seq: now.seq }), 5000);

/** @type {any} */ (window).ecc = { .../** @type {any} */ (window).ecc, state: { now, serverNow }, say };
start(say);
connect();
