// Visitors see invented cars on the district's roads and are told that these are demonstration data: nobody's position, not even by its age.

import { COLOUR, take } from './labels.mjs';
import { serverNow } from './state.mjs';

const MOST = 14;
const LEAST_M = 1500;
const SPEED_MPS = 13;
const DEGREE_M = 111_195;

/** @typedef {{points: [lon: number, lat: number][], metres: number[], phase: number}} Way */
/** @type {Way[]} */
let ways = [];
/** @type {any} */
let of = null;

/** Long roads, a few of them, always the same. @param {any} roads GeoJSON */
function chosen(roads) {
  if (roads === of) return ways;
  of = roads;
  const lines = [];
  for (const { geometry, properties } of roads?.features ?? []) {
    if (properties?.class === 'minor') continue;
    const parts = geometry?.type === 'MultiLineString' ? geometry.coordinates : geometry?.type === 'LineString' ? [geometry.coordinates] : [];
    for (const points of parts) lines.push(measured(points));
  }
  const long = lines.filter(({ metres }) => (metres[metres.length - 1] ?? 0) > LEAST_M);
  const step = Math.max(1, long.length / MOST);
  ways = Array.from({ length: Math.min(MOST, long.length) }, (_, i) => ({ .../** @type {Way} */ (long[Math.floor(i * step)]), phase: i * 7919 }));
  return ways;
}

/** @param {[number, number][]} points @returns {Way} */
function measured(points) {
  const metres = [0];
  for (let i = 1; i < points.length; i += 1) {
    const [aLon = 0, aLat = 0] = points[i - 1] ?? [];
    const [bLon = 0, bLat = 0] = points[i] ?? [];
    metres.push((metres[i - 1] ?? 0) + Math.hypot((bLon - aLon) * Math.cos((aLat * Math.PI) / 180), bLat - aLat) * DEGREE_M);
  }
  return { points, metres, phase: 0 };
}

/** Whether there are roads to put them on. @param {any} roads */
export const simulates = (roads) => chosen(roads).length > 0;

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at @param {any} roads */
export function drawSimulated(pen, at, roads) {
  chosen(roads).forEach((way, i) => {
    const [x, y] = at(placeOn(way));
    take(x - 12, y - 12, x + 12, y + 12);
    pen.beginPath();
    pen.arc(x, y, 10, 0, 7);
    pen.fillStyle = [COLOUR.idle, COLOUR.way, COLOUR.site][i % 3] ?? COLOUR.idle;
    pen.fill();
    pen.lineWidth = 2.5;
    pen.strokeStyle = COLOUR.ground;
    pen.stroke();
  });
}

/** To and fro. @param {Way} way @returns {[number, number]} */
function placeOn({ points, metres, phase }) {
  const whole = metres[metres.length - 1] ?? 1;
  const gone = ((serverNow() / 1000) * SPEED_MPS + phase) % (2 * whole);
  const far = gone > whole ? 2 * whole - gone : gone;
  let i = 1;
  while (i < metres.length - 1 && (metres[i] ?? 0) < far) i += 1;
  const [aLon = 0, aLat = 0] = points[i - 1] ?? [];
  const [bLon = 0, bLat = 0] = points[i] ?? [];
  const part = (far - (metres[i - 1] ?? 0)) / Math.max(1e-9, (metres[i] ?? 0) - (metres[i - 1] ?? 0));
  return [aLon + (bLon - aLon) * part, aLat + (bLat - aLat) * part];
}
