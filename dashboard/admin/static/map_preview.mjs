/* What the chosen map files cover, over the map that is there and the court's own place: a wrong datum is seen before anything is built. */

import { project } from '/centre/assets/modules/ground.mjs';
import { t } from './ask.mjs';

const COLOURS = ['#4ce0a0', '#ffc24f', '#63d2ff', '#eef5fd', '#b4c5db'];
const EDGE = 40; // pixels left free
const DEGREE_M = 111_320;

/** @typedef {[number, number, number, number]} Bounds west, south, east, north; of the map that is there: south, west, north, east */

/** @param {HTMLCanvasElement} canvas @param {HTMLElement} where @param {Bounds | null} here @param {[number, number] | null} court
 * @param {{id: string, name: string}[]} files @param {{id: string, bounds: Bounds | null, outline?: [number, number][][]}[]} looked */
export function draw(canvas, where, here, court, files, looked) {
  const seen = looked.filter((each) => each.bounds && files.some((file) => file.id === each.id));
  if (!seen.length || !canvas.clientWidth) return;
  const scale = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
  const pen = canvas.getContext('2d');
  if (!pen) return;
  pen.scale(scale, scale);
  const places = seen.flatMap(({ bounds }) => (bounds ? [project(bounds[1], bounds[0]), project(bounds[3], bounds[2])] : []));
  if (court) places.push(project(court[0], court[1]));
  const [x0, y0] = [Math.min(...places.map(([x]) => x)), Math.min(...places.map(([, y]) => y))];
  const [x1, y1] = [Math.max(...places.map(([x]) => x)), Math.max(...places.map(([, y]) => y))];
  const zoom = Math.min((canvas.clientWidth - 2 * EDGE) / Math.max(x1 - x0, 1e-7), (canvas.clientHeight - 2 * EDGE) / Math.max(y1 - y0, 1e-7));
  const [left, top] = [(canvas.clientWidth - (x1 - x0) * zoom) / 2, (canvas.clientHeight - (y1 - y0) * zoom) / 2];
  /** @param {number} lon @param {number} lat @returns {[number, number]} */
  const at = (lon, lat) => { const [x, y] = project(lat, lon); return [left + (x - x0) * zoom, top + (y - y0) * zoom]; };
  pen.fillStyle = '#0a1422';
  pen.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  if (here) {
    const [south, west, north, east] = here;
    pen.strokeStyle = '#5b7ba3';
    pen.setLineDash([6, 6]);
    line(pen, [[west, south], [east, south], [east, north], [west, north], [west, south]], at);
    pen.setLineDash([]);
    write(pen, at(west, north), t('map_old'), '#93a8c2');
  }
  seen.forEach((each, number) => {
    const colour = COLOURS[number % COLOURS.length] ?? '#eef5fd';
    pen.strokeStyle = colour;
    pen.lineWidth = 1.2;
    for (const corners of each.outline ?? []) line(pen, corners, at);
    const [west, , , north] = each.bounds ?? [0, 0, 0, 0];
    const [x, y] = at(west, north);
    write(pen, [x, y + 22 * (number + 1)], files.find((file) => file.id === each.id)?.name ?? '', colour);
  });
  if (court) {
    const [x, y] = at(court[1], court[0]);
    pen.fillStyle = '#eef5fd';
    pen.beginPath();
    pen.arc(x, y, 6, 0, 2 * Math.PI);
    pen.fill();
    write(pen, [x + 10, y + 6], t('map_court'), '#eef5fd');
  }
  const km = ((x1 - x0) * 360 * DEGREE_M * Math.cos(((court?.[0] ?? seen[0]?.bounds?.[1] ?? 0) * Math.PI) / 180)) / 1000;
  where.textContent = t('map_wide', { km: km < 10 ? km.toFixed(1) : Math.round(km) });
}

/** @param {CanvasRenderingContext2D} pen @param {[number, number][]} corners @param {(lon: number, lat: number) => [number, number]} at */
function line(pen, corners, at) {
  pen.beginPath();
  corners.forEach(([lon, lat], i) => { const [x, y] = at(lon, lat); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {[number, number]} place @param {string} text @param {string} colour */
function write(pen, [x, y], text, colour) {
  pen.font = '16px "Noto Sans SC Variable", sans-serif';
  pen.fillStyle = colour;
  pen.fillText(text, Math.max(8, x + 4), Math.max(20, y - 6));
}
