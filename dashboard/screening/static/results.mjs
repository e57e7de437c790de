// The page after the film: its forms are asked as JSON, a name stands there for some seconds only, what was wrong is taken back with a reason.

import { ask, tell } from './ask.mjs';
import { centsOf, chosen, yuanOf } from './sums.mjs';

const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent ?? '{}');
const NAME_MS = 15_000; // long enough to call somebody up, too short to be read by who comes next

/** @param {HTMLFormElement} form @param {HTMLButtonElement | null} pressed */
function said(form, pressed) {
  const fields = new FormData(form);
  /** @type {Record<string, unknown>} */
  const all = {
    cents: chosen(fields, 'amount', 'typed', centsOf),
    due_on: chosen(fields, 'due', 'due_on', String),
    terms: fields.get('terms'), receipt: fields.get('receipt'),
    yes: pressed?.name === 'yes' ? pressed.value : fields.get('yes'),
  };
  const wanted = (form.dataset.fields ?? '').split(' ').filter(Boolean);
  return Object.fromEntries(wanted.map((name) => [name, all[name]]));
}

for (const form of document.querySelectorAll('form[data-ask]')) {
  if (!(form instanceof HTMLFormElement)) continue;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const pressed = event.submitter instanceof HTMLButtonElement ? event.submitter : null;
    if (pressed) pressed.disabled = true;
    try {
      await ask(form.dataset.ask ?? '', said(form, pressed));
      location.assign(form.dataset.then ?? location.href);
      if (!form.dataset.then) location.reload();
    } catch (error) {
      tell(error);
      document.querySelector('.told')?.scrollIntoView({ block: 'nearest' });
      if (pressed) pressed.disabled = false;
    }
  });
}

for (const fieldset of document.querySelectorAll('.choice:has([name="typed"])')) {
  const typed = fieldset.querySelector('[name="typed"]');
  const read = fieldset.querySelector('.read');
  if (!(typed instanceof HTMLInputElement) || !(read instanceof HTMLElement)) continue;
  typed.addEventListener('input', () => {
    const cents = centsOf(typed.value);
    read.textContent = typed.value ? (cents === null ? texts.typed_wrong : texts.typed_is.replace('{sum}', yuanOf(cents))) : '';
  });
  fieldset.addEventListener('change', (event) => {
    if (event.target instanceof HTMLInputElement && event.target.value === 'other') typed.focus();
    else if (event.target !== typed) read.textContent = '';
  });
}

/** @param {string} id @param {string} text */
function called(id, text) {
  for (const each of document.querySelectorAll('[data-called]')) {
    if (each instanceof HTMLElement && each.dataset.called === id) each.textContent = text;
  }
}

for (const button of document.querySelectorAll('[data-name]')) {
  if (!(button instanceof HTMLButtonElement)) continue;
  const id = button.dataset.name ?? '';
  button.addEventListener('click', async () => {
    try {
      const { name, phone } = await ask(`/attendees/${id}/name`, {});
      called(id, [name ?? texts.no_name, button.closest('.calls') ? phone ?? texts.no_phone : ''].join(' '));
      setTimeout(() => called(id, ''), NAME_MS);
      tell(null);
    } catch (error) {
      tell(error);
    }
  });
}

const why = document.getElementById('why');
for (const button of document.querySelectorAll('[data-take-back]')) {
  if (!(button instanceof HTMLButtonElement) || !(why instanceof HTMLDialogElement)) continue;
  button.addEventListener('click', () => {
    const reason = why.querySelector('input');
    if (reason) reason.value = '';
    why.returnValue = '';
    why.showModal();
    why.onclose = async () => {
      if (why.returnValue !== 'yes') return;
      try {
        await ask(`/outcomes/${button.dataset.id}/take-back`, { kind: button.dataset.takeBack, why: reason?.value ?? '' });
        location.reload();
      } catch (error) {
        tell(error);
      }
    };
  });
}
