// The sentences of this page, put into it by the server (texts/zh.toml, table [field]).

/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent || '{}');

/**
 * The sentence under `key`, its holes filled. An unknown key shows itself, so that it is found.
 * @param {string} key @param {Record<string, string | number>} [holes]
 */
export const t = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(holes[name] ?? whole));
