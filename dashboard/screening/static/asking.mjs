/* One small dialog that asks for a written reason, and gives it or nothing. */

import { button, part, write } from './page_parts.mjs';

/** @param {string} title @param {string} word @param {string} yes @returns {Promise<string | null>} */
export const askReason = (title, word, yes) => {
  const [dialog, form, reason] = [part('reasons', HTMLDialogElement), part('reasons-form', HTMLFormElement), part('reason', HTMLInputElement)];
  write('reasons-title', title);
  write('reasons-word', word);
  write('reasons-yes', yes);
  reason.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  reason.focus();
  return new Promise((resolve) => {
    button('reasons-no').onclick = () => dialog.close('');
    form.onsubmit = (event) => {
      event.preventDefault();
      if (reason.value.trim()) dialog.close('yes');
    };
    dialog.onclose = () => resolve(dialog.returnValue === 'yes' ? reason.value.trim() : null);
  });
};
