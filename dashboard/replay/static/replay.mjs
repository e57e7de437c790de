/* One recording looked at again: a reason first, then its segments one after the other on one line of time, gaps left open. */

/** @typedef {{id: string, call: string | null, unit: string | null, origin: string, state: string, category: string, began_at: number, ended_at: number | null, held_at: number | null, purged_at: number | null, keep_until: number | null, segments: number, duration_ms: number}} Recording */
/** @typedef {{number: number, form: string, began_at: number, duration_ms: number, size: number, sha256: string, recovered: boolean}} Segment */
/** @typedef {{track: string, from_at: number, to_at: number, why: string, filled_ms: number}} Gap */

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
const part = (id, kind) => {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id}`);
  return found;
};

/** @type {Record<string, string>} */
const texts = JSON.parse(part('texts', HTMLScriptElement).textContent ?? '{}');
const [list, none, said, ask, reason] = [
  part('list', HTMLOListElement), part('none', HTMLParagraphElement), part('said', HTMLParagraphElement), part('ask', HTMLFormElement),
  part('reason', HTMLInputElement),
];
const [shown, video, line, gapsList, at, facts, hold, keep] = [
  part('shown', HTMLDivElement), part('video', HTMLVideoElement), part('line', HTMLDivElement), part('gaps', HTMLUListElement),
  part('at', HTMLOutputElement), part('facts', HTMLSpanElement), part('hold', HTMLButtonElement), part('keep', HTMLButtonElement),
];

/** @param {string} key @param {Record<string, string | number>} [holes] */
const t = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(holes[name] ?? ''));

let civilOffset = 8 * 3_600_000; // ms from UTC to the court's civil time; the list says it
/** @param {number} ms */
const clock = (ms) => new Date(ms + civilOffset).toLocaleString('zh-CN', { timeZone: 'UTC', hour12: false });
/** @param {number} ms */
const lasted = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;

/** @param {string} path @param {unknown} [body] */
const door = async (path, body) => {
  const asked = body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`/api/recordings${path}`, asked);
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error?.text ?? t('failed'));
  return json;
};

/** @param {string} text @param {boolean} [bad] */
const say = (text, bad = false) => {
  said.textContent = text;
  said.dataset.bad = String(bad);
};

/** @type {Recording | null} */
let chosen = null;
/** @type {Segment[]} */
let segments = [];
/** @type {Segment | null} */
let playing = null;
let look = '';
const mark = document.createElement('b');

const began = () => segments[0]?.began_at ?? 0;
const ended = () => Math.max(...segments.map((each) => each.began_at + each.duration_ms), began() + 1);

/** @param {Recording} recording */
const choose = (recording) => {
  chosen = recording;
  for (const button of list.querySelectorAll('button')) button.setAttribute('aria-current', String(button.dataset.id === recording.id));
  [ask.hidden, shown.hidden] = [false, true];
  video.removeAttribute('src');
  say(t('why'));
  reason.focus();
};

/** @param {Segment} segment @param {number} seconds */
const play = (segment, seconds) => {
  if (playing !== segment || !video.src) {
    playing = segment;
    video.poster = `/api/recordings/${chosen?.id}/${segment.number}.jpg?look=${look}`;
    video.src = `/api/recordings/${chosen?.id}/${segment.number}.${segment.form}?look=${look}`;
    facts.textContent = t('facts', { number: segment.number, of: segments.length, sha256: segment.sha256 }) + (segment.recovered ? ` ${t('recovered')}` : '');
  }
  video.currentTime = seconds;
  video.play().catch(() => say(t('press_play')));
};

/** @param {number} moment ms since 1970; in a gap the segment after it begins */
const seek = (moment) => {
  const found = segments.find((each) => moment < each.began_at + each.duration_ms) ?? segments.at(-1);
  if (found) play(found, Math.max(0, (moment - found.began_at) / 1000));
};

/** @param {Gap[]} gaps */
const draw = (gaps) => {
  const [from, span] = [began(), ended() - began()];
  line.replaceChildren(...segments.map((each) => {
    const bar = document.createElement('i');
    bar.style.left = `${(each.began_at - from) / span * 100}%`;
    bar.style.width = `${each.duration_ms / span * 100}%`;
    return bar;
  }), mark);
  line.setAttribute('aria-valuemax', String(Math.round(span / 1000)));
  gapsList.replaceChildren(...gaps.map((gap) => {
    const row = document.createElement('li');
    const holes = { track: t(`track.${gap.track}`), from: clock(gap.from_at), seconds: ((gap.to_at - gap.from_at) / 1000).toFixed(1) };
    if (gap.filled_ms) row.dataset.filled = '';
    row.textContent = t(gap.filled_ms ? 'filled' : 'gap', { ...holes, why: t(`why.${gap.why}`), filled: (gap.filled_ms / 1000).toFixed(1) });
    return row;
  }));
};

ask.addEventListener('submit', async (event) => {
  event.preventDefault();
  const recording = chosen;
  if (!recording) return;
  try {
    const found = await door(`/${recording.id}/look`, { reason: reason.value });
    [look, segments, playing] = [found.look, found.segments, null];
    if (!segments.length) return say(t('empty'), true);
    [ask.hidden, shown.hidden] = [true, false];
    say(t('audited'));
    draw(found.gaps);
    play(/** @type {Segment} */ (segments[0]), 0);
  } catch (error) {
    say(error instanceof Error ? error.message : t('failed'), true);
  }
});

video.addEventListener('timeupdate', () => {
  if (!playing) return;
  const moment = playing.began_at + video.currentTime * 1000;
  at.value = clock(moment);
  mark.style.left = `${(moment - began()) / (ended() - began()) * 100}%`;
  line.setAttribute('aria-valuenow', String(Math.round((moment - began()) / 1000)));
});
video.addEventListener('ended', () => {
  const next = playing ? segments[segments.indexOf(playing) + 1] : undefined;
  if (next) play(next, 0);
});
line.addEventListener('click', (event) => {
  const box = line.getBoundingClientRect();
  seek(began() + (event.clientX - box.left) / box.width * (ended() - began()));
});
line.addEventListener('keydown', (event) => {
  const step = { ArrowLeft: -5_000, ArrowRight: 5_000 }[event.key];
  if (step && playing) seek(playing.began_at + video.currentTime * 1000 + step);
});

/** @param {string} path @param {Record<string, unknown>} body */
const decide = async (path, body) => {
  if (!chosen) return;
  try {
    await door(`/${chosen.id}/${path}`, { ...body, reason: reason.value });
    say(t('done'));
    await load();
  } catch (error) {
    say(error instanceof Error ? error.message : t('failed'), true);
  }
};
hold.addEventListener('click', () => decide('hold', { held: true }));
keep.addEventListener('click', () => decide('category', { category: 'KEPT' }));

/** @param {Recording} each */
const row = (each) => {
  const item = document.createElement('li');
  const button = document.createElement('button');
  const [title, rest] = [document.createElement('span'), document.createElement('small')];
  button.type = 'button';
  Object.assign(button.dataset, { id: each.id, state: each.state });
  button.setAttribute('aria-current', String(each.id === chosen?.id));
  title.textContent = t('row', { call: each.call ?? t('no_call'), unit: each.unit ?? '—' });
  const kept = each.held_at ? t('held') : each.category === 'KEPT' ? t('kept') : each.keep_until ? t('until', { day: clock(each.keep_until) }) : t(`state.${each.state}`);
  rest.textContent = t('rest', { began: clock(each.began_at), lasted: lasted(each.duration_ms), kept: each.purged_at ? t('purged') : kept });
  button.append(title, rest);
  button.disabled = Boolean(each.purged_at) || !each.segments;
  button.addEventListener('click', () => choose(each));
  if (each.origin === 'BROUGHT') button.append(Object.assign(document.createElement('mark'), { textContent: t('by_court') }));
  if (each.origin === 'PHONE') button.append(Object.assign(document.createElement('mark'), { textContent: t('by_phone') }));
  item.append(button);
  return item;
};

const AGAIN_MS = 5_000; // while something is being recorded
let again = 0;
const load = async () => {
  const call = new URLSearchParams(location.search).get('call');
  const found = await door(call ? `?call=${encodeURIComponent(call)}` : '');
  civilOffset = found.civil_offset_s * 1000;
  const there = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined;
  list.replaceChildren(...found.recordings.map(row));
  if (there) /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${there}"]`))?.focus();
  none.hidden = found.recordings.length > 0;
  clearTimeout(again);
  if (found.recordings.some((/** @type {Recording} */ each) => each.ended_at === null)) again = setTimeout(() => load().catch(() => {}), AGAIN_MS);
};

load().catch((error) => say(error instanceof Error ? error.message : t('failed'), true));
