// ULIDs made on the phone (github.com/ulid/spec): 48 bits of time, 80 random bits, Crockford's 32 letters, sortable as text.

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new id of 26 letters. @param {number} at ms since 1970 */
export function ulid(at) {
  let time = '';
  for (let rest = Math.max(0, Math.floor(at)), i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) time = LETTERS.charAt(rest % 32) + time;
  // 256 is a multiple of 32, so the low five bits of a random byte are a fair letter
  const chance = crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(chance, (byte) => LETTERS.charAt(byte % 32)).join('');
}
