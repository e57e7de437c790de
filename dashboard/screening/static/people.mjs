// Who is invited: each press is one question to the server, and the page is drawn anew by it.

import { ask, tell } from './ask.mjs';

const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent ?? '{}');
const main = document.querySelector('main');
const path = `/${main instanceof HTMLElement ? main.dataset.screening : ''}`;

/** @param {string} verb @param {object} what @param {string} [kept] what the page says after it was drawn anew */
async function act(verb, what, kept) {
  try {
    await ask(`${path}/${verb}`, what);
    sessionStorage.setItem('people:at', String(scrollY));
    if (kept) sessionStorage.setItem('people:said', kept);
    location.reload();
  } catch (error) {
    tell(error);
    document.querySelector('.told')?.scrollIntoView({ block: 'nearest' });
  }
}

const kept = sessionStorage.getItem('people:said');
if (kept) tell(new Error(kept));
scrollTo(0, Number(sessionStorage.getItem('people:at') ?? 0));
sessionStorage.removeItem('people:said');
sessionStorage.removeItem('people:at');

/** @param {string} sentence @param {string} yes @returns {Promise<boolean>} */
function sure(sentence, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('sure'));
  const [word, button] = [dialog.querySelector('p'), dialog.querySelector('[value=yes]')];
  if (word) word.textContent = sentence;
  if (button) button.textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => { dialog.onclose = () => resolve(dialog.returnValue === 'yes'); });
}

// --- plan and materials

const change = document.getElementById('change');
if (change instanceof HTMLFormElement) {
  const kind = /** @type {HTMLSelectElement} */ (change.elements.namedItem('kind'));
  const cause = document.getElementById('of-cause');
  const fit = () => { if (cause) cause.hidden = kind.value !== 'LIKE_CASE'; };
  kind.addEventListener('change', fit);
  fit();
  change.addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = new FormData(change), like = typed.get('kind') === 'LIKE_CASE';
    const what = { kind: typed.get('kind'), cause: like ? typed.get('cause') || null : null, held: typed.get('held') || null, place: typed.get('place') || null };
    void act('plan', what, texts.kept);
  });
}

const materials = document.getElementById('materials');
materials?.addEventListener('change', async ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  try {
    await ask(`${path}/materials`, { [target.checked ? 'there' : 'gone']: [target.name] });
    tell(null);
  } catch (error) {
    target.checked = !target.checked;
    tell(error);
  }
});

// --- who is invited, and who could be

document.addEventListener('click', async (event) => {
  const button = event.target instanceof HTMLButtonElement ? event.target : null;
  const row = button?.closest('tr');
  if (!button || !row) return;
  const { flag } = button.dataset;
  if (flag === 'none') await act('flag', { party: row.dataset.party, minor: false, unfit: false });
  else if (flag && (await sure(texts[`sure_${flag}`], texts.yes_flag))) await act('flag', { party: row.dataset.party, minor: flag === 'minor', unfit: flag === 'unfit' });
  else if ('off' in button.dataset && (await sure(texts.sure_off, texts.yes_off))) await act('take-off', { attendee: row.dataset.attendee });
});

document.getElementById('invited')?.addEventListener('change', async (event) => {
  const select = event.target instanceof HTMLSelectElement ? event.target : null;
  const row = select?.closest('tr');
  if (!select || !row) return;
  try {
    await ask(`${path}/photo`, { attendee: row.dataset.attendee, consents: select.value === 'yes' });
    tell(null);
  } catch (error) {
    tell(error);
  }
});

const invite = document.getElementById('invite');
if (invite instanceof HTMLFormElement) {
  const go = /** @type {HTMLButtonElement} */ (invite.querySelector('button.plate'));
  const summons = /** @type {HTMLElement} */ (document.getElementById('of-summons'));
  const chosen = () => new FormData(invite).getAll('party');
  const fit = () => {
    const count = chosen().length;
    go.disabled = !count;
    go.textContent = count ? texts.invite.replace('{count}', String(count)) : texts.invite_none;
    summons.hidden = new FormData(invite).get('ground') !== 'SUMMONS';
  };
  invite.addEventListener('change', fit);
  fit();
  invite.addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = new FormData(invite), isSummons = typed.get('ground') === 'SUMMONS';
    void act('invite', { parties: chosen(), ground: typed.get('ground'), questioned: isSummons ? typed.get('questioned') || null : null });
  });
}
