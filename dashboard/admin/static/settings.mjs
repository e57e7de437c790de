/* 设置: one value is put, or the last change of it is taken back. */

import { ask, press, sayAfter, t } from './ask.mjs';
import './once.mjs';

const table = document.querySelector('.settings');

table?.addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form instanceof HTMLFormElement ? form.querySelector('button') : null;
  if (!(form instanceof HTMLFormElement) || !button) return;
  press(button, async () => {
    const done = await ask('/settings/change', { key: form.dataset.key, value: new FormData(form).get('value') });
    sayAfter(t(`setting_${done.done}`));
  });
});

table?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  if (button instanceof HTMLButtonElement && button.dataset.undo) press(button, async () => {
    const { done } = await ask('/settings/undo', { change: button.dataset.undo });
    sayAfter(t(done === 'waits' ? 'setting_waits' : 'setting_undone'));
  });
});
