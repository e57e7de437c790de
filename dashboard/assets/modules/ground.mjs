/* The court's own map as a ground to draw on: the layers that the wall shows too, on Mercator's square of side one. */

import { baseBounds, baseVersion, beginBase, draw, hasBase, layBase, takeBase } from './base_map.mjs';

const FOLLOW_MS = 5_000;
const LAYERS = ['boundary', 'streets', 'towns', 'blocks', 'river', 'roads'];
/** @type {Record<string, {line?: string, width?: number, fill?: string}>} */
const LOOKS = {
  boundary: { line: '#4d6f9c', width: 2.5 }, streets: { line: '#223a58', width: 1 }, towns: { fill: '#101f35' }, blocks: { fill: '#14263f' },
  river: { fill: '#12304d', line: '#12304d', width: 3 }, roads: { line: '#35557c', width: 1.6 },
};

/** @param {number} lat @param {number} lon @returns {[number, number]} */
export const project = (lat, lon) => [lon / 360 + 0.5, 0.5 - Math.asinh(Math.tan(lat * Math.PI / 180)) / (2 * Math.PI)];

/** @param {number} x @param {number} y @returns {[number, number]} latitude, longitude, to a centimetre */
export const unproject = (x, y) => [round(Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180 / Math.PI), round((x - 0.5) * 360)];

/** @param {number} degree */
const round = (degree) => Math.round(degree * 1e7) / 1e7;

/** Every layer that the court has. @returns {Promise<Record<string, any>>} */
export async function groundOf() {
  /** @type {Record<string, any>} */
  const ground = {};
  await Promise.all(LAYERS.map(async (name) => {
    const answer = await fetch(`/api/layers/${name}.json`, { signal: AbortSignal.timeout(20_000) });
    if (answer.ok) ground[name] = await answer.json();
  }));
  return ground;
}

/** Lines of a shape, whatever it is. @param {any} shape @returns {[number, number][][]} */
function lines(shape) {
  if (!shape) return [];
  if (shape.type === 'LineString') return [shape.coordinates];
  if (shape.type === 'Polygon' || shape.type === 'MultiLineString') return shape.coordinates;
  return shape.type === 'MultiPolygon' ? shape.coordinates.flat() : [];
}

/** @typedef {{x: number, y: number, scale: number}} View the middle on Mercator's square, and pixels of the whole world */

/** The court's base map, drawn for this canvas as the wall draws it. @param {HTMLCanvasElement} canvas @param {() => View} view @param {() => void} paint @returns {Promise<() => void>} call it when the view has changed */
export async function baseOf(canvas, view, paint) {
  /** @type {Record<string, () => void>} */
  const heard = {};
  const half = () => ({ w: canvas.clientWidth / 2, h: canvas.clientHeight / 2 });
  const point = (/** @type {number} */ sign) => { const { x, y, scale } = view(); const { w, h } = half(); return { x: x * scale + sign * w, y: y * scale + sign * h }; };
  const map = {
    getZoom: () => Math.log2(view().scale / 256),
    getPixelBounds: () => ({ min: point(-1), max: point(1) }),
    getSize: () => ({ x: canvas.clientWidth, y: canvas.clientHeight }),
    getContainer: () => canvas.parentElement,
    on: (/** @type {string} */ kinds, /** @type {() => void} */ told) => { for (const kind of kinds.split(' ')) heard[kind] = told; },
  };
  await beginBase(map, paint, () => {});
  return () => heard['moveend']?.();
}

/** Another map of the court is taken while the page is open; where the picture stands and what lies on it stays. @param {(ground: Record<string, any>) => void} take the layers that are there now */
export function followMap(take) {
  setTimeout(async () => {
    await renew(take).catch(() => {}); // nobody answered: what was there stays, and is asked for again
    followMap(take);
  }, FOLLOW_MS);
}

/** @param {(ground: Record<string, any>) => void} take */
async function renew(take) {
  if (document.hidden) return;
  const answer = await fetch('/api/layers/base.json', { signal: AbortSignal.timeout(20_000) });
  if (!answer.ok || (await answer.json()).map === baseVersion()) return;
  const ground = await groundOf();
  if (!(await takeBase())) return;
  take(ground);
  await draw();
}

/** @param {CanvasRenderingContext2D} pen @param {number} w @param {number} h @param {Record<string, any>} ground @param {(lon: number, lat: number) => [number, number]} at */
export function paintGround(pen, w, h, ground, at) {
  pen.fillStyle = '#0a1422';
  pen.fillRect(0, 0, w, h);
  if (hasBase()) layBase(pen);
  for (const name of hasBase() ? ['streets', 'boundary'] : ['towns', 'blocks', 'river', 'streets', 'roads', 'boundary']) {
    const look = LOOKS[name] ?? {};
    pen.beginPath();
    for (const feature of ground[name]?.features ?? []) {
      for (const line of lines(feature.geometry)) line.forEach(([lon, lat], i) => { const [x, y] = at(lon, lat); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
    }
    if (look.fill) { pen.fillStyle = look.fill; pen.fill(); }
    if (look.line) { pen.strokeStyle = look.line; pen.lineWidth = look.width ?? 1; pen.stroke(); }
  }
}

/** What must be seen: the district, or what is there; else what the base map shows. @param {Record<string, any>} ground @param {[number, number][]} corners @returns {{x0: number, y0: number, x1: number, y1: number} | null} */
export function box(ground, corners) {
  const shapes = ['boundary', 'streets', 'roads'].map((name) => ground[name]?.features ?? []).find((each) => each.length);
  const there = corners.length ? corners : baseBounds() ?? [];
  const places = shapes ? shapes.flatMap((/** @type {any} */ each) => lines(each.geometry).flat().map(([lon, lat]) => project(lat, lon))) : there.map(([lat, lon]) => project(lat, lon));
  if (places.length < 2) return null;
  const seen = { x0: 1, y0: 1, x1: 0, y1: 0 };
  for (const [x, y] of places) { seen.x0 = Math.min(seen.x0, x); seen.x1 = Math.max(seen.x1, x); seen.y0 = Math.min(seen.y0, y); seen.y1 = Math.max(seen.y1, y); }
  return seen;
}
