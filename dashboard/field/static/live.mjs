// The phone's own ear at /live: rows of this unit, the server's clock each second, who is watching. Reconnects for ever.

import { backoffMs } from './doors.mjs';

/** @typedef {import('./wire').Rows} Rows */
/** @typedef {{asOf: number, missions: import('./wire').MissionRow[]}} Kept for an opening without a network */

const SILENT_MS = 3000; // the server speaks each second
const PROBE_MS = 500;
const TIRED_PROBE_MS = 2000; // after a minute without a server: a radio that is woken twice a second empties the battery
const TIRED_AFTER_MS = 60000;
const PROBE_LIMIT_MS = 2000;
// Questions to an address that fell silent wait in the browser for those before them; a fresh socket does not, but failed ones are counted
// and held back after some thirty. Rarely when tired: each one wakes the radio.
const KNOCK_MS = 5000;
const TIRED_KNOCK_MS = 30000;
const SNAPSHOT_MS = 8000; // it speaks, but has not told what is so: begin again
const REFUSED_CAP_MS = 10000;
const SIGNED_OUT = 4401;

/** @returns {Rows} */
const noRows = () => ({ call: new Map(), participant: new Map(), whisper: new Map(), order: new Map(), sos: new Map(), mission: new Map(), unit: new Map(), recording: new Map() });

export class Live {
  /** @type {Rows} */
  rows = noRows();
  /** @type {'connecting' | 'live' | 'lost'} */
  state = 'connecting';
  /** When the rows were last known to be right, server clock; null: never. @type {number | null} */
  asOf = null;
  /** How many at the centre look at this unit; null: not known now. @type {number | null} */
  watchers = null;
  build = '';
  #clock;
  #given;
  /** @type {WebSocket | null} */
  #socket = null;
  #running = false;
  #probing = false;
  #heardAt = 0;
  #openedAt = 0;
  #lostAt = 0;
  #refusals = 0;
  #knocking = false;
  #knockedAt = -Infinity;

  /**
   * @param {import('./clock.mjs').Clock} clock
   * @param {{onRows: () => void, onState: () => void, onHello: (hello: import('./wire').Hello) => void, onDoubt: () => void}} given
   * `onDoubt`: perhaps this phone is not signed in any more
   */
  constructor(clock, given) {
    this.#clock = clock;
    this.#given = given;
    setInterval(() => this.#check(), PROBE_MS);
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.#check(); });
    window.addEventListener('online', () => void this.#probe());
    window.addEventListener('pagehide', () => this.stop()); // an open socket keeps a page out of the back-forward cache
    window.addEventListener('pageshow', (event) => { if (event.persisted) this.start(); });
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#connect();
  }

  /** The centre did not even say who we are. */
  unreachable() {
    if (this.#running || this.state === 'lost') return;
    this.state = 'lost';
    this.#given.onState();
  }

  stop() {
    this.#running = false;
    this.#drop();
  }

  #connect() {
    this.#drop();
    this.#heardAt = this.#openedAt = performance.now();
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live?face=field&build=${globalThis.document?.documentElement.dataset.build ?? ''}`);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => { if (typeof event.data === 'string') this.#hear(event.data); }; // bytes: its own place, it knows it
    socket.onclose = (event) => { if (socket === this.#socket) this.#lose(event.code); };
    this.#socket = socket;
  }

  /** Never waits for an old connection to end. */
  #drop() {
    const old = this.#socket;
    this.#socket = null;
    if (!old) return;
    old.onmessage = null;
    old.onclose = null;
    old.close();
  }

  #check() {
    if (!this.#running || !this.#socket) return;
    const now = performance.now();
    if (now - this.#heardAt > SILENT_MS || (this.state !== 'live' && now - this.#openedAt > SNAPSHOT_MS)) this.#lose(0);
  }

  /** @param {number} code */
  #lose(code) {
    const accepted = this.state === 'live';
    this.#drop();
    if (this.state !== 'lost') this.#lostAt = performance.now();
    this.state = 'lost';
    this.watchers = null;
    this.#given.onState();
    if (code === SIGNED_OUT || (!accepted && !this.#knocking)) {
      this.#refusals += 1;
      this.#given.onDoubt();
    }
    void this.#probe();
  }

  /** Asks by fetch whether the server is there: a browser holds back new sockets after failures, but not this. */
  async #probe() {
    if (this.#probing) return;
    this.#probing = true;
    if (this.#refusals) await pause(backoffMs(this.#refusals, REFUSED_CAP_MS)); // it answers, but not to us: do not hammer
    while (this.#running && !this.#socket) {
      const answer = await healthy();
      this.#knocking = answer === 'silent' && this.#knocks();
      if (this.#knocking || answer === 'well') this.#connect();
      else await pause(this.#tired() ? TIRED_PROBE_MS : PROBE_MS);
    }
    this.#probing = false;
  }

  /** Whether it is time to try a socket although nobody answers. */
  #knocks() {
    const now = performance.now();
    if (now - this.#knockedAt < (this.#tired() ? TIRED_KNOCK_MS : KNOCK_MS)) return false;
    this.#knockedAt = now;
    return true;
  }

  #tired() {
    return document.hidden || performance.now() - this.#lostAt > TIRED_AFTER_MS;
  }

  /** @param {string} text */
  #hear(text) {
    this.#heardAt = performance.now();
    const message = JSON.parse(text);
    if (typeof message.server_time === 'number') this.#clock.hear(message.server_time);
    if (message.type === 'snapshot') this.state = 'live';
    if (this.state === 'live') this.asOf = this.#clock.now();
    if (message.type === 'hello') {
      this.#refusals = 0;
      this.build = message.build ?? '';
      this.#given.onHello(message);
    } else if (message.type === 'waiting') this.#openedAt = Infinity; // it will tell by itself, another socket would not hear it sooner
    else if (message.type === 'snapshot') this.#replace(message.rows);
    else if (message.type === 'rows') this.#merge(message.rows);
    else if (message.type === 'tick') this.watchers = message.watchers ?? 0;
    if (message.type !== 'rows') this.#given.onState();
  }

  /** @param {Record<string, Record<string, any>>} rows */
  #replace(rows) {
    this.rows = noRows();
    for (const [kind, byId] of Object.entries(rows)) for (const [id, row] of Object.entries(byId)) this.#set(kind, id, row);
    this.#given.onRows();
  }

  /** @param {[string, string, any][]} rows */
  #merge(rows) {
    for (const [kind, id, row] of rows) this.#set(kind, id, row);
    this.#given.onRows();
  }

  /** What an earlier opening knew, shown as old until the server speaks. @param {Kept} kept */
  recall(kept) {
    if (this.asOf !== null) return;
    this.asOf = kept.asOf;
    for (const row of kept.missions) this.rows.mission.set(row.id, row);
  }

  forget() {
    this.rows = noRows();
    this.asOf = null;
  }

  /** @returns {Kept | null} */
  toKeep() {
    return this.asOf === null ? null : { asOf: this.asOf, missions: [...this.rows.mission.values()] };
  }

  /**
   * What the answer to our own post already told, until the row comes.
   * @param {keyof Rows} kind @param {string} id @param {Record<string, unknown>} fields
   */
  patch(kind, id, fields) {
    const row = this.rows[kind].get(id);
    if (row) Object.assign(row, fields);
  }

  /** @param {string} kind @param {string} id @param {any} row */
  #set(kind, id, row) {
    const known = /** @type {Record<string, Map<string, any>>} */ (/** @type {unknown} */ (this.rows))[kind];
    if (row === null) known?.delete(id);
    else known?.set(id, row);
  }
}

/** `silent`: no answer in time; `ill`: an answer that is none, or nobody there. @returns {Promise<'well' | 'ill' | 'silent'>} */
async function healthy() {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), PROBE_LIMIT_MS);
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: giveUp.signal })).status < 500 ? 'well' : 'ill';
  } catch {
    return giveUp.signal.aborted ? 'silent' : 'ill';
  } finally {
    clearTimeout(limit);
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
