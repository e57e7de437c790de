/* The way of one mission: a reason first, then every unit's line on the court's own map, and where each was at a moment. */

import { baseOf, followMap, groundOf, paintGround, project } from '/centre/assets/modules/ground.mjs';

/** @typedef {{id: string, no: string, matter: string, team: string | null, case_no: string | null, departed_at: number | null, arrived_at: number | null, ended_at: number | null, kept: number}} Mission */
/** @typedef {{unit: string, thinned: boolean, metres: number, points: [number, number, number][]}} Track t (ms), latitude, longitude */

const GAP_MS = 120_000; // longer than that nobody knows the way: the line is broken
const COLOURS = ['--way', '--site', '--idle', '--plate', '--text-2', '--sos'];

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
const part = (id, kind) => {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id}`);
  return found;
};

/** @type {Record<string, string>} */
const texts = JSON.parse(part('texts', HTMLScriptElement).textContent ?? '{}');
/** @param {string} key @param {Record<string, string | number>} [holes] */
const t = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(holes[name] ?? ''));

const [list, said, ask, reason, shown] = [
  part('list', HTMLOListElement), part('said', HTMLParagraphElement), part('ask', HTMLFormElement), part('reason', HTMLInputElement), part('shown', HTMLDivElement),
];
const [canvas, time, at, units, thin, take] = [
  part('map', HTMLCanvasElement), part('time', HTMLInputElement), part('at', HTMLOutputElement), part('units', HTMLUListElement), part('thin', HTMLElement),
  part('take', HTMLButtonElement),
];

let civilOffset = 8 * 3_600_000;
/** @param {number} ms */
const clock = (ms) => new Date(ms + civilOffset).toISOString().slice(0, 16).replace('T', ' ');
/** @param {number} ms */
const second = (ms) => new Date(ms + civilOffset).toISOString().slice(11, 19);

/** @type {Mission | null} */
let chosen = null;
/** @type {Track[]} */
let tracks = [];
/** @type {Record<string, any>} */
let ground = {};
let span = { from: 0, to: 1 };
let view = { x: 0.5, y: 0.5, scale: 1024 };
let drawBase = () => {};

/** @param {string} text @param {boolean} [bad] */
const say = (text, bad = false) => { said.textContent = text; said.dataset.bad = String(bad); };

/** @param {string} path @param {unknown} [body] */
async function door(path, body) {
  const asked = body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`/api/missions${path}`, { ...asked, signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error?.text ?? t('failed'));
  return answer;
}

/** @param {Mission} mission */
function choose(mission) {
  chosen = mission;
  for (const button of list.querySelectorAll('button')) button.setAttribute('aria-current', String(button.dataset.id === mission.id));
  [ask.hidden, shown.hidden] = [false, true];
  say(t('why'));
  reason.focus();
}

// --- drawing

/** @param {number} lat @param {number} lon @returns {[number, number]} */
function onScreen(lat, lon) {
  const [x, y] = project(lat, lon);
  return [(x - view.x) * view.scale + canvas.clientWidth / 2, (y - view.y) * view.scale + canvas.clientHeight / 2];
}

function fit() {
  const places = tracks.flatMap((each) => each.points.map(([, lat, lon]) => project(lat, lon)));
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const room = Math.min(canvas.clientWidth / Math.max(x1 - x0, 1e-6), canvas.clientHeight / Math.max(y1 - y0, 1e-6));
  view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: Math.min(room * 0.8, 2 ** 26) };
}

const moment = () => span.from + (span.to - span.from) * Number(time.value) / 1000;

/** Where a unit was then: the last place not after it. @param {Track} track @param {number} ms */
const placeAt = (track, ms) => {
  const after = track.points.findIndex(([then]) => then > ms);
  return after < 0 ? track.points.at(-1) : track.points[Math.max(0, after - 1)];
};

function paint() {
  const pen = canvas.getContext('2d');
  const [w, h, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  if (!pen || !w) return;
  [canvas.width, canvas.height] = [Math.round(w * ratio), Math.round(h * ratio)];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  paintGround(pen, w, h, ground, (lon, lat) => onScreen(lat, lon));
  const css = getComputedStyle(document.documentElement);
  pen.lineJoin = pen.lineCap = 'round';
  for (const [number, track] of tracks.entries()) {
    const colour = css.getPropertyValue(COLOURS[number % COLOURS.length] ?? '--text');
    line(pen, track, colour);
    const first = track.points[0], now = placeAt(track, moment());
    if (first) ring(pen, first, colour, 7, false);
    if (now) { ring(pen, now, colour, 10, true); label(pen, now, track.unit, css.getPropertyValue('--text')); }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Track} track @param {string} colour */
function line(pen, track, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 4;
  pen.beginPath();
  let before = -Infinity;
  for (const [ms, lat, lon] of track.points) {
    const [x, y] = onScreen(lat, lon);
    if (ms - before > GAP_MS) pen.moveTo(x, y); else pen.lineTo(x, y);
    before = ms;
  }
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {[number, number, number]} place @param {string} colour @param {number} radius @param {boolean} full */
function ring(pen, [, lat, lon], colour, radius, full) {
  const [x, y] = onScreen(lat, lon);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fillStyle = full ? colour : '#0a1422';
  pen.fill();
  pen.lineWidth = 3;
  pen.strokeStyle = full ? '#0a1422' : colour;
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {[number, number, number]} place @param {string} text @param {string} colour */
function label(pen, [, lat, lon], text, colour) {
  const [x, y] = onScreen(lat, lon);
  pen.font = `700 18px ${getComputedStyle(canvas).fontFamily}`;
  pen.lineWidth = 5;
  pen.strokeStyle = '#0a1422';
  pen.strokeText(text, x + 14, y + 6);
  pen.fillStyle = colour;
  pen.fillText(text, x + 14, y + 6);
}

/** The base map is drawn once the view has come to rest. */
let settled = 0;
function moved() {
  paint();
  clearTimeout(settled);
  settled = setTimeout(drawBase, 120);
}

function tell() {
  at.value = second(moment());
  paint();
}

// --- asking

ask.addEventListener('submit', async (event) => {
  event.preventDefault();
  const mission = chosen;
  if (!mission) return;
  try {
    const found = await (await door(`/${encodeURIComponent(mission.id)}/track`, { reason: reason.value })).json();
    tracks = found.tracks;
    if (!tracks.length) return say(t('empty'), true);
    [ask.hidden, shown.hidden] = [true, false];
    say(t('audited'));
    span = { from: Math.min(...tracks.map((each) => each.points[0]?.[0] ?? Infinity)), to: Math.max(...tracks.map((each) => each.points.at(-1)?.[0] ?? 0)) };
    part('no', HTMLElement).textContent = `${mission.no} ${mission.matter}`;
    part('span', HTMLElement).textContent = t('span', { from: clock(span.from), to: clock(span.to) });
    thin.hidden = part('why-thin', HTMLElement).hidden = !tracks.some((each) => each.thinned);
    units.replaceChildren(...tracks.map(row));
    time.value = '1000';
    fit();
    tell();
    moved();
  } catch (error) {
    say(error instanceof Error ? error.message : t('failed'), true);
  }
});

/** @param {Track} track @param {number} number */
function row(track, number) {
  const made = document.createElement('li'), mark = document.createElement('i'), name = document.createElement('b');
  mark.style.borderColor = `var(${COLOURS[number % COLOURS.length]})`;
  name.textContent = t('unit', { no: track.unit });
  made.append(mark, name, ` ${t(track.thinned ? 'of_thinned' : 'of_whole', { n: track.points.length, km: (track.metres / 1000).toFixed(1) })}`);
  return made;
}

take.addEventListener('click', async () => {
  if (!chosen) return;
  try {
    const file = await (await door(`/${encodeURIComponent(chosen.id)}/track.geojson`, { reason: reason.value })).blob();
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = `track-${chosen.id}.geojson`;
    link.click();
    URL.revokeObjectURL(link.href);
    say(t('taken'));
  } catch (error) {
    say(error instanceof Error ? error.message : t('failed'), true);
  }
});

time.addEventListener('input', tell);
addEventListener('resize', moved);
canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.25 : 0.8); }, { passive: false });
canvas.addEventListener('pointerdown', (event) => canvas.setPointerCapture(event.pointerId));
canvas.addEventListener('pointermove', (event) => { if (event.buttons & 1) move(event.movementX, event.movementY); });
canvas.addEventListener('keydown', (event) => {
  const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
  if (step) move(step[0] ?? 0, step[1] ?? 0);
  else if (event.key === '+' || event.key === '=') zoom(1.25);
  else if (event.key === '-') zoom(0.8);
  else return;
  event.preventDefault();
});

/** @param {number} dx @param {number} dy */
function move(dx, dy) { view.x -= dx / view.scale; view.y -= dy / view.scale; moved(); }
/** @param {number} factor */
function zoom(factor) { view.scale = Math.min(2 ** 28, Math.max(2 ** 10, view.scale * factor)); moved(); }

// --- the list

try {
  const found = await (await door('')).json();
  civilOffset = found.civil_offset_s * 1000;
  /** @type {Mission[]} */
  const missions = found.missions;
  part('none', HTMLParagraphElement).hidden = missions.length > 0;
  list.replaceChildren(...missions.map((mission) => {
    const entry = document.createElement('li'), button = document.createElement('button'), head = document.createElement('b'), rest = document.createElement('small');
    button.type = 'button';
    button.dataset.id = mission.id;
    head.textContent = `${mission.no} ${mission.matter}`;
    const began = mission.departed_at ?? mission.arrived_at ?? 0;
    rest.textContent = [clock(began), mission.team, mission.case_no].filter(Boolean).join(' · ');
    button.append(head, rest);
    if (mission.kept) { const word = document.createElement('mark'); word.textContent = t('thinned'); button.append(word); }
    button.addEventListener('click', () => choose(mission));
    entry.append(button);
    return entry;
  }));
  const wanted = missions.find((each) => each.id === new URLSearchParams(location.search).get('mission'));
  if (wanted) choose(wanted);
} catch (error) {
  say(error instanceof Error ? error.message : t('failed'), true);
}
ground = await groundOf().catch(() => ({}));
drawBase = await baseOf(canvas, () => view, paint).catch(() => () => {});
if (!shown.hidden) moved();
followMap((fresh) => {
  ground = fresh;
  paint();
});
