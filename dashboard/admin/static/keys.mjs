/* 密钥: a change is proposed here and confirmed by another administrator; a token that was lost ends at once. */

import { ask, press, sayAfter, sure, t } from './ask.mjs';
import './once.mjs';

document.querySelector('.keys tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  if (!button) return;
  press(button, async () => {
    if (button.dataset.propose) {
      await ask('/keys/propose', { what: button.dataset.propose });
      return sayAfter(t('joint_proposed'));
    }
    if (!await sure(t('token_end_title'), t('token_end_word'), t('token_end'))) return;
    await ask('/keys/revoke', {});
    sayAfter(t('token_ended'));
  });
});
