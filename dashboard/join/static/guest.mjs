// What the leader's and the party's page both stand on: their texts, their parts, the server's clock.

/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent || '{}');
let offset = 0;

/** @param {string} key @param {Record<string, unknown>} [holes] */
export const t = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(holes[name] ?? ''));

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function part(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no #${id}`);
  return found;
}

const pad = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, '0');
/** Minutes and seconds. @param {number} ms */
export const clock = (ms) => `${pad(Math.max(0, ms) / 60000)}:${pad((Math.max(0, ms) / 1000) % 60)}`;

/** The server's clock, ms since 1970. */
export const served = () => Date.now() + offset;
/** @param {number} serverMs what it shows now */
export const hearClock = (serverMs) => { offset = serverMs - Date.now(); };
