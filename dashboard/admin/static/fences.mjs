/* 围栏: a line drawn by presses or keys on the court's own map. What is wrong with it the server says. */

import { ask, part, press, sayAfter, sure, tell, t } from './ask.mjs';
import { baseOf, box, followMap, groundOf, paintGround, project, unproject } from '/centre/assets/modules/ground.mjs';

/** @typedef {[number, number]} Corner latitude, longitude */

const STEP = 24; // CSS pixels that an arrow key moves the cross
const CLOSEST = 2 ** 22, FARTHEST = 2 ** 10; // pixels of the whole world
const DRAG = 6; // farther than that, a press was a pull

/** @type {{name: string, ring: Corner[]}[]} */
const there = JSON.parse(part('fences', HTMLScriptElement).textContent ?? '[]');
const canvas = part('map', HTMLCanvasElement);
/** @type {Corner[]} */
let corners = [];
let view = { x: 0.5, y: 0.5, scale: FARTHEST };
/** @type {{x: number, y: number} | null} */
let cross = null;
/** @type {Record<string, any>} */
let ground = {};
let drawBase = () => {};

const size = () => ({ w: canvas.clientWidth, h: canvas.clientHeight });

/** @param {Corner} corner @returns {[number, number]} */
function onScreen([lat, lon]) {
  const [x, y] = project(lat, lon);
  const { w, h } = size();
  return [(x - view.x) * view.scale + w / 2, (y - view.y) * view.scale + h / 2];
}

/** @param {number} x @param {number} y @returns {Corner} */
function fromScreen(x, y) {
  const { w, h } = size();
  return unproject(view.x + (x - w / 2) / view.scale, view.y + (y - h / 2) / view.scale);
}

function paint() {
  const { w, h } = size();
  const pen = canvas.getContext('2d');
  if (!pen || !w) return;
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(w * ratio)) { canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio); }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  paintGround(pen, w, h, ground, (lon, lat) => onScreen([lat, lon]));
  const css = getComputedStyle(document.documentElement);
  for (const fence of there) line(pen, fence.ring, css.getPropertyValue('--text-2'), [6, 5], fence.name);
  line(pen, corners, css.getPropertyValue('--plate'), [], '');
  for (const [number, corner] of corners.entries()) {
    const [x, y] = onScreen(corner);
    pen.beginPath();
    pen.arc(x, y, number ? 7 : 10, 0, 7);
    pen.fillStyle = css.getPropertyValue('--plate');
    pen.fill();
  }
  if (cross && document.activeElement === canvas) {
    pen.strokeStyle = css.getPropertyValue('--text');
    pen.lineWidth = 2;
    pen.strokeRect(cross.x - 9, cross.y - 9, 18, 18);
    pen.beginPath();
    pen.moveTo(cross.x - 18, cross.y); pen.lineTo(cross.x + 18, cross.y);
    pen.moveTo(cross.x, cross.y - 18); pen.lineTo(cross.x, cross.y + 18);
    pen.stroke();
  }
}

/** @param {CanvasRenderingContext2D} pen @param {Corner[]} ring @param {string} colour @param {number[]} dash @param {string} name */
function line(pen, ring, colour, dash, name) {
  if (!ring.length) return;
  pen.beginPath();
  ring.forEach((corner, i) => { const [x, y] = onScreen(corner); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
  pen.closePath();
  pen.strokeStyle = colour;
  pen.lineWidth = dash.length ? 2 : 3;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
  const [x, y] = onScreen(ring[0] ?? [0, 0]);
  pen.fillStyle = colour;
  pen.font = `18px ${getComputedStyle(canvas).fontFamily}`;
  if (name) pen.fillText(name, x + 6, y - 8);
}

/** The base map is drawn once the view has come to rest. */
let settled = 0;
function moved() {
  paint();
  clearTimeout(settled);
  settled = setTimeout(drawBase, 120);
}

function changed() {
  part('undo', HTMLButtonElement).disabled = part('clear', HTMLButtonElement).disabled = corners.length === 0;
  part('save', HTMLButtonElement).disabled = corners.length < 3;
  part('corners', HTMLElement).textContent = t(corners.length < 3 ? 'fence_more' : 'fence_enough', { n: corners.length });
  paint();
}

/** @param {number} x @param {number} y */
function add(x, y) { corners.push(fromScreen(x, y)); changed(); }
function back() { corners.pop(); changed(); }

/** @param {number} factor */
function zoom(factor) {
  view.scale = Math.min(CLOSEST * 64, Math.max(FARTHEST, view.scale * factor));
  moved();
}

// --- by presses

/** @type {{x: number, y: number, far: boolean} | null} */
let pulled = null;
canvas.addEventListener('pointerdown', (event) => { pulled = { x: event.offsetX, y: event.offsetY, far: false }; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener('pointermove', (event) => {
  if (!pulled) return;
  const dx = event.offsetX - pulled.x, dy = event.offsetY - pulled.y;
  if (!pulled.far && Math.hypot(dx, dy) < DRAG) return;
  view.x -= dx / view.scale;
  view.y -= dy / view.scale;
  pulled = { x: event.offsetX, y: event.offsetY, far: true };
  moved();
});
canvas.addEventListener('pointerup', (event) => {
  if (pulled && !pulled.far) { cross = null; add(event.offsetX, event.offsetY); }
  pulled = null;
});
canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.25 : 0.8); }, { passive: false });

// --- by keys

/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener('keydown', (event) => {
  const { w, h } = size();
  cross ??= { x: w / 2, y: h / 2 };
  const move = MOVES[event.key];
  if (move) {
    const far = event.shiftKey ? STEP / 4 : STEP;
    cross = { x: Math.min(w, Math.max(0, cross.x + move[0] * far)), y: Math.min(h, Math.max(0, cross.y + move[1] * far)) };
  } else if (event.key === 'Enter' || event.key === ' ') add(cross.x, cross.y);
  else if (event.key === 'Backspace' || (event.key === 'z' && event.ctrlKey)) back();
  else if (event.key === '+' || event.key === '=') zoom(1.5);
  else if (event.key === '-') zoom(1 / 1.5);
  else return;
  event.preventDefault();
  paint();
});
for (const kind of ['focus', 'blur']) canvas.addEventListener(kind, paint);
part('undo', HTMLButtonElement).addEventListener('click', back);
part('clear', HTMLButtonElement).addEventListener('click', () => { corners = []; changed(); });
part('closer', HTMLButtonElement).addEventListener('click', () => zoom(1.5));
part('farther', HTMLButtonElement).addEventListener('click', () => zoom(1 / 1.5));

// --- to the court

const form = part('fence', HTMLFormElement);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  press(part('save', HTMLButtonElement), async () => {
    const said = Object.fromEntries(new FormData(form));
    await ask('/fences/draw', { name: said.name, kind: said.kind, begins_at: said.begins_at || null, ends_at: said.ends_at || null, ring: corners });
    sayAfter(t('fence_drawn', { name: String(said.name) }));
  });
});
document.querySelector('tbody')?.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const row = button?.closest('tr');
  if (button && row) press(button, async () => {
    const name = row.dataset.name ?? '';
    if (!await sure(t('fence_remove_title', { name }), t('fence_remove_word'), t('fence_remove'))) return;
    await ask('/fences/remove', { fence: row.dataset.fence });
    sayAfter(t('fence_removed', { name }));
  });
});

function frame() {
  const { w, h } = size();
  const found = box(ground, there.flatMap((each) => each.ring));
  if (found) view = { x: (found.x0 + found.x1) / 2, y: (found.y0 + found.y1) / 2, scale: 0.9 * Math.min(w / (found.x1 - found.x0), h / (found.y1 - found.y0)) };
  part('where', HTMLElement).textContent = found ? '' : t('fence_no_map');
  changed();
}

new ResizeObserver(moved).observe(canvas);
ground = await groundOf().catch((error) => { tell(error); return {}; });
drawBase = await baseOf(canvas, () => view, paint).catch((error) => { tell(error); return () => {}; });
frame();
drawBase();
canvas.dataset.state = 'ready';
followMap((fresh) => {
  const bare = !box(ground, []);
  ground = fresh;
  if (bare) frame();
  else paint();
});
