// Planning a session and cutting a clip: both end on the page of what was made.

import { ask, tell } from './ask.mjs';

/** @param {string} id @param {(form: FormData) => Promise<string>} act: returns where to go */
function on(id, act) {
  const form = document.getElementById(id);
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    if (button) button.disabled = true;
    try {
      location.assign(await act(new FormData(form)));
    } catch (error) {
      tell(error);
      if (button) button.disabled = false;
    }
  });
}

on('plan', async (said) => `/centre/screening/${(await ask('/plan', { title: said.get('title') })).id}`);

on('cut', async (said) => {
  const select = document.querySelector('select[name="recording"]');
  const chosen = select instanceof HTMLSelectElement ? select.selectedOptions[0] : undefined;
  const began = Number(chosen?.dataset.from), ended = Number(chosen?.dataset.to);
  const from_ms = began + Math.round(Number(said.get('from')) * 1000);
  const to_ms = Math.min(ended, began + Math.round(Number(said.get('to')) * 1000));
  const { id } = await ask('/cut', {
    recording: said.get('recording'), from_ms, to_ms, title: said.get('title'), words: said.get('words') || null, tag: said.get('tag'),
  });
  return `/centre/screening/clips/${id}`;
});
