// Sentences come from texts/*.toml through the page; no module holds one.

/** @type {Record<string, string>} */
const sentences = JSON.parse(document.getElementById('ecc-texts')?.textContent || '{}');

/** @param {string} key @param {Record<string, unknown>} [holes] */
export const t = (key, holes = {}) => (sentences[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(holes[name] ?? ''));
