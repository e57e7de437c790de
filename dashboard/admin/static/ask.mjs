/* Asks the administration's doors: JSON there and back; a refusal comes as its sentence. The sentences of the page, the one question «sure?». */

/** @type {Record<string, string>} */
const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent ?? '{}');

/** @param {string} key @param {Record<string, string | number>} [holes] */
export const t = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(holes[name] ?? ''));

/** @template {Element} T @param {string} id @param {new () => T} kind @returns {T} */
export const part = (id, kind) => {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id}`);
  return found;
};

/** @param {string} path @param {unknown} [said] @returns {Promise<any>} */
export async function ask(path, said) {
  const how = said === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(said) };
  const answer = await fetch(`/centre/admin${path}`, { ...how, signal: AbortSignal.timeout(20_000) }).catch(() => null);
  if (answer === null) throw new Error(t('no_answer'));
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  if (!answer.ok) throw new Error(body?.error?.text ?? t('no_answer'));
  return body;
}

/** @param {unknown} error */
export const tell = (error) => say(error instanceof Error ? error.message : String(error), false);

/** @param {string} sentence @param {boolean} [good] */
export function say(sentence, good = true) {
  const told = document.querySelector('main > .told');
  if (!(told instanceof HTMLElement)) return;
  told.textContent = sentence;
  told.hidden = !sentence;
  told.classList.toggle('good', good);
  told.scrollIntoView({ block: 'nearest' });
}

/** @param {string} title @param {string} word @param {string} yes @returns {Promise<boolean>} */
export const sure = (title, word, yes) => {
  const dialog = part('sure', HTMLDialogElement);
  part('sure-title', HTMLElement).textContent = title;
  part('sure-word', HTMLElement).textContent = word;
  part('sure-yes', HTMLElement).textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => { dialog.onclose = () => resolve(dialog.returnValue === 'yes'); });
};

/** One press is one question; what was refused is said, and the button can be pressed again.
 * @param {HTMLButtonElement} button @param {() => Promise<void>} act */
export async function press(button, act) {
  button.disabled = true;
  try { await act(); } catch (error) { tell(error); } finally {
    button.disabled = false;
    if (document.activeElement === document.body || !document.activeElement?.checkVisibility()) button.focus({ preventScroll: true }); // a question that was left cannot give the focus back to what is off
  }
}

/** A sentence that is still there after the page has been loaded again. @param {string} sentence */
export const sayAfter = (sentence) => { sessionStorage.setItem('ecc-said', sentence); location.reload(); };

const said = sessionStorage.getItem('ecc-said');
if (said) { sessionStorage.removeItem('ecc-said'); say(said); }
