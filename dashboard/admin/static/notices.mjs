/* What an administrator must know of another one, on every page until he has pressed «seen» in this browser. */

import { ask, t } from './ask.mjs';

const SEEN = 'ecc-notices-seen';
const MOST = 100; // remembered ids; older ones are not sent any more

/** @returns {string[]} */
const seen = () => { try { return JSON.parse(localStorage.getItem(SEEN) ?? '[]'); } catch { return []; } };

/** @param {{id: string, text: string}} notice */
function show(notice) {
  const line = document.createElement('p');
  line.className = 'told notice';
  line.setAttribute('role', 'alert');
  line.dataset.notice = notice.id;
  const button = document.createElement('button');
  button.textContent = t('notice_seen');
  button.onclick = () => {
    localStorage.setItem(SEEN, JSON.stringify([notice.id, ...seen()].slice(0, MOST)));
    line.remove();
  };
  line.append(notice.text, button);
  document.querySelector('main')?.prepend(line);
}

if (document.querySelector('nav a[href="/centre/admin/factors"]')) {
  /** @type {{id: string, text: string}[]} */
  const notices = await ask('/notices').catch(() => []);
  const known = seen();
  for (const notice of notices.filter((each) => !known.includes(each.id)).reverse()) show(notice);
}
