// Draws packed positions on one canvas over the map (the frame: geo/packed.py), and says where a unit is drawn.

import { all, hearAtLeast, now, on, rows, serverNow } from './state.mjs';
import { COLOUR, clearLabels, label, take } from './labels.mjs';
import { t } from './text.mjs';
import { forgetTrails, remember, selected } from './trail.mjs';

const HEADER = 24;
const RECORD = 24;
const MAGIC = 0x31434345; // "ECC1", little-endian
const CROWD = 3000; // more on screen than this are counted by cell
const CELL = 48;
const CELL_MOST = 6; // more in one cell than this are counted
const CELL_ROW = 4096;
const GLIDE_MS = 500; // as the server sends at most twice a second: what is shown is never further behind what was heard
const GLIDERS = 400; // more than these jump: gliding must not cost what drawing saves
const TOO_OLD_TO_GLIDE_MS = 15_000;
const ESCORT = 34; // of one team and so near to its first: drawn small
const MANUAL = 4;
const NETWORK = 1;
const UNKNOWN = 255;
const LOW_BATTERY = 15;

/** @typedef {'online' | 'stale' | 'lost' | 'silent' | 'sos' | 'calling'} UnitState */
/** `mx`, `my`: Mercator, the world from 0 to 1; `x`, `y`: CSS pixels in the map.
 * @typedef {{no: number, row: Record<string, any> | undefined, lat: number, lon: number, mx: number, my: number, fromX: number, fromY: number, heardAt: number,
 *   fixAt: number, accuracy: number, heading: number, battery: number, speed: number, flags: number, x: number, y: number, drawnAt: number, cell: boolean,
 *   seen: boolean, inCell: number}} Unit */

/** @type {Map<number, Unit>} */
const units = new Map();
/** @type {any} */
let map = null;
/** @type {CanvasRenderingContext2D | null} */
let pen = null;
/** @type {HTMLCanvasElement | null} */
let canvas = null;
/** @type {(pen: CanvasRenderingContext2D, part: 'below' | 'labels') => void} */
let over = () => {};
let asked = false;
let glidingUntil = 0;
const cells = new Map();

export const forgetUnits = () => { units.clear(); forgetTrails(); now.fixesAt = 0; redraw(); };
export const unitsSeen = () => units;

/** At the next frame, once. Nobody asks for frames while all stands still: sixty a second with nothing to draw cost a fifth of a processor. */
export function redraw() {
  if (asked || !map) return;
  asked = true;
  requestAnimationFrame(frame);
}

on((kinds) => {
  if (!kinds.size) return;
  redraw();
  if (kinds.has('unit')) for (const unit of units.values()) unit.row = rows.unit?.get(String(unit.no));
});

/** @param {number} lat */
function mercatorY(lat) {
  const sin = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

/** @param {ArrayBuffer} data */
export function hearFrame(data) {
  const view = new DataView(data);
  if (data.byteLength < HEADER || view.getUint32(0, true) !== MAGIC) return;
  const sentAt = Number(view.getBigUint64(8, true));
  const count = view.getUint32(16, true);
  if (data.byteLength !== HEADER + count * RECORD) return;
  hearAtLeast(sentAt);
  const whole = view.getUint8(5) === 1;
  const heardAt = performance.now();
  for (let at = HEADER; at < data.byteLength; at += RECORD) hearRecord(view, at, sentAt, heardAt, whole);
  if (whole && units.size !== count) forgetAbsent(view, count);
  redraw();
  if (units.size <= GLIDERS) glidingUntil = heardAt + GLIDE_MS;
}

/** @param {DataView} view @param {number} at @param {number} sentAt @param {number} heardAt @param {boolean} whole */
function hearRecord(view, at, sentAt, heardAt, whole) {
  const no = view.getUint32(at, true);
  const fixAt = sentAt - view.getUint32(at + 12, true);
  let unit = units.get(no);
  const fresh = !unit;
  if (!unit) {
    unit = { no, row: rows.unit?.get(String(no)), lat: NaN, lon: NaN, mx: 0, my: 0, fromX: 0, fromY: 0, heardAt, fixAt: 0, accuracy: 0, heading: UNKNOWN, battery: UNKNOWN,
      speed: UNKNOWN, flags: 0, x: 0, y: 0, drawnAt: 0, cell: false, seen: false, inCell: 0 };
    units.set(no, unit);
  }
  if (fixAt < unit.fixAt && !whole) return; // never backwards
  move(unit, view.getInt32(at + 4, true) / 1e7, view.getInt32(at + 8, true) / 1e7, heardAt, !fresh && serverNow() - fixAt < TOO_OLD_TO_GLIDE_MS);
  if (units.size <= GLIDERS || no === selected()) remember(no, unit.lat, unit.lon);
  if (unit.fixAt !== fixAt) unit.drawnAt = 0;
  unit.fixAt = fixAt;
  unit.accuracy = view.getUint16(at + 16, true);
  unit.heading = view.getUint8(at + 18);
  unit.battery = view.getUint8(at + 19);
  unit.speed = view.getUint8(at + 20);
  unit.flags = view.getUint8(at + 21);
  if (fixAt > now.fixesAt && !(unit.flags & MANUAL)) now.fixesAt = fixAt;
}

/** @param {Unit} unit @param {number} lat @param {number} lon @param {number} heardAt @param {boolean} glides */
function move(unit, lat, lon, heardAt, glides) {
  if (lat === unit.lat && lon === unit.lon) return;
  const part = Math.min(1, (heardAt - unit.heardAt) / GLIDE_MS);
  const mx = lon / 360 + 0.5;
  const my = mercatorY(lat);
  unit.fromX = glides ? unit.fromX + (unit.mx - unit.fromX) * part : mx;
  unit.fromY = glides ? unit.fromY + (unit.my - unit.fromY) * part : my;
  unit.mx = mx;
  unit.my = my;
  unit.lat = lat;
  unit.lon = lon;
  unit.heardAt = heardAt;
}

/** Whoever is not in a frame of all is gone. @param {DataView} view @param {number} count */
function forgetAbsent(view, count) {
  const named = new Set();
  for (let i = 0; i < count; i += 1) named.add(view.getUint32(HEADER + i * RECORD, true));
  now.fixesAt = 0;
  for (const unit of units.values()) {
    if (!named.has(unit.no)) units.delete(unit.no);
    else if (unit.fixAt > now.fixesAt) now.fixesAt = unit.fixAt;
  }
}

/** @param {Unit} unit @param {number} at server clock @returns {UnitState} */
export function stateOf(unit, at) {
  const { row } = unit;
  if (row?.sos_id) return 'sos';
  if (row?.call_id) return 'calling';
  if (row?.silent_until_at && row.silent_until_at > at) return 'silent';
  const age = at - unit.fixAt;
  if (age >= (now.hello.lost_s ?? 120) * 1000) return 'lost';
  return age >= (now.hello.stale_s ?? 30) * 1000 ? 'stale' : 'online';
}

/** @param {any} leaflet the map @param {(pen: CanvasRenderingContext2D, part: 'below' | 'labels') => void} overlay what else is drawn with the units */
export function drawOn(leaflet, overlay) {
  map = leaflet;
  over = overlay;
  canvas = document.createElement('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  canvas.className = 'units';
  map.getContainer().append(canvas);
  pen = canvas.getContext('2d');
  map.on('move zoom resize viewreset', redraw);
  document.fonts?.addEventListener('loadingdone', redraw);
  redraw();
}

function frame() {
  asked = false;
  const clock = performance.now();
  paint(clock);
  if (clock <= glidingUntil) redraw();
}
setInterval(redraw, 1000); // states change by time alone

/** @param {number} clock performance.now() */
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
  const crowded = project(clock, at, size) > CROWD;
  const { urgent, alone } = sorted(crowded);
  cover(size);
  over(pen, 'below');
  drawCells(pen);
  const heads = headsOf(alone, urgent);
  for (const unit of alone) drawUnit(pen, unit, at, heads);
  for (const unit of urgent) drawUnit(pen, unit, at, heads);
  drawLabels(pen, at, heads);
  over(pen, 'labels');
}

/** What panels cover: no label goes there. @param {{x: number, y: number}} size */
function cover(size) {
  const wall = document.getElementById('wall');
  const stage = wall?.dataset.stage;
  const staged = stage === 'sos' || stage === 'call';
  clearLabels(size.x, wall && size.x > 1500 && !staged ? 482 : 0);
  if (!wall) return;
  take(-1e4, -1e4, 1e5, 88);
  take(-1e4, size.y - 56, 1e5, 1e5);
  if (stage === 'sos') { take(-1e4, 0, 808, 1e5); take(size.x - 690, size.y - 390, 1e5, 1e5); }
  if (stage === 'call') { take(-1e4, 0, 26, 1e5); take(1244, 0, 1e5, 1e5); take(0, 0, 1e5, 170); take(0, 690, 1e5, 1e5); }
  if (stage === 'focus') take(510, 0, size.x - 510, 220);
}

/** Where every unit stands on the screen; returns how many are on it. @param {number} clock @param {number} at @param {{x: number, y: number}} size */
function project(clock, at, size) {
  const world = 256 * 2 ** map.getZoom();
  const origin = map.getPixelBounds().min;
  const glide = units.size <= GLIDERS;
  let onScreen = 0;
  cells.clear();
  for (const unit of units.values()) {
    const part = glide ? Math.min(1, (clock - unit.heardAt) / GLIDE_MS) : 1;
    unit.x = (unit.fromX + (unit.mx - unit.fromX) * part) * world - origin.x;
    unit.y = (unit.fromY + (unit.my - unit.fromY) * part) * world - origin.y;
    unit.seen = unit.x > -20 && unit.y > -20 && unit.x < size.x + 20 && unit.y < size.y + 20 && unit.row?.on_duty !== false && !now.guests;
    if (!unit.drawnAt) unit.drawnAt = at;
    if (!unit.seen) continue;
    onScreen += 1;
    unit.inCell = Math.floor(unit.y / CELL) * CELL_ROW + Math.floor(unit.x / CELL);
    if (!unit.row?.sos_id && !unit.row?.call_id) cells.set(unit.inCell, (cells.get(unit.inCell) ?? 0) + 1);
  }
  return onScreen;
}

/** Who is drawn alone and who is counted; SOS and calling units are never inside a count. @param {boolean} crowded */
function sorted(crowded) {
  /** @type {Unit[]} */
  const alone = [];
  /** @type {Unit[]} */
  const urgent = [];
  const most = crowded ? 0 : CELL_MOST;
  for (const unit of units.values()) {
    unit.cell = false;
    if (!unit.seen) continue;
    if (unit.row?.sos_id || unit.row?.call_id) urgent.push(unit);
    else if (cells.get(unit.inCell) > most) unit.cell = true;
    else alone.push(unit);
  }
  for (const [cell, count] of cells) if (count <= most) cells.delete(cell);
  return { alone, urgent };
}

/** @param {CanvasRenderingContext2D} pen */
function drawCells(pen) {
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.font = '600 22px "Barlow Condensed", sans-serif';
  for (const [cell, count] of cells) {
    const x = (cell % CELL_ROW) * CELL + CELL / 2;
    const y = Math.floor(cell / CELL_ROW) * CELL + CELL / 2;
    pen.fillStyle = 'rgba(16, 33, 58, 0.94)';
    pen.beginPath();
    pen.arc(x, y, 21, 0, 7);
    pen.fill();
    ring(pen, x, y, 21, COLOUR.idle, 1.5, []);
    pen.fillStyle = COLOUR.idle;
    pen.fillText(String(count), x, y + 1);
  }
}

/** The unit that carries its team's label: one that calls or asks for help, else the vehicle. @param {Unit[]} alone @param {Unit[]} urgent */
function headsOf(alone, urgent) {
  /** @type {Map<string, Unit>} */
  const heads = new Map();
  for (const unit of alone) {
    const team = unit.row?.team_id;
    if (!team) continue;
    const head = heads.get(team);
    if (!head || unit.no > head.no) heads.set(team, unit);
  }
  for (const unit of urgent) heads.set(`${unit.no}`, unit); // each by himself
  return heads;
}

/** @param {CanvasRenderingContext2D} pen @param {Unit} unit @param {number} at @param {Map<string, Unit>} heads */
function drawUnit(pen, unit, at, heads) {
  const state = stateOf(unit, at);
  const doing = unit.row?.status ?? 'idle';
  const { x, y } = unit;
  const head = heads.get(unit.row?.team_id ?? '');
  if (state === 'online' && head && head !== unit && Math.abs(head.x - x) < ESCORT && Math.abs(head.y - y) < ESCORT) {
    take(x - 6, y - 6, x + 6, y + 6); // the team's own label must not hide it
    dot(pen, x, y, 5, doing === 'way' ? COLOUR.way : doing === 'site' ? COLOUR.site : COLOUR.idle);
    return;
  }
  take(x - 12, y - 12, x + 12, y + 12);
  pen.lineWidth = 2.5;
  pen.strokeStyle = COLOUR.ground;
  if (state === 'sos') { diamond(pen, x, y, 26); return; }
  if (state === 'calling') ring(pen, x, y, 21, COLOUR.text, 3, []);
  if (state === 'stale') ring(pen, x, y, 13, COLOUR.way, 2.5, [4, 4]);
  if (state === 'lost' || state === 'silent') {
    dot(pen, x, y, 9, COLOUR.ground);
    ring(pen, x, y, 9, state === 'lost' ? '#7487a3' : COLOUR.silent, 2.5, [4, 3.5]);
    return;
  }
  shape(pen, unit, doing, state === 'stale');
  if (unit.flags & NETWORK) dot(pen, x, y, 4, COLOUR.ground); // hollow: placed by the network, not by satellites
  if (unit.battery < LOW_BATTERY) battery(pen, x + 13, y - 18);
}

/** @param {CanvasRenderingContext2D} pen @param {Unit} unit @param {string} doing @param {boolean} pale */
function shape(pen, unit, doing, pale) {
  const { x, y } = unit;
  const heading = unit.heading === UNKNOWN || unit.speed === 0 ? null : (unit.heading / 250) * 2 * Math.PI;
  pen.globalAlpha = pale ? 0.6 : 1;
  pen.lineWidth = 2.5;
  pen.strokeStyle = COLOUR.ground;
  if (doing === 'site') {
    pen.fillStyle = COLOUR.site;
    pen.fillRect(x - 10, y - 10, 20, 20);
    pen.strokeRect(x - 10, y - 10, 20, 20);
  } else if (doing === 'way') arrow(pen, x, y, heading ?? 0);
  else {
    pen.fillStyle = COLOUR.idle;
    if (heading !== null) nose(pen, x, y, heading);
    pen.beginPath();
    pen.arc(x, y, 10, 0, 7);
    pen.fill();
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} radius @param {string} colour */
function dot(pen, x, y, radius, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} radius @param {string} colour @param {number} width @param {number[]} dash */
export function ring(pen, x, y, radius, colour, width, dash) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.stroke();
  pen.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y */
function battery(pen, x, y) {
  pen.strokeStyle = COLOUR.way;
  pen.lineWidth = 1.5;
  pen.strokeRect(x, y, 14, 8);
  pen.fillStyle = COLOUR.way;
  pen.fillRect(x + 14, y + 2, 2, 4);
  pen.fillRect(x + 2, y + 2, 3, 4);
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} heading radians from north */
function arrow(pen, x, y, heading) {
  pen.save();
  pen.translate(x, y);
  pen.rotate(heading);
  pen.fillStyle = COLOUR.way;
  pen.beginPath();
  pen.moveTo(0, -17);
  pen.lineTo(12, 12);
  pen.lineTo(0, 6);
  pen.lineTo(-12, 12);
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
  pen.moveTo(0, -20);
  pen.lineTo(7, -9);
  pen.lineTo(-7, -9);
  pen.closePath();
  pen.fill();
  pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} r */
function diamond(pen, x, y, r) {
  pen.fillStyle = COLOUR.sos;
  pen.strokeStyle = COLOUR.text;
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.moveTo(x, y - r);
  pen.lineTo(x + r, y);
  pen.lineTo(x, y + r);
  pen.lineTo(x - r, y);
  pen.closePath();
  pen.fill();
  pen.stroke();
  pen.fillStyle = COLOUR.text;
  pen.fillRect(x - 2.5, y - 13, 5, 15);
  pen.fillRect(x - 2.5, y + 6, 5, 5);
}

const WORD_COLOUR = /** @type {Record<string, string>} */ ({ way: COLOUR.way, site: COLOUR.site, stale: COLOUR.way, lost: COLOUR.silent, silent: COLOUR.silent, sos: COLOUR.text, calling: COLOUR.text });

/** «三组 在途»: one label a team. @param {CanvasRenderingContext2D} pen @param {number} at @param {Map<string, Unit>} heads */
function drawLabels(pen, at, heads) {
  const order = [...heads].sort((a, b) => rank(b[1], at) - rank(a[1], at));
  for (const [, unit] of order) {
    const team = rows.team?.get(unit.row?.team_id) ?? { name: unit.row?.label ?? '', status: unit.row?.status ?? 'idle' };
    const state = stateOf(unit, at);
    const doing = state === 'online' ? team.status : state;
    const urgent = state === 'sos' || state === 'calling';
    const who = urgent ? unit.row?.who ?? team.name : team.name;
    label(pen, unit.x, unit.y, 22, [[who, 'bold', COLOUR.text], [t(`wall.doing_${doing}`), 'plain', WORD_COLOUR[doing] ?? COLOUR.idle]], { plate: state === 'sos' ? '#8f0c1f' : 'rgba(5, 11, 22, 0.84)', must: urgent });
  }
}

/** @param {Unit} unit @param {number} at */
function rank(unit, at) {
  const state = stateOf(unit, at);
  return state === 'sos' ? 4 : state === 'calling' ? 3 : unit.row?.mission_id ? 2 : 1;
}

/** Where a unit is drawn; null when it is not in this Sight or was never heard. @param {string} unitNo */
export function where(unitNo) {
  const unit = units.get(Number(unitNo));
  if (!unit || !unit.drawnAt || !map || now.hello.visitors || now.guests || unit.row?.on_duty === false) return null;
  const box = map.getContainer().getBoundingClientRect();
  const share = box.width / map.getSize().x;
  return { x: box.left + unit.x * share, y: box.top + unit.y * share, fix_at: unit.fixAt, drawn_at: Math.round(unit.drawnAt), state: stateOf(unit, serverNow()), cell: unit.cell };
}

/** How many units are on duty and how many of them were heard lately. */
export function heard() {
  const at = serverNow();
  let onDuty = 0;
  for (const row of all('unit')) if (row.on_duty) onDuty += 1;
  let online = 0;
  for (const unit of units.values()) if (unit.row?.on_duty && ['online', 'calling', 'sos'].includes(stateOf(unit, at))) online += 1;
  return { onDuty, online };
}

/** @type {any} */ (window).ecc = { .../** @type {any} */ (window).ecc, where };
