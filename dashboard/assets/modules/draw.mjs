// Builds elements; everything a person typed goes through textContent, never through markup.

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 * @param {(Node | string | number | null | undefined)[]} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child instanceof Node ? child : String(child));
  return element;
}

/** @param {Element | null} place @param {(Node | null)[]} children */
export const fill = (place, ...children) => place?.replaceChildren(...children.filter((child) => child !== null));

/** The sign of a state: shape and colour together. @param {string} sign */
export const sign = (sign) => h('i', { class: 'sign', 'data-sign': sign, 'aria-hidden': 'true' });
