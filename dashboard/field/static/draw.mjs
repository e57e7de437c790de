// Elements without markup: what a person wrote is always text.

const SVG = 'http://www.w3.org/2000/svg';

/** The element that index.html owes. @param {string} id */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

/**
 * A new element. Attributes that are false, null or undefined are left out; true becomes an empty one.
 * @param {string} tag @param {Record<string, string | number | boolean | null | undefined>} attrs @param {(Node | string)[]} children
 */
export function h(tag, attrs = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children);
  return made;
}

/** A sign from the sheet in index.html; for the eye only. @param {string} name */
export function sign(name) {
  const made = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#sign-${name}`);
  made.setAttribute('class', 'sign');
  made.setAttribute('aria-hidden', 'true');
  made.append(use);
  return made;
}

/** Sets text only when it differs, so that a screen reader is not told the same again. @param {Element} place @param {string} text */
export function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** @param {Element} place @param {string} name @param {string | null} value */
export function mark(place, name, value) {
  if (value === null) place.removeAttribute(name);
  else if (place.getAttribute(name) !== value) place.setAttribute(name, value);
}
