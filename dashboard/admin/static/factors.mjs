/* 动态口令: an authenticator that was lost is taken away by another person. */

import { ask, press, sayAfter, sure, t } from './ask.mjs';

document.querySelector('tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const row = button?.closest('tr');
  if (button && row) press(button, async () => {
    const name = row.dataset.name ?? '';
    if (!await sure(t('factor_reset_title', { name }), t('factor_reset_word'), t('factor_reset'))) return;
    await ask('/factors/reset', { officer: row.dataset.officer });
    sayAfter(t('factor_reset_done', { name }));
  });
});
