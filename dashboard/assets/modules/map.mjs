// The ground under the units: district, river, roads, streets with their counted cases, missions' places, alarms.

import { all, on, now, rows, serverNow } from './state.mjs';
import { drawOn, unitsSeen } from './units.mjs';
import { span } from './clock.mjs';
import { t } from './text.mjs';

const LAYERS = ['boundary', 'streets', 'towns', 'blocks', 'contours', 'river', 'railway', 'roads'];
const ROADS = /** @type {Record<string, [number, string]>} */ ({ ring: [5, '#35557c'], trunk: [5, '#35557c'], main: [3, '#2b4668'], minor: [1.2, '#1d3350'] });

/** @type {Record<string, any>} */
const ground = {};
/** @type {any} */
let map = null;
/** @type {CanvasRenderingContext2D | null} */
let pen = null;
/** @type {HTMLCanvasElement | null} */
let canvas = null;

/** @param {any} leaflet */
export async function begin(leaflet) {
  map = leaflet;
  canvas = document.createElement('canvas');
  canvas.className = 'ground';
  canvas.setAttribute('aria-hidden', 'true');
  map.getContainer().prepend(canvas);
  pen = canvas.getContext('2d');
  drawOn(map);
  map.on('move zoom resize viewreset', paint);
  on((kinds) => { if (['area', 'mission', 'fence', 'unit', 'sos', 'call', 'court'].some((kind) => kinds.has(kind))) paint(); });
  await Promise.all(LAYERS.map(read));
  frameDistrict();
  paint();
}

/** @param {string} name */
async function read(name) {
  try {
    const answer = await fetch(`/api/layers/${name}.json`);
    if (answer.ok) ground[name] = await answer.json();
  } catch { /* the map stays bare of this layer; the next load asks again */ }
}

/** The whole district stands free between the columns. */
export function frameDistrict() {
  const bounds = L.latLngBounds([]);
  for (const feature of ground.boundary?.features ?? []) bounds.extend(L.geoJSON(feature).getBounds());
  if (!bounds.isValid()) return;
  const sides = innerWidth > 1500 ? 490 : 60;
  map.fitBounds(bounds, { paddingTopLeft: [sides, 100], paddingBottomRight: [sides, 110], animate: false });
}

/** @param {number} lat @param {number} lon */
export function look(lat, lon, zoom = 14.5) { map?.setView([lat, lon], zoom, { animate: false }); }

/** @returns {(lonlat: number[]) => [number, number]} */
function projection() {
  const world = 256 * 2 ** map.getZoom();
  const origin = map.getPixelBounds().min;
  return ([lon = 0, lat = 0]) => {
    const sin = Math.sin((lat * Math.PI) / 180);
    return [(lon / 360 + 0.5) * world - origin.x, (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * world - origin.y];
  };
}

/** @param {any} geometry @param {(lonlat: number[]) => [number, number]} at @param {CanvasRenderingContext2D} pen */
function trace(geometry, at, pen) {
  const lines = { LineString: [geometry.coordinates], Polygon: geometry.coordinates, MultiLineString: geometry.coordinates, MultiPolygon: geometry.coordinates.flat?.(1) }[/** @type {'LineString'} */ (geometry.type)] ?? [];
  for (const line of lines) line.forEach((/** @type {number[]} */ point, /** @type {number} */ i) => { const [x, y] = at(point); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
}

function paint() {
  if (!map || !pen || !canvas) return;
  const size = map.getSize();
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(size.x * scale);
  canvas.height = Math.round(size.y * scale);
  canvas.style.width = `${size.x}px`;
  canvas.style.height = `${size.y}px`;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  const at = projection();
  const draw = (/** @type {string} */ name, /** @type {(pen: CanvasRenderingContext2D, feature: any) => void} */ finish) => {
    for (const feature of ground[name]?.features ?? []) { if (!feature.geometry || !pen) continue; pen.beginPath(); trace(feature.geometry, at, pen); finish(pen, feature); }
  };
  draw('boundary', (p) => { p.fillStyle = '#0b1a2e'; p.fill(); });
  draw('contours', (p) => { p.strokeStyle = '#10233c'; p.lineWidth = 1; p.stroke(); });
  draw('streets', (p) => { p.strokeStyle = '#1f3757'; p.lineWidth = 1; p.setLineDash([2, 7]); p.stroke(); p.setLineDash([]); });
  draw('towns', (p) => { p.fillStyle = '#10243f'; p.fill(); });
  draw('blocks', (p) => { p.fillStyle = '#17304f'; p.fill(); });
  draw('river', (p) => { p.fillStyle = '#0f3a5c'; p.fill(); });
  draw('railway', (p) => { p.strokeStyle = '#22354f'; p.lineWidth = 2; p.setLineDash([10, 6]); p.stroke(); p.setLineDash([]); });
  draw('roads', (p, feature) => { const [width, colour] = ROADS[feature.properties?.class] ?? [1, '#1d3350']; p.strokeStyle = colour; p.lineWidth = width; p.lineJoin = 'round'; p.stroke(); });
  draw('boundary', (p) => { p.strokeStyle = '#6d8db5'; p.lineWidth = 2; p.stroke(); });
  drawFences(pen, at);
  drawStreets(pen, at);
  drawMissions(pen, at);
  drawSilent(pen, at);
  drawAlarms(pen, at);
}

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawFences(pen, at) {
  for (const fence of all('fence')) {
    if (!Array.isArray(fence.ring)) continue;
    pen.beginPath();
    fence.ring.forEach((/** @type {number[]} */ [lat = 0, lon = 0], /** @type {number} */ i) => { const [x, y] = at([lon, lat]); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
    pen.closePath();
    pen.strokeStyle = 'rgba(180, 197, 219, 0.55)';
    pen.lineWidth = 1.5;
    pen.setLineDash([6, 5]);
    pen.stroke();
    pen.setLineDash([]);
  }
}

/** «青石街道 318 件»: open cases of the street's communities, counted. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawStreets(pen, at) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const area of all('area')) counts.set(area.street, (counts.get(area.street) ?? 0) + (area.cases ?? 0));
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  for (const feature of ground.streets?.features ?? []) {
    const { name, lat, lon } = feature.properties ?? {};
    if (!name || lat === undefined) continue;
    const [x, y] = at([lon, lat]);
    const count = String(counts.get(name) ?? 0);
    pen.font = '400 20px "Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
    const nameWidth = pen.measureText(`${name} `).width;
    pen.font = '600 22px "Barlow Condensed", sans-serif';
    const countWidth = pen.measureText(count).width;
    const left = x - (nameWidth + countWidth + 30) / 2;
    pen.lineWidth = 4;
    pen.strokeStyle = 'rgba(5, 11, 22, 0.8)';
    pen.fillStyle = '#eef5fd';
    pen.strokeText(count, left + nameWidth, y);
    pen.fillText(count, left + nameWidth, y);
    pen.font = '400 20px "Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
    pen.fillStyle = '#b4c5db';
    for (const [text, start] of /** @type {[string, number][]} */ ([[name, left], [t('wall.cases_unit'), left + nameWidth + countWidth + 6]])) { pen.strokeText(text, start, y); pen.fillText(text, start, y); }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawMissions(pen, at) {
  for (const mission of all('mission')) {
    if (mission.lat === undefined || mission.lat === null || !['EN_ROUTE', 'ON_SCENE'].includes(mission.state)) continue;
    const [x, y] = at([mission.lon, mission.lat]);
    if (mission.state === 'EN_ROUTE') {
      for (const unit of unitsSeen().values()) {
        const row = rows.unit?.get(String(unit.no));
        if (row?.mission_id !== mission.id || row?.kind !== 'VEHICLE') continue;
        const [ux, uy] = at([unit.lon, unit.lat]);
        pen.beginPath();
        pen.moveTo(ux, uy);
        pen.lineTo(x, y);
        pen.strokeStyle = 'rgba(255, 194, 79, 0.8)';
        pen.lineWidth = 3;
        pen.setLineDash([3, 8]);
        pen.stroke();
        pen.setLineDash([]);
      }
      pen.beginPath();
      pen.arc(x, y, 13, 0, 7);
      pen.strokeStyle = '#eef5fd';
      pen.lineWidth = 2.5;
      pen.stroke();
      pen.beginPath();
      pen.arc(x, y, 4, 0, 7);
      pen.fillStyle = '#eef5fd';
      pen.fill();
    }
    label(pen, x, y + 32, mission.matter ?? '');
  }
}

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawSilent(pen, at) {
  const clock = serverNow();
  for (const unit of unitsSeen().values()) {
    const row = rows.unit?.get(String(unit.no));
    if (!row?.silent_until_at || row.silent_until_at < clock) continue;
    const [x, y] = at([unit.lon, unit.lat]);
    pen.save();
    pen.beginPath();
    pen.arc(x, y, 60, 0, 7);
    pen.clip();
    pen.strokeStyle = 'rgba(157, 176, 200, 0.25)';
    pen.lineWidth = 2;
    for (let d = -120; d < 120; d += 10) { pen.beginPath(); pen.moveTo(x + d, y + 60); pen.lineTo(x + d + 120, y - 60); pen.stroke(); }
    pen.restore();
    pen.beginPath();
    pen.arc(x, y, 60, 0, 7);
    pen.setLineDash([6, 6]);
    pen.strokeStyle = '#9db0c8';
    pen.lineWidth = 2;
    pen.stroke();
    pen.setLineDash([]);
    label(pen, x, y + 80, t('wall.silent_until', { team: row.team ?? row.label ?? '', left: span(row.silent_until_at - clock) }));
  }
}

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawAlarms(pen, at) {
  for (const kind of ['call', 'sos']) {
    for (const row of all(kind)) {
      if (row.lat === undefined || row.lat === null || row.ended_at || row.closed_at) continue;
      const [x, y] = at([row.lon, row.lat]);
      pen.strokeStyle = kind === 'sos' ? '#ff4d5f' : '#eef5fd';
      pen.lineWidth = 2.5;
      for (const radius of kind === 'sos' ? [50, 110, 190] : [34]) { pen.globalAlpha = kind === 'sos' ? 60 / radius : 1; pen.beginPath(); pen.arc(x, y, radius, 0, 7); pen.stroke(); }
      pen.globalAlpha = 1;
      label(pen, x, y - 48, row.who ?? '');
    }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {string} text */
function label(pen, x, y, text) {
  if (!text) return;
  pen.font = '700 20px "Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
  pen.textAlign = 'center';
  const width = pen.measureText(text).width + 18;
  pen.fillStyle = 'rgba(5, 11, 22, 0.85)';
  pen.beginPath();
  pen.roundRect(x - width / 2, y - 16, width, 32, 6);
  pen.fill();
  pen.fillStyle = '#eef5fd';
  pen.fillText(text, x, y + 1);
  pen.textAlign = 'left';
}

setInterval(() => { if (now.connection === 'live' && all('unit').some((row) => row.silent_until_at)) paint(); }, 1000);
