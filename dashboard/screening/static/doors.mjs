/* What this page asks of the court's server, below its own address; a refusal carries the sentence that is shown. */

/** @typedef {import('./mask_plan.mjs').Mask} Mask */
/** @typedef {{id: string, number: string, audience: string, state: 'PROPOSED' | 'MASKED' | 'CERTIFIED_1' | 'CERTIFIED_2' | 'LIVE' | 'REVOKED', certified: {title: string, at: number}[], revoked_why: string | null}} Release */
/** @typedef {{state: 'NONE' | 'ASKED' | 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELLED', share: number, why: string | null}} Rendering */
/** @typedef {{id: string, title: string, words: string, length_ms: number, from_ms: number, to_ms: number, mask: Mask, minor: boolean | null, rendering: Rendering, sha256: string | null, release: Release | null, may: {mask: boolean, certify: boolean, revoke: boolean}, signed: boolean}} Clip */
/** @typedef {{src: string, began_ms: number, duration_ms: number, form: string}} Segment */

export class Refused extends Error {
  /** @param {number} status 0: nobody answered @param {string} code @param {string} sentence */
  constructor(status, code, sentence) {
    super(sentence);
    this.status = status;
    this.code = code;
  }

  /** Whether what we spoke of is not as it was. */
  get changedMeanwhile() {
    return this.status === 409 || this.status === 412;
  }
}

/** @param {string} base @param {(key: string) => string} t */
export const doorsOf = (base, t) => {
  /** @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  const ask = async (path, body) => {
    const asked = body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(`${base}/${path}`, asked).catch(() => { throw new Refused(0, 'unreachable', t('unreachable')); });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, json.error?.code ?? '', json.error?.text ?? t('failed'));
    return json;
  };
  return {
    /** @returns {Promise<{segments: Segment[]}>} */
    look: () => ask('look', {}),
    /** @returns {Promise<Clip>} */
    state: () => ask('state'),
    /** @param {Mask} mask @param {boolean | null} minor @returns {Promise<Clip>} */
    mask: (mask, minor) => ask('mask', { mask, minor }),
    /** @returns {Promise<Clip>} */
    render: () => ask('render', {}),
    /** @returns {Promise<Clip>} */
    cancel: () => ask('cancel', {}),
    /** @returns {Promise<Clip>} */
    propose: () => ask('propose', {}),
    /** @param {string} sha256 @returns {Promise<Clip>} */
    certify: (sha256) => ask('certify', { sha256 }),
    /** @param {string} reason @returns {Promise<Clip>} */
    revoke: (reason) => ask('revoke', { reason }),
    /** @param {string} sha256 */
    masked: (sha256) => `${base}/masked?d=${encodeURIComponent(sha256)}`,
  };
};
