/**
 * One connection to the relay, kept alive for as long as somebody wants it: WHIP or WHEP, the same way back for both.
 *
 * Two seconds without a byte from the relay: ask by PATCH whether the session is still there. Answered: wait on. Gone, or nobody answers:
 * offer again, at first at once, then every two seconds at most. Standard WHIP and WHEP; any other server will do as well.
 *
 * @typedef {{ token: string, url?: string, iceServers?: RTCIceServer[] }} Pass what lets us in
 * @typedef {'connecting' | 'live' | 'silent' | 'ended'} State silent: connected, but no media comes or nothing is heard of the relay
 * @typedef {object} Wanted
 * @property {string} url of the door, the stream's name at its end
 * @property {string} token
 * @property {string} [layer] the size of the picture, where the publisher sends several
 * @property {RTCIceServer[]} [iceServers]
 * @property {() => Promise<Pass>} [renew] a new token: at half its time, and when the old one is refused
 * @property {(pc: RTCPeerConnection) => void | Promise<void>} prepare adds tracks or transceivers
 * @property {(sdp: string) => string} [amend] what is changed in the offer
 * @property {(pc: RTCPeerConnection, stats: RTCStatsReport) => void} [look] twice a second, at how it goes
 * @property {'outbound-rtp' | 'inbound-rtp'} media which of our media must move
 * @property {(state: State, sinceMs: number) => void} [onstate]
 */

const LOOK_MS = 500;
const SILENT_MS = 2_000;
const ANSWER_MS = 3_000;
const RENEW_MS = 300_000;
const WAITS_MS = [0, 250, 500, 1_000, 2_000];

export class MediaSession {
  /** @param {Wanted} wanted */
  constructor(wanted) {
    this.wanted = wanted;
    /** @type {State} */
    this.state = 'connecting';
    this.since = Date.now();
    this.offers = 0; // how many times we were let in: above one, we came back
    /** @type {RTCPeerConnection | null} */
    this.pc = null;
    /** @type {string | null} */
    this.resource = null;
    /** The sizes in which this picture may be asked for, the smallest first. @type {string[]} */
    this.layers = [];
    this.ended = false;
    this.failures = 0;
    /** @type {() => void} */
    this.wake = () => undefined;
    this.closing = new AbortController();
    this.renewing = wanted.renew ? setInterval(() => void this.renew(), RENEW_MS) : undefined;
    this.back = () => this.wake();
    addEventListener('online', this.back);
    this.done = this.run();
  }

  /** Ends it: the relay is told, nothing is left behind. */
  async close() {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.renewing);
    removeEventListener('online', this.back);
    this.wake();
    if (this.wanted.media === 'inbound-rtp') this.closing.abort(); // an offer that still waits for its publisher
    await this.leave();
    this.say('ended');
  }

  async run() {
    while (!this.ended) {
      try {
        await this.enter();
        this.failures = 0;
        await this.watch();
      } catch (error) {
        this.failures += 1;
        if (!(error instanceof Refused) || error.afterMs === 0) this.say('connecting');
        await this.pause(error instanceof Refused && error.afterMs ? error.afterMs : WAITS_MS[Math.min(this.failures, WAITS_MS.length - 1)] ?? 0);
      }
      if (!this.ended) await this.leave();
    }
  }

  /** One offer and its answer. */
  async enter() {
    const pc = new RTCPeerConnection({ iceServers: this.wanted.iceServers ?? [], bundlePolicy: 'max-bundle' });
    this.pc = pc;
    await this.wanted.prepare(pc);
    const offer = await pc.createOffer();
    const sdp = this.wanted.amend ? this.wanted.amend(offer.sdp ?? '') : offer.sdp ?? '';
    await pc.setLocalDescription({ type: 'offer', sdp });
    const answer = await this.ask(this.wanted.layer ? `${this.wanted.url}?layer=${this.wanted.layer}` : this.wanted.url, 'POST', sdp, 'application/sdp');
    if (answer.status !== 201) throw await this.refused(answer);
    this.layers = (answer.headers.get('Picture-Layers') ?? '').split(' ').filter(Boolean);
    this.resource = new URL(answer.headers.get('Location') ?? '', this.wanted.url).href;
    const text = await answer.text();
    if (this.ended) {
      await this.leave();
      return;
    }
    await pc.setRemoteDescription({ type: 'answer', sdp: text });
    this.offers += 1;
  }

  /** Until it is over: by our wish, because the connection failed, or because the relay does not know us any more. */
  async watch() {
    let heard = Date.now();
    let moved = Date.now();
    let bytes = -1;
    let media = -1;
    while (!this.ended) {
      await this.pause(LOOK_MS);
      const pc = this.pc;
      if (this.ended || pc === null) return;
      if (pc.connectionState === 'failed' || pc.connectionState === 'closed') return;
      const now = await this.count(pc);
      if (now.bytes !== bytes) [bytes, heard] = [now.bytes, Date.now()];
      if (now.media !== media) [media, moved] = [now.media, Date.now()];
      if (pc.connectionState === 'connected' && media > 0) this.say(Date.now() - Math.min(moved, heard) < SILENT_MS ? 'live' : 'silent', Math.min(moved, heard));
      if (Date.now() - heard >= SILENT_MS) {
        if (!(await this.alive())) return;
        heard = Date.now();
      }
    }
  }

  /** Another size of the picture, by another connection: one layer for each. @param {string} layer */
  async take(layer) {
    this.wanted.layer = layer;
    await this.leave(); // whoever watches over the connection sees that it is gone, and offers again at once
    this.wake();
  }

  /** What came from the relay, and what of our media went out or came in. @param {RTCPeerConnection} pc */
  async count(pc) {
    let bytes = 0;
    let media = 0;
    const stats = await pc.getStats();
    this.wanted.look?.(pc, stats);
    for (const stat of stats.values()) {
      if (stat.type === 'candidate-pair' && stat.state === 'succeeded') bytes += stat.bytesReceived ?? 0;
      if (stat.type === this.wanted.media) media += (stat.bytesSent ?? 0) + (stat.bytesReceived ?? 0);
    }
    return { bytes, media };
  }

  /** Whether the relay still knows this session. */
  async alive() {
    if (this.resource === null) return false;
    try {
      const answer = await this.ask(this.resource, 'PATCH', 'a=end-of-candidates\r\n', 'application/trickle-ice-sdpfrag');
      return answer.ok;
    } catch {
      return false;
    }
  }

  async leave() {
    const { pc, resource } = this;
    this.pc = this.resource = null;
    pc?.close();
    if (resource !== null) await this.ask(resource, 'DELETE').catch(() => undefined);
  }

  /** @param {string} url @param {string} method @param {string} [body] @param {string} [type] */
  ask(url, method, body, type) {
    const headers = { Authorization: `Bearer ${this.wanted.token}`, ...(type ? { 'Content-Type': type } : {}) };
    return fetch(url, { method, headers, body, keepalive: method === 'DELETE', cache: 'no-store', credentials: 'omit', signal: method === 'POST' ? either(this.closing.signal, ANSWER_MS) : AbortSignal.timeout(ANSWER_MS) });
  }

  /** @param {Response} answer */
  async refused(answer) {
    if (answer.status === 401 || answer.status === 403) await this.renew();
    const afterS = Number(answer.headers.get('Retry-After') ?? 0);
    return new Refused(answer.status, afterS * 1_000);
  }

  async renew() {
    try {
      const pass = await this.wanted.renew?.();
      if (pass) Object.assign(this.wanted, pass);
    } catch {
      // the old one may still do; it is asked again next time
    }
  }

  /** @param {State} state @param {number} [since] */
  say(state, since = Date.now()) {
    if (state === this.state) return;
    this.state = state;
    this.since = since;
    this.wanted.onstate?.(state, since);
  }

  /** @param {number} ms */
  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}

/** As AbortSignal.any, which the browsers of older phones do not have. @param {AbortSignal} signal @param {number} ms */
function either(signal, ms) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ms);
  if (signal.aborted) late.abort();
  signal.addEventListener('abort', () => { clearTimeout(timer); late.abort(); }, { once: true });
  return late.signal;
}

/** The relay said no. afterMs: 0 when it did not say when to come again. */
export class Refused extends Error {
  /** @param {number} status @param {number} afterMs */
  constructor(status, afterMs) {
    super(`refused: ${status}`);
    this.status = status;
    this.afterMs = afterMs;
  }
}

/** Lost sound is asked for again, as lost pictures are; browsers offer that for pictures only. @param {string} sdp */
export const soundAgain = (sdp) => sdp.replace(/a=rtpmap:(\d+) opus\/48000\/2\r\n/i, (line, type) => `${line}a=rtcp-fb:${type} nack\r\n`);
