/* The column beside the picture, of either step: what is chosen, what can be done with it, and how far the release is. */

import { boxAt, hasKey } from './mask_plan.mjs';
import { button, has, part, place, t, write } from './page_parts.mjs';
import { clock } from './timeline.mjs';
import { keptFromCertifying, making, nextStep, standing } from './verdict.mjs';

/** @typedef {import('./doors.mjs').Clip} Clip */
/** @typedef {import('./mask_plan.mjs').Mask} Mask */
/** @typedef {import('./timeline.mjs').Chosen} Chosen */
/** @typedef {{clip: Clip, mask: Mask, minor: boolean | null, unsaved: boolean, busy: boolean, open: boolean, chosen: Chosen, at_ms: number, marks: [number | null, number | null], past: boolean, future: boolean, left_ms: number, watched: boolean}} View */

/** @param {string} id @param {boolean} on */
const enable = (id, on) => {
  button(id).disabled = !on;
};

/** @param {View} view */
const drawChosen = ({ clip, mask, chosen, at_ms, marks, open }) => {
  const pane = chosen?.kind === 'pane' ? mask.windows[chosen.which] : undefined;
  const span = chosen?.kind === 'sound' ? mask.sounds[chosen.which] : undefined;
  const kind = pane ? 'pane' : span ? 'sound' : 'none';
  const [begin, end] = [t(`begin.${kind}`), t(`end.${kind}`)];
  write('begin-word', begin);
  write('end-word', end);
  const [from, to] = pane ? [pane[0]?.[0] ?? 0, pane.at(-1)?.[0] ?? 0] : span ?? [0, 0];
  const may = clip.may.mask && open;
  if (pane && chosen) {
    write('chosen-title', t(mask.why === null ? 'window' : 'cover', { n: chosen.which + 1 }));
    const away = !boxAt(pane, at_ms);
    write('chosen-facts', away ? t('chosen_away', { begin, end }) : t('chosen_facts', { from: clock(from), to: clock(to), keys: pane.length }));
  } else if (span) {
    write('chosen-title', t('span_chosen', { voice: t(`voice.${span[2]}`) }));
    write('chosen-facts', t('span_facts', { from: clock(from), to: clock(to) }));
  } else {
    write('chosen-title', t('none_chosen'));
    const marked = marks[0] !== null || marks[1] !== null;
    const none = t(mask.why === null ? 'none_chosen_word' : 'none_chosen_cover');
    write('chosen-facts', marked ? t('marks_facts', { from: clock(marks[0] ?? 0), to: clock(marks[1] ?? clip.length_ms) }) : none);
  }
  enable('begin', kind === 'none' || (may && at_ms < to));
  enable('end', kind === 'none' || (may && at_ms > from));
  enable('new', may);
  enable('copy', may && Boolean(pane));
  enable('drop', may && kind !== 'none');
  enable('drop-key', may && chosen?.kind === 'pane' && (pane?.length ?? 0) > 1 && hasKey(mask, chosen.which, at_ms));
  enable('sound-from', may && at_ms < clip.length_ms);
  enable('sound-to', may && mask.sounds.some(([since, until]) => since < at_ms && at_ms < until));
  part('voices', HTMLFieldSetElement).disabled = !may;
};

/** @param {View} view */
const drawGo = ({ clip, mask, minor, unsaved, busy }) => {
  write('why', mask.why === null ? t('turn_word') : t('turned_word', { why: mask.why }));
  write('turn', t(mask.why === null ? 'turn' : 'turn_back'));
  place('why').dataset.warn = String(mask.why !== null);
  const turn = button('turn');
  turn.disabled = !clip.may.mask;
  part('minors', HTMLFieldSetElement).disabled = !clip.may.mask;
  for (const each of document.querySelectorAll('input[name=minor]')) if (each instanceof HTMLInputElement) each.checked = each.value === String(minor);
  place('minor-word').hidden = minor !== true;
  write('minor-word', t('minor.blocks'));
  const under = making(clip);
  place('making').hidden = !under;
  write('making-word', under ? t(`making.${clip.rendering.state}`) : '');
  const percent = Math.round(clip.rendering.share * 100);
  write('making-share', under ? `${percent} %` : '');
  fill('share', clip.rendering.share);
  enable('cancel', clip.may.mask && !busy);
  const word = standing(clip, minor, unsaved);
  write('go-word', under && !unsaved ? '' : t(has(word) ? word : 'render_failed'));
  place('go-word').hidden = under && !unsaved;
  place('going').hidden = under && !unsaved;
  const next = nextStep(clip, unsaved);
  write('render', t(next));
  enable('save', clip.may.mask && unsaved && !busy);
  enable('render', next === 'to_review' || (clip.may.mask && minor !== null && !busy && (!under || unsaved)));
  button('render').dataset.next = next;
};

/** @param {View} view */
const drawRelease = ({ clip, unsaved, left_ms, busy }) => {
  const { release } = clip;
  write('release-state', release ? t('release_of', { number: release.number, state: t(`state.${release.state}`) }) : t('release_none'));
  const rows = (release?.certified ?? []).map(({ title, at }) => t('certified_by', { title, time: civil(at, clip) }));
  write('revoked-why', release?.revoked_why ? t('revoked_why', { why: release.revoked_why }) : '');
  place('revoked-why').hidden = !release?.revoked_why;
  if (release && !rows.length) rows.push(t('certified_none'));
  const list = place('certified');
  list.dataset.signed = String(Boolean(release?.certified.length));
  if (list.textContent !== rows.join('')) list.replaceChildren(...rows.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
  button('propose').hidden = !clip.may.mask || (release !== null && release.state !== 'REVOKED');
  enable('propose', !busy && Boolean(clip.sha256) && !unsaved && clip.minor !== true);
  const seen = clip.sha256 ? 1 - left_ms / clip.length_ms : 0;
  fill('watched-share', seen);
  write('watched-word', !clip.sha256 ? t('none_rendered') : left_ms > 0 ? t('watched_left', { time: clock(left_ms + 999, true) }) : t('watched_all'));
  place('left').hidden = !clip.sha256;
  write('left', left_ms > 0 ? t('left_short', { time: clock(left_ms + 999, true) }) : t('watched_all'));
  write('minor-said', t(clip.minor === null ? 'minor.unsaid' : clip.minor ? 'minor.said_yes' : 'minor.said_no'));
  write('digest', clip.sha256 ?? t('file_none'));
  const kept = keptFromCertifying(clip, unsaved, left_ms);
  write('certify-word', t(kept ?? 'certify_ready'));
  enable('certify', kept === null && !busy);
  button('revoke').hidden = !clip.may.revoke || !release || release.state === 'REVOKED';
  enable('revoke', !busy);
};

/** @param {number} at @param {Clip & {civil_offset_s?: number}} clip */
const civil = (at, clip) => new Date(at + (clip.civil_offset_s ?? 8 * 3600) * 1000).toLocaleString('zh-CN', { timeZone: 'UTC', hour12: false });

/** @param {string} id @param {number} share */
const fill = (id, share) => {
  const bar = place(id);
  bar.style.width = `${Math.min(Math.max(share, 0), 1) * 100}%`;
  bar.parentElement?.setAttribute('aria-valuenow', String(Math.round(share * 100)));
};

/** @param {View} view */
export const drawSides = (view) => {
  drawChosen(view);
  drawGo(view);
  drawRelease(view);
  enable('undo', view.clip.may.mask && view.past);
  enable('redo', view.clip.may.mask && view.future);
};
