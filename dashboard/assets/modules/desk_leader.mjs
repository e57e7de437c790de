// Ask a leader to join: who, what is asked of him; then the link, shown once, and the digits that are told by telephone.

import { sayHere } from './desk_ask.mjs';
import { line, openDialog } from './desk_dialog.mjs';
import { h } from './draw.mjs';
import { t } from './text.mjs';

/** @param {string} path @param {Record<string, unknown>} [body] @returns {Promise<Record<string, any>>} */
export async function door(path, body) {
  try {
    const answer = await fetch(path, body ? { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : { cache: 'no-store' });
    return await answer.json();
  } catch {
    return { error: { text: t('desk.not_sent') } };
  }
}

/** @param {string} call */
export async function askLeader(call) {
  const { leaders, error } = await door('/api/leaders');
  if (!leaders) { sayHere(t('desk.leader_failed', { why: error?.text ?? '' })); return; }
  const choice = /** @type {HTMLSelectElement} */ (h('select', { id: 'leader-who' }, ...leaders.map((/** @type {Record<string, string>} */ one) => h('option', { value: one.id ?? '' }, one.who ?? ''))));
  const [ask, label] = line('leader-ask', t('desk.leader_ask'), { maxlength: 60, required: false });
  openDialog('leader-dialog', t('desk.leader_title'), [h('label', { for: 'leader-who' }, h('span', {}, t('desk.leader_who')), choice), label], {
    confirm: t('desk.leader_go'),
    send: async (dialog) => {
      const who = choice.selectedOptions[0]?.textContent ?? '';
      const made = await door('/api/invitations', { call, officer: choice.value, ask: ask.value || null });
      if (!made.link) { dialog.say(t('desk.leader_failed', { why: made.error?.text ?? '' })); return; }
      dialog.close();
      show(who, made.link, made.digits);
    },
  });
}

/** @param {string} who @param {string} link @param {string} digits */
function show(who, link, digits) {
  const place = /** @type {HTMLInputElement} */ (h('input', { id: 'leader-link', readonly: true, value: link, 'aria-label': link }));
  openDialog('invited-dialog', t('desk.leader_title'), [h('p', { class: 'named' }, t('desk.leader_link', { who })), place, h('p', { class: 'digits' }, t('desk.leader_digits', { digits }))], {
    confirm: t('desk.leader_copy'),
    send: async (dialog) => {
      place.select();
      await navigator.clipboard?.writeText(link).catch(() => {});
      dialog.say(t('desk.leader_copied'));
    },
  });
}
