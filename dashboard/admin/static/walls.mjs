/* 大屏: a link for a browser, taken back from the stage, put out. */

import { ask, part, press, sayAfter, sure, t } from './ask.mjs';

const form = part('add', HTMLFormElement);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  if (button) press(button, async () => {
    await ask('/walls/add', { name: new FormData(form).get('name') });
    sayAfter(t('wall_added'));
  });
});

document.querySelector('tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const row = button?.closest('tr');
  if (button && row) press(button, () => act(button.dataset.act ?? '', row.dataset.wall ?? '', row.dataset.name ?? ''));
});

/** @param {string} act @param {string} wall @param {string} name */
async function act(act, wall, name) {
  if (act === 'link') return showLink(await ask('/walls/link', { wall }), name);
  if (act === 'take-back') {
    await ask('/walls/take-back', { wall });
    return sayAfter(t('wall_taken_back', { name }));
  }
  if (!await sure(t('wall_revoke_title', { name }), t('wall_revoke_word'), t('wall_revoke'))) return;
  await ask('/walls/revoke', { wall });
  sayAfter(t('wall_revoked', { name }));
}

/** @param {{link: string, until: string}} made @param {string} name */
function showLink(made, name) {
  part('link-title', HTMLElement).textContent = t('wall_link_title', { name });
  part('link-said', HTMLOutputElement).value = made.link;
  part('link-until', HTMLElement).textContent = t('until_once', { until: made.until });
  part('link', HTMLDialogElement).showModal();
}
