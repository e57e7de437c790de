// The desk's dialogs: name a node or a judge, and the sheet of keys.

import { line, openDialog } from './desk_dialog.mjs';
import { h } from './draw.mjs';
import { t } from './text.mjs';

/** @typedef {import('./desk_ask.mjs').Answer} Answer */

/** Sends, says inside what went wrong, closes when it went well. @param {import('./desk_dialog.mjs').Dialog} dialog @param {Promise<Answer>} sent */
export async function settled(dialog, sent) {
  dialog.say(t('desk.sending'));
  const answer = await sent;
  if (answer.code) dialog.say(answer.said);
  else dialog.close();
}

/** @param {number} most @param {(node: number) => Promise<Answer>} send */
export function askNode(most, send) {
  const [node, label] = line('node-input', t('desk.node_number', { most }), { inputmode: 'numeric', pattern: '[0-9]{1,2}', maxlength: 2 });
  const named = h('p', { class: 'named' }, t('desk.node_hint'));
  const number = () => (/^\d{1,2}$/.test(node.value) && Number(node.value) >= 1 && Number(node.value) <= most ? Number(node.value) : 0);
  node.oninput = () => { named.textContent = number() ? t(`row.node.${number()}`) : t('desk.node_hint'); };
  openDialog('node-dialog', t('desk.case_node'), [label, named], {
    confirm: t('desk.node_go'),
    send: (dialog) => (number() ? settled(dialog, send(number())) : dialog.say(t('desk.node_number', { most }))),
  });
}

/** @param {(judge: string) => Promise<Answer>} send */
export function askJudge(send) {
  const [judge, label] = line('judge-input', t('desk.judge'), { maxlength: 64 });
  openDialog('judge-dialog', t('desk.case_assigned'), [label], { confirm: t('desk.judge_go'), send: (dialog) => settled(dialog, send(judge.value)) });
}

/** One line to write. @param {'whisper' | 'fault'} name @param {(text: string) => Promise<Answer>} send */
export function askLine(name, send) {
  const [text, label] = line(`${name}-input`, t(`desk.${name}_line`), { maxlength: name === 'fault' ? 200 : 60 });
  openDialog(`${name}-dialog`, t(`desk.${name}_title`), [label], { confirm: t(`desk.${name}_go`), send: (dialog) => settled(dialog, send(text.value)) });
}

const SHEET = /** @type {[key: string, says: string][]} */ ([
  ['1–9', 'verbs'], ['4–7', 'admit'], ['D', 'party'], ['↑ ↓', 'arrows'], ['Q', 'queue'], ['M', 'missions'], ['C', 'cases'], ['F', 'find'], ['W 1–9', 'walls'], ['R J O B', 'layouts'], ['V', 'grid'], ['G', 'visitors'], ['8', 'show'], ['9', 'take_off'], ['X', 'bailiff'],
  ['0', 'fault'], ['L', 'lock'], ['P', 'pair'], ['Esc', 'escape'], ['?', 'help']]);

export function openHelp() {
  const list = h('dl', {}, ...SHEET.flatMap(([keys, says]) => [h('dt', {}, ...keys.split(' ').map((key) => h('kbd', {}, key))), h('dd', {}, t(`desk.sheet_${says}`))]));
  openDialog('help-dialog', t('desk.help'), [list, h('a', { href: '/manual/duty', target: '_blank', rel: 'noopener' }, t('desk.manual'))]);
}
