/* 设备: a lost one is put out after one question. */

import { ask, press, sayAfter, sure, t } from './ask.mjs';

document.querySelector('tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const no = Number(button?.closest('tr')?.dataset.device);
  if (button && no) press(button, async () => {
    if (!await sure(t('device_revoke_title', { who: button.dataset.who ?? '' }), t('device_revoke_word'), t('device_revoke'))) return;
    await ask('/devices/revoke', { device: no });
    sayAfter(t('device_revoke_done', { no }));
  });
});
