/* The part «带入视频» of the list: what is on its way, with its buttons; what waits for its file again. */

import { Bringing, cancel, coming, offsetOf } from './bring.mjs';
import { part, place, t } from './page_parts.mjs';

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {string} text @param {string} [name] */
const made = (tag, text, name = '') => Object.assign(document.createElement(tag), { textContent: text, className: name });

/** @param {string} text @param {() => void | Promise<void>} act */
const press = (text, act) => {
  const button = made('button', text);
  button.type = 'button';
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : t('no_server');
      button.disabled = false;
    }
  });
  return button;
};

/** @param {number} share */
const pct = (share) => Math.floor(share * 100);

/** @param {number} share */
const bar = (share) => {
  const [outer, inner] = [made('div', '', 'bar'), document.createElement('i')];
  inner.style.width = `${share * 100}%`;
  outer.setAttribute('role', 'progressbar');
  outer.setAttribute('aria-valuenow', String(pct(share)));
  outer.append(inner);
  return outer;
};

const [list, said, choose] = [part('coming', HTMLUListElement), place('bring-said'), part('choose', HTMLInputElement)];
/** @type {Map<Bringing, HTMLLIElement>} */
const rows = new Map();

/** @param {HTMLLIElement} row @param {string} name @param {string} word @param {string} state @param {HTMLElement[]} more */
const fill = (row, name, word, state, ...more) => {
  const there = document.activeElement instanceof HTMLButtonElement && row.contains(document.activeElement) ? document.activeElement.textContent : null;
  row.dataset.state = state;
  row.replaceChildren(made('b', name), made('span', word), ...more);
  if (there) [...row.querySelectorAll('button')].find((each) => each.textContent === there)?.focus();
};

/** @param {Bringing} bringing */
const draw = (bringing) => {
  const row = rows.get(bringing);
  if (!row) return;
  const { state, share, why, file, id } = bringing;
  if (state === 'cancelled') {
    row.remove();
    rows.delete(bringing);
    said.textContent = bringing.final ? '' : t('cancelled');
    return;
  }
  const word = state === 'failed' ? why : share === 1 && state === 'sending' ? t('judging') : t(state, { share: pct(share) });
  if (row.dataset.state === state && state !== 'failed') { // a button that is being pressed must not be replaced under the finger
    const [text, outer] = [row.querySelector('span'), row.querySelector('.bar')];
    if (text) text.textContent = word;
    outer?.setAttribute('aria-valuenow', String(pct(share)));
    /** @type {HTMLElement | null | undefined} */ (outer?.firstElementChild)?.style.setProperty('width', `${share * 100}%`);
    return;
  }
  const buttons = [];
  if (state === 'sending') buttons.push(press(t('pause'), () => bringing.pause()));
  if (state === 'paused' || (state === 'failed' && !bringing.final)) buttons.push(press(t('go_on'), () => bringing.goOn()));
  if (state !== 'done') buttons.push(press(t(bringing.final ? 'seen' : 'cancel'), () => bringing.cancel()));
  if (state === 'done') buttons.push(Object.assign(made('a', t('cut'), 'act'), { href: `/centre/screening/cut?recording=${encodeURIComponent(id)}` }));
  fill(row, file.name, word, state, ...(state === 'done' ? [] : [bar(share)]), ...buttons);
};

choose.addEventListener('change', () => {
  said.textContent = '';
  for (const file of choose.files ?? []) {
    const row = document.createElement('li');
    const bringing = new Bringing(file, () => draw(bringing));
    rows.set(bringing, row);
    list.prepend(row);
    for (const waiting of list.querySelectorAll('li[data-size]')) if (waiting instanceof HTMLElement && Number(waiting.dataset.size) === file.size) waiting.remove();
    draw(bringing);
    bringing.begin();
  }
  choose.value = '';
});

/** What was begun before this page was loaded: the file is needed again, what came of it is not. */
const waiting = async () => {
  for (const each of await coming()) {
    const row = document.createElement('li');
    const has = await offsetOf(each.id);
    const share = (has ?? 0) / each.size;
    row.dataset.size = String(each.size);
    const drop = press(t('cancel'), async () => {
      await cancel(each.id);
      row.remove();
      said.textContent = t('cancelled');
    });
    fill(row, each.name ?? t('no_name'), t('choose_again', { share: pct(share) }), 'waiting', bar(share), drop);
    list.append(row);
  }
};
waiting().catch((error) => { said.textContent = error instanceof Error ? error.message : t('no_server'); });
