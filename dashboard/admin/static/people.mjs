/* 人员与角色: people added and changed, roles proposed and confirmed, and what is shown once: a password, a code. */

import { ask, part, press, sayAfter, sure, t } from './ask.mjs';
import { showOnce, showPassword } from './once.mjs';

/** @typedef {{person: string, name: string, title: string, badge: string, team: string, role: string}} Person */

/** What is typed into a dialog; what was refused is said within it, and nothing typed is lost.
 * @param {string} id @param {(typed: Record<string, string>) => Promise<void>} send */
function ask_in(id, send) {
  const dialog = part(id, HTMLDialogElement);
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector('form'));
  const told = part(`${id}-told`, HTMLElement);
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button.plate'));
  told.hidden = true;
  form.onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await send(Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value).trim()])));
    } catch (error) {
      told.textContent = error instanceof Error ? error.message : '';
      told.hidden = false;
    } finally { button.disabled = false; }
  };
  for (const close of form.querySelectorAll('[data-close]')) if (close instanceof HTMLElement) close.onclick = () => dialog.close();
  if (!dialog.open) dialog.showModal();
  return form;
}

/** @param {Record<string, string>} typed the fields that were left empty are not said */
const filled = (typed) => Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== ''));

/** @param {boolean} fresh */
function titlePerson(fresh, name = '') {
  part('person-title', HTMLElement).textContent = fresh ? t('person_add') : t('person_change', { name });
  part('phone-word', HTMLElement).textContent = fresh ? t('person_tel') : t('person_tel_new');
  for (const each of document.querySelectorAll('#person .only-new')) if (each instanceof HTMLElement) each.hidden = !fresh;
}

part('add', HTMLButtonElement).addEventListener('click', () => {
  titlePerson(true);
  const form = ask_in('person', async (typed) => {
    const made = await ask('/people/add', filled(typed));
    const added = made.account_waits ? 'person_added_account_waits' : made.waits ? 'person_added_waits' : 'person_added';
    if (!made.password) return sayAfter(t(added, { name: typed.name ?? '' }));
    part('person', HTMLDialogElement).close();
    showPassword(made, typed.name ?? '');
  });
  form.reset();
});

part('add-team', HTMLButtonElement).addEventListener('click', () => askWord('team_add', 'team_name', async (word) => {
  await ask('/people/team', { name: word });
  sayAfter(t('team_added', { name: word }));
}));

/** @param {string} title @param {string} label @param {(word: string) => Promise<void>} send */
function askWord(title, label, send) {
  part('word-title', HTMLElement).textContent = t(title);
  part('word-label', HTMLElement).textContent = t(label);
  ask_in('word', (typed) => send(typed.word ?? '')).reset();
}

/** @type {Record<string, (person: Person) => Promise<void> | void>} */
const acts = {
  change(person) {
    titlePerson(false, person.name);
    const form = ask_in('person', async (typed) => {
      await ask('/people/change', { ...filled(typed), person: person.person, role: undefined, unit: undefined, account: undefined });
      sayAfter(t('person_changed', { name: typed.name ?? '' }));
    });
    form.reset();
    for (const name of /** @type {const} */ (['name', 'title', 'badge', 'team'])) {
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = person[name];
    }
  },
  role(person) {
    part('role-title', HTMLElement).textContent = t('role_title', { name: person.name });
    const form = ask_in('role', async (typed) => {
      await ask('/people/role', { person: person.person, role: typed.role });
      sayAfter(t('role_proposed', { name: person.name }));
    });
    const field = form.elements.namedItem('role');
    if (field instanceof HTMLSelectElement) field.value = person.role;
  },
  account(person) {
    askWord('account_open', 'person_username', async (word) => {
      const made = await ask('/people/account', { person: person.person, account: word });
      if (made.waits) return sayAfter(t('account_waits', { name: person.name }));
      part('word', HTMLDialogElement).close();
      showPassword(made, person.name);
    });
  },
  async 'sign-in'(person) {
    const { link, picture, until } = await ask('/people/sign-in', { person: person.person });
    if (!link) return sayAfter(t('sign_in_waits', { name: person.name }));
    showOnce(t('sign_in_title', { name: person.name }), t('sign_in_how'), { said: link, picture, until });
  },
  async disable(person) {
    if (!await sure(t('disable_title', { name: person.name }), t('disable_word'), t('disable'))) return;
    await ask('/people/disable', { person: person.person });
    sayAfter(t('disable_done', { name: person.name }));
  },
  async enable(person) {
    await ask('/people/enable', { person: person.person });
    sayAfter(t('enable_done', { name: person.name }));
  },
};

document.querySelector('#people tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const row = button?.closest('tr');
  if (button && row) press(button, async () => { await acts[button.dataset.act ?? '']?.(/** @type {any} */ ({ ...row.dataset })); });
});

document.querySelector('#waiting tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const change = button?.closest('tr')?.dataset.change;
  if (button && change) press(button, async () => {
    await ask(`/people/${button.dataset.act}`, { change });
    sayAfter(t(button.dataset.act === 'confirm' ? 'role_confirmed' : 'role_dropped'));
  });
});
