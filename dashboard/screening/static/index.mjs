// Planning a session ends on its page.

import { ask, tell } from './ask.mjs';

const form = document.getElementById('plan');
if (form instanceof HTMLFormElement) form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  if (button) button.disabled = true;
  try {
    location.assign(`/centre/screening/${(await ask('/plan', { title: new FormData(form).get('title') })).id}`);
  } catch (error) {
    tell(error);
    if (button) button.disabled = false;
  }
});
