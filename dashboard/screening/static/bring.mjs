/* 带入视频: a file is read once for its digest, then sent in parts; what the server has of it is asked of the server, so a page that was
   loaded anew, or another desk of the same person, goes on where it was. Nothing of it is kept in the browser. */

import { digestOf } from './file_digest.mjs';
import { t } from './page_parts.mjs';

/** @typedef {'reading' | 'sending' | 'paused' | 'failed' | 'done' | 'cancelled'} State */
/** @typedef {{id: string, size: number, sha256: string, name: string | null, until_ms: number}} Coming */

const HERE = '/centre/screening/videos';
const SPOKEN = { 'Tus-Resumable': '1.0.0' };
const PART = 128 * 1024; // so much is acknowledged at a time, with the disk's own word: a crash of the server costs no more than this again
const AGAIN_MS = [0, 1_000, 2_000, 4_000, 8_000, 15_000, 20_000];
const FINAL = [400, 404, 409, 410, 413, 415, 460]; // asked again, the same would be said again
const CANCEL_AGAIN_MS = 1_000;
const CANCELS_MOST = 25; // a line that broke without a word is let go after 20 s

/** @returns {typeof import('tus-js-client')} */
const tus = () => /** @type {any} */ (globalThis).tus;

/** @returns {Promise<Coming[]>} */
export const coming = async () => {
  const answer = await fetch(HERE).catch(() => null);
  const body = await answer?.json().catch(() => ({}));
  if (!answer?.ok) throw new Error(body?.error?.text ?? t('no_server'));
  return body.videos;
};

/** How much of it the server has. @param {string} id @returns {Promise<number | null>} null: it is not to be had now */
export const offsetOf = async (id) => {
  const answer = await fetch(`${HERE}/${id}`, { method: 'HEAD', headers: SPOKEN }).catch(() => null);
  return answer?.ok ? Number(answer.headers.get('Upload-Offset')) : null;
};

/** @param {string} id */
export const cancel = async (id) => {
  for (let times = 0; times < CANCELS_MOST; times += 1) {
    const answer = await fetch(`${HERE}/${id}`, { method: 'DELETE', headers: SPOKEN }).catch(() => null);
    if (!answer) throw new Error(t('no_server'));
    if (answer.ok || answer.status === 404 || answer.status === 410) return;
    if (answer.status !== 423) throw new Error((await answer.json().catch(() => ({}))).error?.text ?? t('no_server'));
    await new Promise((resolve) => setTimeout(resolve, CANCEL_AGAIN_MS)); // what was being sent is still being put away
  }
  throw new Error(t('busy'));
};

/** @param {unknown} error @returns {string} what the server says, or that nobody answers */
const sentence = (error) => {
  const answer = /** @type {import('tus-js-client').DetailedError} */ (error).originalResponse;
  try {
    return JSON.parse(answer?.getBody() ?? '').error.text;
  } catch {
    return answer?.getStatus() === 410 ? t('gone') : t('no_server');
  }
};

/** One file on its way. */
export class Bringing {
  /** @type {import('tus-js-client').Upload | null} */
  #upload = null;
  #unwanted = false;
  /** @type {State} */
  state = 'reading';
  share = 0;
  why = '';
  final = false; // nothing of it is left at the server
  id = '';

  /** @param {File} file @param {() => void} changed */
  constructor(file, changed) {
    this.file = file;
    this.changed = changed;
  }

  async begin() {
    const { file } = this;
    try {
      const sha256 = await digestOf(file, (share) => this.#say('reading', share), () => this.#unwanted).catch(() => {
        throw new Error(t('unreadable'));
      });
      if (sha256 === null) return;
      const known = (await coming()).find((each) => each.sha256 === sha256 && each.size === file.size);
      this.id = known?.id ?? '';
      this.#upload = new (tus().Upload)(file, {
        endpoint: HERE,
        uploadUrl: known ? `${HERE}/${known.id}` : null,
        chunkSize: PART,
        retryDelays: AGAIN_MS,
        storeFingerprintForResuming: false, // a file's name may be a person's: it stays out of the browser's memory
        metadata: { filename: file.name, sha256 },
        onUploadUrlAvailable: () => { this.id = this.#upload?.url?.split('/').pop() ?? ''; },
        onProgress: (sent, all) => this.state !== 'paused' && this.#say('sending', sent / all),
        onShouldRetry: (error) => [0, 409, 423, 429, 500, 502, 503, 504].includes(error.originalResponse?.getStatus() ?? 0),
        onError: (error) => this.#fail(sentence(error), FINAL.includes(/** @type {any} */ (error).originalResponse?.getStatus() ?? 0)),
        onSuccess: () => this.#say('done', 1),
      });
      this.#say('sending', 0);
      this.#upload.start();
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : t('no_server'));
    }
  }

  async pause() {
    await this.#upload?.abort();
    this.#say('paused', this.share);
  }

  /** Also after a failure: from what the server has. */
  goOn() {
    if (!this.#upload) return void this.begin();
    this.#say('sending', this.share);
    this.#upload.start();
  }

  async cancel() {
    this.#unwanted = true;
    await this.#upload?.abort();
    if (this.id && !this.final) await cancel(this.id);
    this.#say('cancelled', 0);
  }

  /** @param {string} why @param {boolean} [final] */
  #fail(why, final = false) {
    [this.why, this.final] = [why, final];
    this.#say('failed', this.share);
  }

  /** @param {State} state @param {number} share */
  #say(state, share) {
    if (this.#unwanted && state !== 'cancelled') return;
    [this.state, this.share] = [state, share];
    this.changed();
  }
}
