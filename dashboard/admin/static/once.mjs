/* What is shown once and never again: a password, a link with its code, a token. And what two people do together: the second one's two keys. */

import { ask, part, press, sayAfter, sure, t } from './ask.mjs';

/** @param {string} title @param {string} how @param {{said: string, picture?: string, until?: string}} what */
export function showOnce(title, how, { said, picture, until }) {
  const dialog = part('once', HTMLDialogElement);
  const image = part('once-picture', HTMLImageElement);
  part('once-title', HTMLElement).textContent = title;
  part('once-how', HTMLElement).textContent = how;
  part('once-said', HTMLOutputElement).value = said;
  part('once-until', HTMLElement).textContent = until ? t('until_once', { until }) : t('only_now');
  image.hidden = !picture;
  if (picture) image.src = picture;
  dialog.onclose = () => location.reload();
  dialog.showModal();
}

/** @param {{account?: string, password?: string}} made @param {string} name */
export const showPassword = (made, name) => showOnce(t('password_title', { name }), t('password_how', { account: made.account ?? '' }), { said: made.password ?? '' });

document.querySelector('#joint tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const row = button?.closest('tr');
  if (button && row) press(button, () => decide(button.dataset.act ?? '', row.dataset));
});

/** @param {string} act @param {DOMStringMap} row */
async function decide(act, row) {
  const what = row.what ?? '';
  const joint = row.joint;
  if (act === 'drop') {
    await ask('/joint/drop', { joint });
    return sayAfter(t('joint_dropped'));
  }
  if (!await sure(t(`joint_sure_${what}`), t(`joint_word_${what}`), t('confirm'))) return;
  const done = await ask('/joint/confirm', { joint });
  if (done.link) showOnce(t('sign_in_title', { name: row.about ?? '' }), t('sign_in_how'), { said: done.link, picture: done.picture, until: done.until });
  else if (done.password) showPassword(done, row.about ?? '');
  else if (done.token) showOnce(t('token_title'), t('token_how'), { said: done.token });
  else sayAfter(t(`joint_done_${what}`, { n: done.count ?? 0 }));
}
