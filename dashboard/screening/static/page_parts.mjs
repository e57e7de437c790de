/* The parts of the masking page by their names, and its sentences. */

/** @template {Element} T @param {string} id @param {new () => T} kind @returns {T} */
export const part = (id, kind) => {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id}`);
  return found;
};

/** @param {string} id */
export const button = (id) => part(id, HTMLButtonElement);
/** @param {string} id */
export const place = (id) => part(id, HTMLElement);

/** @template T @param {string} id @returns {T} */
export const told = (id) => JSON.parse(part(id, HTMLScriptElement).textContent ?? 'null');

/** @type {Record<string, string>} */
const texts = told('ecc-texts');

/** @param {string} key @param {Record<string, string | number>} [holes] */
export const t = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(holes[name] ?? ''));
/** @param {string} key */
export const has = (key) => key in texts;

/** @param {string} id @param {string} text */
export const write = (id, text) => {
  const found = place(id);
  if (found.textContent !== text) found.textContent = text;
};

/** Everything in the page that names its sentence. */
export const writeSentences = () => {
  for (const each of document.querySelectorAll('[data-text]')) if (each instanceof HTMLElement) each.textContent = t(each.dataset.text ?? '');
  for (const each of document.querySelectorAll('[data-label]')) if (each instanceof HTMLElement) each.setAttribute('aria-label', t(each.dataset.label ?? ''));
};
