// The desk: the queue in the order mine, unowned, others'; the verbs of the chosen one on the number keys; the walls.

import { all, now, on, rows, serverNow } from './state.mjs';
import { ago, hm, span } from './clock.mjs';
import { fill, h } from './draw.mjs';
import { t } from './text.mjs';
import { head, list, entry } from './page.mjs';

/** @typedef {Record<string, any>} Row */

let chosen = '';
let typed = '';
/** @type {[string, string, Row][]} */
let waiting = [];

export function startDesk() {
  on(draw);
  addEventListener('keydown', (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.altKey || event.metaKey) return;
    const button = document.querySelector(`[data-key="${event.key}"]`);
    if (button instanceof HTMLButtonElement) { button.click(); event.preventDefault(); }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') step(event.key === 'ArrowDown' ? 1 : -1);
  });
  draw();
}

/** @param {number} by */
function step(by) {
  const at = waiting.findIndex(([kind, id]) => `${kind}:${id}` === chosen);
  const next = waiting[Math.max(0, Math.min(waiting.length - 1, at + by))];
  if (next) chosen = `${next[0]}:${next[1]}`;
  draw();
}

/** @param {Record<string, unknown>} asked */
function ask(asked) {
  const client = /** @type {any} */ (window).dash_clientside;
  client.set_props('verb', { data: { ...asked, nonce: `${performance.now()}` } });
}

function draw() {
  if (!document.getElementById('desk')) { setTimeout(draw, 50); return; }
  const me = now.hello.me?.id;
  /** @type {[string, string, Row][]} */
  const open = [];
  for (const row of all('sos')) if (!['RESOLVED', 'FALSE_ALARM'].includes(row.state)) open.push(['sos', row.id, row]);
  for (const row of all('call')) if (!row.ended_at && row.state !== 'ENDED') open.push(['call', row.id, row]);
  const rank = (/** @type {[string, string, Row]} */ [kind, , row]) => (kind === 'sos' && !row.owner_id ? 0 : row.owner_id === me ? 1 : !row.owner_id ? 2 : 3);
  waiting = open.sort((a, b) => rank(a) - rank(b) || (a[2].placed_at ?? a[2].raised_at) - (b[2].placed_at ?? b[2].raised_at));
  if (!waiting.some(([kind, id]) => `${kind}:${id}` === chosen)) chosen = waiting[0] ? `${waiting[0][0]}:${waiting[0][1]}` : '';
  const body = document.getElementById('queue-body');
  if (!waiting.length) fill(body, h('p', { class: 'nothing' }, t(now.connection === 'connecting' ? 'wall.connecting' : 'desk.queue_none')));
  else fill(body, ...waiting.slice(0, 6).map(card), waiting.length > 6 ? h('p', { class: 'more' }, t('wall.more', { n: waiting.length - 6 })) : null);
  const newest = waiting.reduce((/** @type {number | null} */ top, [, , row]) => Math.max(top ?? 0, row.placed_at ?? row.raised_at), null);
  head('queue', newest, waiting.length ? 'live' : 'empty');
  verbs();
  walls();
  find();
  list('events', all('entry').sort((a, b) => b.seq - a.seq), entry, all('entry').reduce((/** @type {number | null} */ top, row) => Math.max(top ?? 0, row.at), null));
}

/** @param {[string, string, Row]} one */
function card([kind, id, row]) {
  const key = `${kind}:${id}`;
  const owner = !row.owner_id ? 'nobody' : row.owner_id === now.hello.me?.id ? 'me' : 'other';
  const element = h('button', { class: 'card', 'data-kind': kind, 'data-owner': owner, 'aria-selected': String(key === chosen), [`data-${kind}`]: id },
    h('b', {}, `${kind === 'sos' ? `${t('wall.sos')} ` : ''}${row.team ?? ''} ${row.who ?? ''}`), h('time', {}, span(serverNow() - (row.placed_at ?? row.raised_at))),
    h('span', {}, [row.place, row.matter].filter(Boolean).join('  ')), h('span', {}, owner === 'me' ? t('desk.mine') : row.owner ? t('wall.owned_by', { who: row.owner }) : t('wall.nobody')));
  element.onclick = () => { chosen = key; draw(); };
  return element;
}

/** Verbs stand at fixed keys and never move; the next likely one is the white plate. */
function verbs() {
  const [kind, id] = chosen.split(':');
  const row = kind ? rows[kind]?.get(id ?? '') : null;
  const body = document.getElementById('verbs-body');
  head('verbs', row ? row.placed_at ?? row.raised_at : null, row ? 'live' : 'empty');
  if (!row || !kind) { fill(body, h('p', { class: 'nothing' }, t('desk.nothing_chosen'))); return; }
  const names = kind === 'call' ? ['take_call', 'answer_call', 'end_call'] : ['take_sos', 'respond_sos', 'resolve_sos', 'false_sos'];
  const next = kind === 'call' ? (!row.owner_id ? 'take_call' : !row.answered_at ? 'answer_call' : 'end_call') : !row.owner_id ? 'take_sos' : row.state === 'ACKED' ? 'respond_sos' : 'resolve_sos';
  const buttons = names.map((verb, i) => {
    const button = h('button', { 'data-key': String(i + 1), 'data-verb': verb, 'data-next': verb === next }, h('kbd', {}, String(i + 1)), t(`desk.${verb}`));
    button.onclick = () => ask({ verb, id });
    return button;
  });
  const first = all('wall').sort((a, b) => a.position - b.position)[0];
  if (first) {
    const show = h('button', { 'data-key': '5', 'data-verb': 'show' }, h('kbd', {}, '5'), t('desk.show', { wall: first.name }));
    show.onclick = () => ask({ verb: 'show', id: first.id, kind, row: id });
    buttons.push(show);
  }
  const same = body?.querySelector('.keys');
  const facts = h('div', { class: 'chosen' }, h('h3', {}, `${row.team ?? ''} ${row.who ?? ''}`), h('span', {}, row.number ?? ''), h('span', {}, [row.place, row.matter, row.case_no].filter(Boolean).join('  ')),
    h('span', {}, row.fix_at ? t('desk.fix', { age: ago(serverNow() - row.fix_at) }) : t('wall.sos_no_fix')), h('span', {}, row.owner ? t('wall.owned_by', { who: row.owner }) : t('wall.nobody')));
  if (same && body instanceof HTMLElement && body.dataset.for === `${chosen}:${next}:${first?.id}`) { body.querySelector('.chosen')?.replaceWith(facts); return; } // buttons that stand still can be pressed
  if (body instanceof HTMLElement) body.dataset.for = `${chosen}:${next}:${first?.id}`;
  fill(body, facts, h('div', { class: 'keys' }, ...buttons));
}

function walls() {
  const list_ = all('wall').sort((a, b) => a.position - b.position);
  const body = document.getElementById('walls-body');
  head('walls', list_.reduce((/** @type {number | null} */ top, row) => (row.steered_at ? Math.max(top ?? 0, row.steered_at) : top), null), list_.length ? 'live' : 'empty');
  const key = JSON.stringify([list_, Math.floor(serverNow() / 2000), now.walls]);
  if (body instanceof HTMLElement && body.dataset.for === key) return;
  if (body instanceof HTMLElement) body.dataset.for = key;
  if (!list_.length) { fill(body, h('p', { class: 'nothing' }, t('desk.walls_none'))); return; }
  fill(body, ...list_.slice(0, 4).map((row) => {
    const seen = now.walls[row.id];
    const button = (/** @type {string} */ text, /** @type {boolean} */ pressed, /** @type {Record<string, unknown>} */ asked) => { const b = h('button', { 'aria-pressed': String(pressed) }, text); b.onclick = () => ask({ id: row.id, ...asked }); return b; };
    return h('div', { class: 'wall-row', 'data-wall': row.id }, h('b', {}, row.name ?? ''), button(t('desk.layout_1'), row.layout === 1 && !row.visitors, { verb: 'steer', layout: 1 }), button(t('desk.layout_3'), row.layout === 3 && !row.visitors, { verb: 'steer', layout: 3 }),
      button(t('wall.visitors'), Boolean(row.visitors), { verb: 'visitors', on: !row.visitors }),
      h('small', {}, [seen ? ago(serverNow() - seen) : t('desk.wall_unseen'), row.steered_by ? t('desk.steered', { who: row.steered_by, time: hm(row.steered_at) }) : ''].filter(Boolean).join('  ')));
  }));
}

function find() {
  const body = document.getElementById('find-body');
  if (!body) return;
  let input = body.querySelector('input');
  if (!input) {
    input = /** @type {HTMLInputElement} */ (h('input', { id: 'find-input', inputmode: 'numeric', 'aria-label': t('wall.find'), placeholder: '1003' }));
    input.oninput = () => { typed = input?.value.trim() ?? ''; draw(); };
    fill(body, input, h('p', { class: 'found' }));
  }
  const row = rows.unit?.get(typed);
  const place = body.querySelector('.found');
  const said = !typed ? t('desk.find_hint') : row ? `${row.label ?? ''}  ${t(`wall.doing_${row.status}`)}` : t('desk.find_none');
  if (place && place.textContent !== said) place.textContent = said;
  head('find', null, row ? 'live' : 'empty');
}
