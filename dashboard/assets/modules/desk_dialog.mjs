// A dialog of the desk: keys go to it alone while it is open, Escape closes it, what went wrong is said inside.

import { h } from './draw.mjs';
import { t } from './text.mjs';

/** @typedef {{dialog: HTMLDialogElement, form: HTMLFormElement, say: (sentence: string) => void, close: () => void}} Dialog */

export const dialogOpen = () => document.querySelector('dialog[open]') !== null;

/**
 * Opens it; of the same name there is one at most.
 * @param {string} name @param {string} title @param {Node[]} inside @param {{confirm?: string, send?: (dialog: Dialog) => void | Promise<void>, closed?: () => void}} how
 * @returns {Dialog}
 */
export function openDialog(name, title, inside, { confirm, send, closed } = {}) {
  document.getElementById(name)?.remove();
  const told = h('p', { class: 'told', role: 'alert' });
  const cancel = h('button', { type: 'button', class: 'cancel' }, h('kbd', {}, 'Esc'), t(confirm ? 'desk.cancel' : 'desk.close'));
  const go = confirm ? h('button', { type: 'submit', 'data-next': true }, h('kbd', {}, 'Enter'), confirm) : null;
  const form = /** @type {HTMLFormElement} */ (h('form', { method: 'dialog' }, h('h2', { id: `${name}-title` }, title), ...inside, told, h('footer', {}, cancel, go)));
  const dialog = /** @type {HTMLDialogElement} */ (h('dialog', { id: name, 'aria-labelledby': `${name}-title` }, form));
  const made = { dialog, form, say: (/** @type {string} */ sentence) => { told.textContent = sentence; }, close: () => dialog.close() };
  cancel.onclick = () => dialog.close();
  dialog.onclose = () => { dialog.remove(); closed?.(); };
  form.onsubmit = (event) => { event.preventDefault(); void send?.(made); };
  document.body.append(dialog);
  dialog.showModal();
  const first = form.querySelector('input');
  if (first) first.focus(); else cancel.focus();
  return made;
}

/** A line to type in. @param {string} id @param {string} label @param {Record<string, string | number | boolean>} [attributes] @returns {[HTMLInputElement, HTMLElement]} */
export function line(id, label, attributes = {}) {
  const input = /** @type {HTMLInputElement} */ (h('input', { id, autocomplete: 'off', required: true, ...attributes }));
  return [input, h('label', { for: id }, h('span', {}, label), input)];
}
