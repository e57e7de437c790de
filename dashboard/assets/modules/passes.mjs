/**
 * Passes to the relay: asked for at our own door, with the page's cookie; the relay takes nothing else.
 *
 * @typedef {{ call: string, right: 'publish' | 'view', stream?: string }} Wish stream: whose, for viewing
 * @typedef {{ url: string, token: string, stream: string, iceServers: RTCIceServer[], until: number, still?: string }} Pass until: ms, server clock; still: where its newest picture is
 * @typedef {{ code: string, text: string }} Refusal code: '' when nobody answered
 */

/** Which page this is: its own cookie counts. */
const FACE = document.documentElement.dataset.face ?? location.pathname.split('/')[1] ?? '';
const ANSWER_MS = 4_000;
const WAITS_MS = [250, 500, 1_000, 2_000];
/** With these it makes no sense to ask again: the call or the right is gone. */
const FINAL = new Set(['media.call_over', 'media.guests', 'media.not_yours', 'media.no_right', 'identity.not_signed_in']);

/** @param {Wish} wish @returns {Promise<{pass: Pass, refusal?: undefined} | {pass?: undefined, refusal: Refusal}>} */
export async function ask(wish) {
  try {
    const answer = await fetch(`/api/media/tokens?face=${FACE}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(wish), cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS),
    });
    const said = await answer.json();
    if (!answer.ok) return { refusal: { code: said.error?.code ?? '', text: said.error?.text ?? '' } };
    return { pass: { url: `${said.url}/${said.stream}`, token: said.token, stream: said.stream, iceServers: said.iceServers ?? [], until: said.expires_at, still: said.still } };
  } catch {
    return { refusal: { code: '', text: '' } };
  }
}

/**
 * A line to the relay: asks for the pass until it is given or finally refused, then begins the session and renews its pass.
 *
 * @template {{ close: () => unknown }} Session
 */
export class Line {
  /**
   * @param {Wish} wish
   * @param {(pass: Pass & { renew: () => Promise<Pass> }) => Session} begin
   * @param {{ pass?: Pass | null, onpass?: (pass: Pass) => void, onrefused?: (refusal: Refusal) => void }} [told] pass: one that is held already
   */
  constructor(wish, begin, told = {}) {
    this.wish = wish;
    this.told = told;
    /** @type {Session | null} */
    this.session = null;
    /** @type {Refusal | null} */
    this.refusal = null;
    this.ended = false;
    /** @type {() => void} */
    this.wake = () => undefined;
    void this.run(begin);
  }

  /** @param {(pass: Pass & { renew: () => Promise<Pass> }) => Session} begin */
  async run(begin) {
    let pass = this.told.pass ?? null;
    for (let tries = 0; !pass && !this.ended; tries += 1) {
      const said = await ask(this.wish);
      if (said.pass) pass = this.keep(said.pass);
      else {
        this.refusal = said.refusal;
        this.told.onrefused?.(said.refusal);
        if (FINAL.has(said.refusal.code)) return;
        await this.pause(WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 0);
      }
    }
    if (pass && !this.ended) this.session = begin({ ...pass, renew: () => this.again() });
  }

  /** @param {Pass} pass */
  keep(pass) {
    this.refusal = null;
    this.told.onpass?.(pass);
    return pass;
  }

  async again() {
    const said = await ask(this.wish);
    if (!said.pass) throw new Error(said.refusal.code);
    return this.keep(said.pass);
  }

  /** @param {number} ms @returns {Promise<void>} */
  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  close() {
    this.ended = true;
    this.wake();
    this.session?.close();
  }
}
