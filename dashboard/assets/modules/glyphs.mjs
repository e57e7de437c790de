// The slices of the font that a card will need are fetched before there is a card: a name does not first stand there in another letter.

import { all } from './state.mjs';

const FACE = '20px "Noto Sans SC Variable"'; // one file a slice, whatever the weight
const AFTER_MS = 2500; // the first picture comes first
const KINDS = ['team', 'mission', 'case', 'area'];
/** A unit's row says more than is ever written on a card, and there may be ten thousand of them. */
const OF_UNITS = ['who', 'label'];
let waiting = false;

/** Whatever the rows say of people and places, as soon as the page has nothing better to do. */
export function fetchGlyphs() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => (window.requestIdleCallback ?? setTimeout)(() => {
    waiting = false;
    document.fonts?.load(FACE, [...letters()].join('')).catch(() => undefined); // without them the page's next font serves
  }), AFTER_MS);
}

/** @returns {Set<string>} */
function letters() {
  /** @type {Set<string>} */
  const found = new Set();
  const note = (/** @type {unknown} */ value) => { if (typeof value === 'string') for (const letter of value) found.add(letter); };
  for (const row of all('unit')) for (const name of OF_UNITS) note(row[name]);
  for (const kind of KINDS) for (const row of all(kind)) Object.values(row).forEach(note);
  return found;
}
