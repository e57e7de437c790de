/* 存储与保存期限: everything recorded for a case is held, or no longer. */

import { ask, press, sayAfter, t } from './ask.mjs';

const form = document.getElementById('hold');
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = event instanceof SubmitEvent ? event.submitter : null;
  if (!(form instanceof HTMLFormElement) || !(button instanceof HTMLButtonElement)) return;
  press(button, async () => {
    const said = new FormData(form);
    const act = button.value === 'lift' ? 'lift' : 'hold';
    const done = await ask(`/storage/${act}`, { case_no: said.get('case_no'), reason: said.get('reason') });
    sayAfter(t(done.count ? `storage_${act}_done` : `storage_${act}_none`, { n: done.count }));
  });
});
