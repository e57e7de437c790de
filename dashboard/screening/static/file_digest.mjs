/* SHA-256 of a file of any size, a block at a time: nothing of it stays in memory. */

import { sha256 } from '/vendor/noble-hashes/sha2.js';
import { bytesToHex } from '/vendor/noble-hashes/utils.js';

const BLOCK = 4 * 1024 * 1024;

/** @param {Blob} file @param {(share: number) => void} tell @param {() => boolean} unwanted @returns {Promise<string | null>} hexadecimal; null when it was not wanted any more */
export const digestOf = async (file, tell, unwanted) => {
  const digest = sha256.create();
  for (let at = 0; at < file.size; at += BLOCK) {
    if (unwanted()) return null;
    digest.update(new Uint8Array(await file.slice(at, at + BLOCK).arrayBuffer()));
    tell(Math.min(1, (at + BLOCK) / file.size));
  }
  return bytesToHex(digest.digest());
};
