// Draws packed positions on one canvas over the map (the frame: geo/packed.py), and says where a unit is drawn.

import { all, now, rows, serverNow } from './state.mjs';
import { t } from './text.mjs';

const HEADER = 24;
const RECORD = 24;
const MAGIC = 0x31434345; // "ECC1", little-endian
const CROWD = 3000; // more on screen than this are counted by cell
const CELL = 48;
const GLIDE_MS = 900;
const MANUAL = 4;
const NETWORK = 1;

/** @typedef {{no: number, lat: number, lon: number, fromLat: number, fromLon: number, heardAt: number, fixAt: number, accuracy: number,
 *   heading: number, battery: number, flags: number, x: number, y: number, drawnAt: number, cell: boolean, seen: boolean}} Unit */

/** @type {Map<number, Unit>} */
const units = new Map();
/** @type {any} */
let map = null;
/** @type {CanvasRenderingContext2D | null} */
let pen = null;
/** @type {HTMLCanvasElement | null} */
let canvas = null;
let dirty = true;
let glidingUntil = 0;

export const forgetUnits = () => { units.clear(); dirty = true; };
export const unitsSeen = () => units;

/** @param {ArrayBuffer} data */
export function hearFrame(data) {
  const view = new DataView(data);
  if (data.byteLength < HEADER || view.getUint32(0, true) !== MAGIC) return;
  const sentAt = Number(view.getBigUint64(8, true));
  const count = view.getUint32(16, true);
  if (view.getUint8(5) === 1) units.clear();
  const heardAt = performance.now();
  for (let i = 0, at = HEADER; i < count; i += 1, at += RECORD) {
    const no = view.getUint32(at, true);
    const lat = view.getInt32(at + 4, true) / 1e7;
    const lon = view.getInt32(at + 8, true) / 1e7;
    const fixAt = sentAt - view.getUint32(at + 12, true);
    const unit = units.get(no);
    if (unit) {
      if (fixAt < unit.fixAt) continue; // never backwards
      unit.fromLat = unit.lat; unit.fromLon = unit.lon; unit.lat = lat; unit.lon = lon; unit.fixAt = fixAt; unit.heardAt = heardAt;
      unit.drawnAt = 0; unit.accuracy = view.getUint16(at + 16, true); unit.heading = view.getUint8(at + 18); unit.battery = view.getUint8(at + 19); unit.flags = view.getUint8(at + 21);
    } else {
      units.set(no, { no, lat, lon, fromLat: lat, fromLon: lon, heardAt, fixAt, accuracy: view.getUint16(at + 16, true), heading: view.getUint8(at + 18),
        battery: view.getUint8(at + 19), flags: view.getUint8(at + 21), x: 0, y: 0, drawnAt: 0, cell: false, seen: false });
    }
    if (fixAt > now.fixesAt && !(view.getUint8(at + 21) & MANUAL)) now.fixesAt = fixAt;
  }
  dirty = true;
  glidingUntil = heardAt + GLIDE_MS;
}

/** @param {Unit} unit @param {number} at server clock @returns {'online' | 'stale' | 'lost' | 'silent' | 'sos' | 'calling'} */
export function stateOf(unit, at) {
  const row = rows.unit?.get(String(unit.no));
  if (row?.sos_id) return 'sos';
  if (row?.call_id) return 'calling';
  if (row?.silent_until_at && row.silent_until_at > at) return 'silent';
  const age = at - unit.fixAt;
  if (age >= (now.hello.lost_s ?? 120) * 1000) return 'lost';
  return age >= (now.hello.stale_s ?? 30) * 1000 ? 'stale' : 'online';
}

/** @param {any} leaflet the map whose pane holds the canvas */
export function drawOn(leaflet) {
  map = leaflet;
  const pane = map.createPane('units');
  pane.style.zIndex = '450';
  pane.style.pointerEvents = 'none';
  canvas = document.createElement('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  map.getContainer().append(canvas);
  canvas.className = 'units';
  pen = canvas.getContext('2d');
  map.on('move zoom resize viewreset', () => { dirty = true; });
  requestAnimationFrame(frame);
}

function frame() {
  requestAnimationFrame(frame);
  const clock = performance.now();
  if (!dirty && clock > glidingUntil) return;
  if (document.hidden) return;
  dirty = false;
  paint(clock);
}
setInterval(() => { dirty = true; }, 1000); // states change by time alone

/** @param {number} clock */
function paint(clock) {
  if (!map || !pen || !canvas) return;
  const size = map.getSize();
  const scale = devicePixelRatio || 1;
  if (canvas.width !== Math.round(size.x * scale) || canvas.height !== Math.round(size.y * scale)) {
    canvas.width = Math.round(size.x * scale);
    canvas.height = Math.round(size.y * scale);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
  }
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, size.x, size.y);
  const at = serverNow();
  const world = 256 * 2 ** map.getZoom();
  const origin = map.getPixelBounds().min;
  const glide = units.size <= 500;
  let onScreen = 0;
  for (const unit of units.values()) {
    const part = glide && at - unit.fixAt < 15_000 ? Math.min(1, (clock - unit.heardAt) / GLIDE_MS) : 1;
    const lat = unit.fromLat + (unit.lat - unit.fromLat) * part;
    const lon = unit.fromLon + (unit.lon - unit.fromLon) * part;
    const sin = Math.sin((lat * Math.PI) / 180);
    unit.x = (lon / 360 + 0.5) * world - origin.x;
    unit.y = (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * world - origin.y;
    unit.seen = unit.x > -20 && unit.y > -20 && unit.x < size.x + 20 && unit.y < size.y + 20;
    if (!unit.drawnAt) unit.drawnAt = at;
    if (unit.seen) onScreen += 1;
  }
  const crowded = onScreen > CROWD;
  /** @type {Map<number, number>} */
  const cells = new Map();
  /** @type {Unit[]} */
  const alone = [];
  const urgent = [];
  for (const unit of units.values()) {
    if (!unit.seen) continue;
    const row = rows.unit?.get(String(unit.no));
    unit.cell = false;
    if (row?.sos_id || row?.call_id) urgent.push(unit);
    else if (crowded) {
      unit.cell = true;
      const cell = Math.floor(unit.y / CELL) * 4096 + Math.floor(unit.x / CELL);
      cells.set(cell, (cells.get(cell) ?? 0) + 1);
    } else alone.push(unit);
  }
  drawCells(pen, cells);
  alone.sort((a, b) => a.fixAt - b.fixAt);
  for (const unit of alone) drawUnit(pen, unit, at);
  drawLabels(pen, at, size);
  for (const unit of urgent) drawUnit(pen, unit, at);
}

/** @param {CanvasRenderingContext2D} pen @param {Map<number, number>} cells */
function drawCells(pen, cells) {
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.font = '600 22px "Barlow Condensed", sans-serif';
  for (const [cell, count] of cells) {
    const x = (cell % 4096) * CELL + CELL / 2;
    const y = Math.floor(cell / 4096) * CELL + CELL / 2;
    pen.fillStyle = 'rgba(16, 33, 58, 0.92)';
    pen.beginPath();
    pen.arc(x, y, 21, 0, 7);
    pen.fill();
    pen.fillStyle = COLOUR.idle;
    pen.fillText(String(count), x, y + 1);
  }
}

const COLOUR = { idle: '#63d2ff', site: '#4ce0a0', way: '#ffc24f', sos: '#ff4d5f', silent: '#9db0c8', text: '#eef5fd', ground: '#050b16' };

/** @param {CanvasRenderingContext2D} pen @param {Unit} unit @param {number} at */
function drawUnit(pen, unit, at) {
  const row = rows.unit?.get(String(unit.no));
  const state = stateOf(unit, at);
  const doing = row?.status ?? 'idle';
  const { x, y } = unit;
  pen.lineWidth = 2.5;
  pen.strokeStyle = COLOUR.ground;
  if (state === 'sos') { diamond(pen, x, y, 20); return; }
  if (state === 'calling') { pen.strokeStyle = COLOUR.text; pen.beginPath(); pen.arc(x, y, 19, 0, 7); pen.stroke(); pen.strokeStyle = COLOUR.ground; }
  if (state === 'lost' || state === 'silent' || state === 'stale') {
    pen.strokeStyle = state === 'stale' ? COLOUR.way : COLOUR.silent;
    pen.globalAlpha = state === 'lost' ? 0.55 : 1;
    pen.setLineDash([4, 4]);
    pen.beginPath();
    pen.arc(x, y, 8, 0, 7);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    return;
  }
  const heading = unit.heading === 255 ? null : (unit.heading / 250) * 2 * Math.PI;
  if (doing === 'site') { pen.fillStyle = COLOUR.site; pen.fillRect(x - 9, y - 9, 18, 18); pen.strokeRect(x - 9, y - 9, 18, 18); }
  else if (doing === 'way') arrow(pen, x, y, heading ?? 0);
  else {
    pen.fillStyle = COLOUR.idle;
    if (heading !== null) nose(pen, x, y, heading);
    pen.beginPath();
    pen.arc(x, y, 9, 0, 7);
    pen.fill();
    pen.stroke();
  }
  if (unit.flags & NETWORK) { pen.fillStyle = COLOUR.ground; pen.beginPath(); pen.arc(x, y, 4, 0, 7); pen.fill(); }
  if (unit.battery < 15) { pen.fillStyle = COLOUR.way; pen.fillRect(x + 9, y - 14, 10, 5); }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} heading radians from north */
function arrow(pen, x, y, heading) {
  pen.save();
  pen.translate(x, y);
  pen.rotate(heading);
  pen.fillStyle = COLOUR.way;
  pen.beginPath();
  pen.moveTo(0, -15); pen.lineTo(11, 11); pen.lineTo(0, 6); pen.lineTo(-11, 11);
  pen.closePath();
  pen.fill();
  pen.stroke();
  pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} heading */
function nose(pen, x, y, heading) {
  pen.save();
  pen.translate(x, y);
  pen.rotate(heading);
  pen.beginPath();
  pen.moveTo(0, -18); pen.lineTo(6, -9); pen.lineTo(-6, -9);
  pen.closePath();
  pen.fill();
  pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} r */
function diamond(pen, x, y, r) {
  pen.fillStyle = COLOUR.sos;
  pen.strokeStyle = COLOUR.text;
  pen.beginPath();
  pen.moveTo(x, y - r); pen.lineTo(x + r, y); pen.lineTo(x, y + r); pen.lineTo(x - r, y);
  pen.closePath();
  pen.fill();
  pen.stroke();
  pen.fillStyle = COLOUR.text;
  pen.fillRect(x - 2, y - 10, 4, 12);
  pen.fillRect(x - 2, y + 5, 4, 4);
}

/** One label a team: at the unit whose fix is newest. Labels that would overlap are left out.
 * @param {CanvasRenderingContext2D} pen @param {number} at @param {{x: number, y: number}} size */
function drawLabels(pen, at, size) {
  /** @type {Map<string, Unit>} */
  const heads = new Map();
  for (const unit of units.values()) {
    const row = rows.unit?.get(String(unit.no));
    if (!row?.team_id || unit.cell || !unit.seen) continue;
    if (!row.mission_id && row.status === 'idle' && stateOf(unit, at) === 'lost') continue;
    const head = heads.get(row.team_id);
    if (!head || unit.no > head.no) heads.set(row.team_id, unit);
  }
  /** @type {number[][]} */
  const taken = [];
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  for (const [teamId, unit] of heads) {
    const team = rows.team?.get(teamId);
    const state = stateOf(unit, at);
    const doing = state === 'online' || state === 'calling' || state === 'sos' ? team?.status ?? 'idle' : state;
    const name = team?.name ?? '';
    const word = t(`wall.doing_${doing}`);
    pen.font = '700 20px "Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
    const nameWidth = pen.measureText(name).width;
    pen.font = '400 20px "Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
    const width = nameWidth + pen.measureText(word).width + 26;
    const left = unit.x + 18 + width > size.x ? unit.x - 18 - width : unit.x + 18;
    const top = unit.y - 16;
    if (taken.some(([l = 0, u = 0, w = 0]) => left < l + w && l < left + width && Math.abs(u - top) < 32)) continue;
    taken.push([left, top, width]);
    pen.fillStyle = 'rgba(5, 11, 22, 0.82)';
    pen.beginPath();
    pen.roundRect(left, top, width, 32, 6);
    pen.fill();
    pen.fillStyle = COLOUR.text;
    pen.font = '700 20px "Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
    pen.fillText(name, left + 9, unit.y + 1);
    pen.font = '400 20px "Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
    pen.fillStyle = /** @type {Record<string, string>} */ ({ way: COLOUR.way, site: COLOUR.site, stale: COLOUR.way, lost: COLOUR.silent, silent: COLOUR.silent })[doing] ?? COLOUR.idle;
    pen.fillText(word, left + nameWidth + 17, unit.y + 1);
  }
}

/** @param {string} unitNo */
export function where(unitNo) {
  const unit = units.get(Number(unitNo));
  if (!unit || !map || now.hello.visitors) return null;
  const box = map.getContainer().getBoundingClientRect();
  return { x: box.left + unit.x, y: box.top + unit.y, fix_at: unit.fixAt, drawn_at: Math.round(unit.drawnAt), state: stateOf(unit, serverNow()), cell: unit.cell };
}

/** How many units are on duty and how many of them were heard lately. */
export function heard() {
  const at = serverNow();
  const onDuty = all('unit').filter((row) => row.on_duty);
  const online = onDuty.filter((row) => { const unit = units.get(Number(row.no)); return unit && ['online', 'calling', 'sos'].includes(stateOf(unit, at)); });
  return { onDuty: onDuty.length, online: online.length };
}

/** @type {any} */ (window).ecc = { .../** @type {any} */ (window).ecc, where };
