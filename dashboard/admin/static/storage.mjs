/* 存储与保存期限: everything recorded for a case is held, or no longer; days of positions are held; an archive being written is watched. */

import { ask, press, say, sayAfter, sure, t } from './ask.mjs';

const LOOK_MS = 2_000;

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

// --- days of positions

const positions = document.getElementById('hold-positions');
positions?.addEventListener('submit', (event) => {
  event.preventDefault();
  const button = event instanceof SubmitEvent ? event.submitter : null;
  if (!(positions instanceof HTMLFormElement) || !(button instanceof HTMLButtonElement)) return;
  const said = Object.fromEntries(new FormData(positions));
  press(button, async () => {
    if (!await sure(t('storage_positions_sure'), t('storage_positions_sure_word', { from: String(said.from), to: String(said.to) }), t('storage_positions_yes'))) return;
    await ask('/storage/positions/hold', said);
    sayAfter(t('storage_positions_held'));
  });
});

for (const lift of document.querySelectorAll('form.lift')) {
  lift.addEventListener('submit', (event) => {
    event.preventDefault();
    const row = lift.closest('tr'), button = lift.querySelector('button');
    if (!(lift instanceof HTMLFormElement) || !row || !button) return;
    const reason = new FormData(lift).get('reason');
    press(button, async () => {
      if (!await sure(t('storage_lift_sure', { about: row.dataset.about ?? '' }), t('storage_lift_sure_word'), t('storage_lift_yes'))) return;
      await ask('/storage/positions/lift', { id: row.dataset.hold, reason });
      sayAfter(t('storage_positions_lifted'));
    });
  });
}

// --- what is being written just now

for (const button of document.querySelectorAll('[data-act="stop"]')) {
  button.addEventListener('click', () => {
    const row = button.closest('tr');
    if (!(button instanceof HTMLButtonElement) || !row) return;
    press(button, async () => {
      if (!await sure(t('storage_stop_sure', { day: row.dataset.day ?? '' }), t('storage_stop_sure_word'), t('storage_stop_yes'))) return;
      const { stopped } = await ask('/storage/archives/stop', { id: row.dataset.archive });
      sayAfter(t(stopped ? 'storage_stopped' : 'storage_stop_none'));
    });
  });
}

/** The bar goes on by itself; when a day is done, or another one begins, the page is drawn anew. */
async function look() {
  const answer = await fetch('/api/positions', { signal: AbortSignal.timeout(10_000) }).catch(() => null);
  if (!answer?.ok) return say(t('no_answer'), false);
  /** @type {{archives: {id: string, state: string, share_pct: number}[]}} */
  const { archives } = await answer.json();
  for (const row of document.querySelectorAll('tr[data-state="WRITING"]')) {
    const now = archives.find((each) => row instanceof HTMLElement && each.id === row.dataset.archive);
    if (now?.state !== 'WRITING') return location.reload();
    const [bar, share] = [row.querySelector('progress'), row.querySelector('output')];
    if (bar) bar.value = now.share_pct;
    if (share) share.value = `${now.share_pct}%`;
  }
  setTimeout(look, LOOK_MS);
}
if (document.querySelector('tr[data-state="WRITING"]')) setTimeout(look, LOOK_MS);
