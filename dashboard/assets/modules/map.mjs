// The ground under the units: district, river, roads, streets with their counted cases, missions' places, alarms.

import { all, now, on, serverNow } from './state.mjs';
import { COLOUR, label } from './labels.mjs';
import { nearestTeams } from './nearest.mjs';
import { drawOn, redraw, ring, unitsSeen } from './units.mjs';
import { span } from './clock.mjs';
import { t } from './text.mjs';
import { drawSimulated, simulates } from './simulated.mjs';
import { selected, trailOf } from './trail.mjs';
import { ahead } from './ways.mjs';
import { baseBounds, baseVersion, beginBase, draw as drawBase, hasBase, labelBase, layBase, projection as projected, takeBase } from './base_map.mjs';

const LAYERS = ['streets', 'towns', 'blocks', 'contours', 'river', 'railway', 'roads'];
const ROADS = /** @type {Record<string, [number, string]>} */ ({ ring: [5, '#35557c'], trunk: [5, '#35557c'], main: [3, '#2b4668'], minor: [1.2, '#1d3350'] });

/** @type {[string, string, number, number[]][]} */
const AREAS = [['communities', '#2b4668', 1, [3, 6]], ['streets', '#5b7ba3', 1.5, [2, 7]]];

/** @type {Record<string, any>} */
const ground = {};
/** @type {any} */
let map = null;
let ready = false;
/** The rings that pulse: moved with the alarm, faded by the compositor. @type {HTMLElement | null} */
let pulse = null;

/** Whether the ground is there, so that the map may be sent somewhere. */
export const mapReady = () => ready;
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
  pulse = document.createElement('div');
  pulse.className = 'pulse';
  pulse.hidden = true;
  map.getContainer().append(pulse);
  map.on('move zoom resize viewreset', paint);
  const framed = read('boundary'); // who moves is drawn as soon as the district is framed, and never before: no unit jumps
  const others = LAYERS.map(read);
  const base = beginBase(map, paint, areas).catch(() => {}); // the map stays bare of it; the next load asks again
  await framed;
  ready = true;
  frameDistrict();
  drawOn(map, over);
  await Promise.all([...others, base]);
  drawn = baseVersion();
  laid();
  on(() => void renew());
}

function laid() {
  if (hasBase()) {
    void read('communities').then(drawBase);
    if (!framedBy) frameDistrict();
    void drawBase();
  }
  paint();
}

let drawn = ''; // the version of the court's map
let asksFrom = 0;
const ASKS_AGAIN_MS = 5000;

/** The court has another map than the one that is drawn: it is taken. Where the picture stands, and what lies on it, stays as it is. */
async function renew() {
  if (!now.map || now.map === drawn || performance.now() < asksFrom) return;
  asksFrom = Infinity;
  const wanted = now.map;
  const there = await Promise.all([takeBase().catch(() => false), ...['boundary', ...LAYERS].map(read)]);
  asksFrom = performance.now() + ASKS_AGAIN_MS;
  if (!there.every(Boolean)) return;
  drawn = wanted; // as the tick calls it: another process beside may have an older one
  laid();
}

/** @param {string} name @returns {Promise<boolean>} false: the map stays without this layer, or with what it had of it */
async function read(name) {
  try {
    const answer = await fetch(`/api/layers/${name}.json`);
    if (answer.ok) ground[name] = await answer.json();
    return answer.ok;
  } catch {
    return false;
  }
}

/** Whether visitors are shown invented cars. */
export const invents = () => now.guests && simulates(ground.roads);
setInterval(() => { if (invents()) redraw(); }, 200);

const CLOSEST = 14; // a court that has told one place only is not shown from a roof
const CLOSEST_BOUNDED = 16; // a small district that has a boundary fills its place
let framedBy = '';

/** The whole district: its boundary; without one its communities and the court; without those all who are on the map. @returns {any} */
export function district() {
  const bounds = L.latLngBounds([]);
  framedBy = 'boundary';
  for (const feature of ground.boundary?.features ?? []) bounds.extend(L.geoJSON(feature).getBounds());
  if (bounds.isValid()) return bounds;
  framedBy = 'rows';
  for (const row of [...all('area'), ...all('court')]) if (typeof row.lat === 'number' && typeof row.lon === 'number') bounds.extend([row.lat, row.lon]);
  if (bounds.isValid()) return bounds;
  framedBy = 'units';
  for (const unit of unitsSeen().values()) if (unit.row?.on_duty !== false) bounds.extend([unit.lat, unit.lon]);
  if (!bounds.isValid()) {
    framedBy = '';
    for (const corner of baseBounds() ?? []) bounds.extend(corner);
  }
  return bounds;
}

/** It stands free between the columns. */
export function frameDistrict() {
  const bounds = district();
  if (!bounds.isValid()) return;
  const sides = map.getSize().x > 1500 ? 490 : 60;
  const maxZoom = framedBy === 'boundary' ? CLOSEST_BOUNDED : CLOSEST;
  map.fitBounds(bounds, { paddingTopLeft: [sides, 100], paddingBottomRight: [sides, 110], maxZoom, animate: false });
}

/** Whether the map must be framed anew: nothing was known to frame it by, or it was framed by units, of which one has left the picture. */
export const unframed = () => !framedBy || (framedBy === 'units' && [...unitsSeen().values()].some((unit) => !unit.seen && unit.row?.on_duty));

/** @param {number} lat @param {number} lon @param {number} [zoom] @param {[number, number]} [beside] CSS pixels from the middle of the screen */
export function look(lat, lon, zoom = 13.5, beside = [0, 0]) {
  map?.setView([lat, lon], zoom, { animate: false });
  map?.panBy(beside, { animate: false });
}

/** Goes there in one glide; the panels stay where they are. @param {number} lat @param {number} lon @param {number} zoom */
export function flyTo(lat, lon, zoom) {
  map?.flyTo([lat, lon], zoom, { duration: 0.7 });
}

/** Keeps a moving unit in the middle part of the screen. @param {number} lat @param {number} lon */
export function follow(lat, lon) {
  if (!map || map._flyToFrame) return;
  const { x, y } = map.latLngToContainerPoint([lat, lon]);
  const { x: width, y: height } = map.getSize();
  if (Math.abs(x - width / 2) > 240 || Math.abs(y - height / 2) > 190) map.panTo([lat, lon], { animate: false });
}

const metresAPixel = (/** @type {number} */ lat, /** @type {number} */ zoom) => (156_543.034 * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom;

/** The zoom at which so many metres are so many pixels, within what a street map bears. @param {number} lat @param {number} metres @param {number} pixels */
export const reach = (lat, metres, pixels) => Math.min(14.2, Math.max(11.8, Math.log2((metresAPixel(lat, 0) * pixels) / Math.max(1, metres))));

/** @returns {(lonlat: number[]) => [number, number]} */
function projection() {
  const origin = map.getPixelBounds().min;
  return projected(map.getZoom(), origin.x, origin.y);
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
  if (hasBase()) {
    layBase(pen);
    draw('boundary', (p) => { p.strokeStyle = '#6d8db5'; p.lineWidth = 2; p.stroke(); });
    redraw();
    return;
  }
  draw('contours', (p) => { p.strokeStyle = '#10233c'; p.lineWidth = 1; p.stroke(); });
  draw('streets', (p) => { p.strokeStyle = '#1f3757'; p.lineWidth = 1; p.setLineDash([2, 7]); p.stroke(); p.setLineDash([]); });
  draw('towns', (p) => { p.fillStyle = '#10243f'; p.fill(); });
  draw('blocks', (p) => { p.fillStyle = '#17304f'; p.fill(); });
  draw('river', (p) => { p.fillStyle = '#0f3a5c'; p.fill(); });
  draw('railway', (p) => { p.strokeStyle = '#22354f'; p.lineWidth = 2; p.setLineDash([10, 6]); p.stroke(); p.setLineDash([]); });
  draw('roads', (p, feature) => { const [width, colour] = ROADS[feature.properties?.class] ?? [1, '#1d3350']; p.strokeStyle = colour; p.lineWidth = width; p.lineJoin = 'round'; p.stroke(); });
  draw('boundary', (p) => { p.strokeStyle = '#6d8db5'; p.lineWidth = 2; p.stroke(); });
  redraw();
}

/** The streets and, nearer by, the communities, as lines on the base map's sheet. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at @param {number} zoom */
function areas(pen, at, zoom) {
  for (const [name, colour, width, dash] of AREAS) {
    if (name === 'communities' && zoom < NEAR_ZOOM) continue;
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    for (const feature of ground[name]?.features ?? []) { if (!feature.geometry) continue; pen.beginPath(); trace(feature.geometry, at, pen); pen.stroke(); }
  }
  pen.setLineDash([]);
}

/** What changes with the rows and is drawn with the units: under them, and the labels after theirs.
 * @param {CanvasRenderingContext2D} pen @param {'below' | 'labels'} part */
function over(pen, part) {
  const at = projection();
  if (part === 'below') {
    drawFences(pen, at);
    if (now.guests) { if (pulse) pulse.hidden = true; drawSimulated(pen, at, ground.roads); return; }
    drawSelected(pen, at);
    drawSilent(pen, at);
    drawMissions(pen, at);
    drawAlarms(pen, at);
  } else {
    if (!now.guests) { labelSilent(pen, at); labelMissions(pen, at); }
    labelStreets(pen, at);
    labelBase(pen);
  }
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

const UNDER_WAY = ['EN_ROUTE', 'ON_SCENE'];
const missionsSeen = () => all('mission').filter((row) => typeof row.lat === 'number' && UNDER_WAY.includes(row.state));

const NEAR_ZOOM = 13; // from here on communities are far enough apart to be named

/** Cases at the community's centre, counted; never at an address. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function labelCommunities(pen, at) {
  const { x: width, y: height } = map.getSize();
  for (const area of all('area')) {
    if (typeof area.lat !== 'number' || !area.cases) continue;
    const [x, y] = at([area.lon, area.lat]);
    if (x < 0 || y < 80 || x > width || y > height - 60) continue;
    label(pen, x, y, 0, [[area.name ?? '', 'plain', COLOUR.quiet], [String(area.cases ?? 0), 'digits', COLOUR.text], [t('wall.cases_unit'), 'plain', COLOUR.quiet]], { plate: '', centred: true });
  }
}

const NAMED_MOST = 40; // communities on the screen: of more than these the wall names the streets alone

/** The court's communities that have no cases to count. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function nameCommunities(pen, at) {
  const counted = new Set(all('area').filter((area) => area.cases).map((area) => area.name));
  const size = map.getSize();
  /** @type {[string, number, number][]} */
  const seen = [];
  for (const feature of ground.communities?.features ?? []) {
    const { name, lat, lon } = feature.properties ?? {};
    if (!name || typeof lat !== 'number' || counted.has(name)) continue;
    const [x, y] = at([lon, lat]);
    if (x >= 0 && y >= 0 && x <= size.x && y <= size.y) seen.push([name, x, y]);
  }
  if (seen.length > NAMED_MOST) return;
  for (const [name, x, y] of seen) label(pen, x, y, 0, [[name, 'plain', COLOUR.quiet]], { plate: '', centred: true });
}

/** How well the selected unit is placed, and where it came from. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawSelected(pen, at) {
  const unit = unitsSeen().get(selected());
  if (!unit?.seen) return;
  const trail = trailOf(unit.no);
  pen.beginPath();
  trail.forEach((point, i) => { const [x, y] = at(point); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
  pen.lineTo(unit.x, unit.y);
  pen.strokeStyle = 'rgba(238, 245, 253, 0.7)';
  pen.lineWidth = 3;
  pen.lineJoin = 'round';
  pen.stroke();
  const radius = Math.max(16, unit.accuracy / metresAPixel(unit.lat, map.getZoom()));
  pen.fillStyle = 'rgba(238, 245, 253, 0.1)';
  pen.beginPath();
  pen.arc(unit.x, unit.y, radius, 0, 7);
  pen.fill();
  ring(pen, unit.x, unit.y, radius, COLOUR.text, 1.5, []);
}

/** Which call or alarm shows who could come: `sos:ID`, `call:ID` or nothing. @param {string} key */
export const showComing = (key) => { comingTo = key; };
let comingTo = '';

/** Dotted lines from the teams that could come: along the roads where these are known, else straight.
 * @param {CanvasRenderingContext2D} pen @param {Record<string, any>} row @param {number} x @param {number} y @param {(lonlat: number[]) => [number, number]} at */
function drawComing(pen, row, x, y, at) {
  pen.lineWidth = 4;
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  pen.setLineDash([1, 10]);
  for (const { unit, state, way } of nearestTeams(row, 3)) {
    if (!way && !unit.seen) continue;
    pen.beginPath();
    pen.moveTo(unit.x, unit.y);
    for (const [lat, lon] of way ? ahead(way, unit.lat, unit.lon) : []) pen.lineTo(...at([lon, lat]));
    pen.lineTo(x, y);
    pen.strokeStyle = state === 'way' ? COLOUR.way : state === 'site' ? COLOUR.site : COLOUR.idle;
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.lineCap = 'butt';
}

/** «青石街道 318 件»: open cases of the street's communities, counted. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function labelStreets(pen, at) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const area of all('area')) counts.set(area.street, (counts.get(area.street) ?? 0) + (area.cases ?? 0));
  const near = map.getZoom() >= NEAR_ZOOM;
  if (near) labelCommunities(pen, at);
  for (const feature of ground.streets?.features ?? []) {
    const { name, lat, lon } = feature.properties ?? {};
    if (!name || lat === undefined) continue;
    const [x, y] = at([lon, lat]);
    const counted = counts.has(name) || !hasBase(); // a court that has not told its communities has no cases to count there
    if (near || !counted) label(pen, x, y, 0, [[name, 'bold', COLOUR.quiet]], { plate: '', centred: true });
    else label(pen, x, y, 0, [[name, 'plain', COLOUR.quiet], [String(counts.get(name) ?? 0), 'digits', COLOUR.text], [t('wall.cases_unit'), 'plain', COLOUR.quiet]], { plate: '', centred: true });
  }
  if (near && hasBase()) nameCommunities(pen, at);
}

/** The way that is left, and the ring where it ends. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawMissions(pen, at) {
  for (const mission of missionsSeen()) {
    if (mission.state !== 'EN_ROUTE') continue;
    const [x, y] = at([mission.lon, mission.lat]);
    const unit = [...unitsSeen().values()].filter((one) => one.row?.mission_id === mission.id && one.seen).sort((a, b) => b.no - a.no)[0];
    if (unit) {
      pen.beginPath();
      pen.moveTo(unit.x, unit.y);
      pen.lineTo(x, y);
      pen.strokeStyle = 'rgba(255, 194, 79, 0.8)';
      pen.lineWidth = 3;
      pen.lineCap = 'round';
      pen.setLineDash([1, 9]);
      pen.stroke();
      pen.setLineDash([]);
      pen.lineCap = 'butt';
    }
    ring(pen, x, y, 13, COLOUR.text, 2.5, []);
    ring(pen, x, y, 2.5, COLOUR.text, 5, []);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function labelMissions(pen, at) {
  for (const mission of missionsSeen()) {
    const [x, y] = at([mission.lon, mission.lat]);
    label(pen, x, y + 4, 20, [[mission.matter ?? '', 'bold', COLOUR.text]]);
  }
}

/** Units that said beforehand that they would not be heard. @param {(lonlat: number[]) => [number, number]} at */
function silentOnes(at) {
  const clock = serverNow();
  const seen = new Set();
  const ones = [];
  for (const unit of unitsSeen().values()) {
    const until = unit.row?.silent_until_at;
    const team = unit.row?.team_id ?? unit.no;
    if (!until || until < clock || seen.has(team)) continue;
    seen.add(team);
    const [x, y] = at([unit.lon, unit.lat]);
    ones.push({ x, y, text: t('wall.silent_until', { team: unit.row?.team ?? unit.row?.label ?? '', left: span(until - clock) }) });
  }
  return ones;
}

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawSilent(pen, at) {
  for (const { x, y } of silentOnes(at)) {
    pen.save();
    pen.beginPath();
    pen.arc(x, y, 70, 0, 7);
    pen.fillStyle = 'rgba(157, 176, 200, 0.1)';
    pen.fill();
    pen.clip();
    pen.strokeStyle = 'rgba(157, 176, 200, 0.35)';
    pen.lineWidth = 2;
    pen.beginPath();
    for (let d = -140; d < 140; d += 14) { pen.moveTo(x + d, y + 70); pen.lineTo(x + d + 140, y - 70); }
    pen.stroke();
    pen.restore();
    ring(pen, x, y, 70, '#9db0c8', 2.5, [7, 6]);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function labelSilent(pen, at) {
  for (const { x, y, text } of silentOnes(at)) label(pen, x, y + 92, 0, [[text, 'bold', COLOUR.text]], { centred: true });
}

/** Rings round who asks for help or calls. @param {CanvasRenderingContext2D} pen @param {(lonlat: number[]) => [number, number]} at */
function drawAlarms(pen, at) {
  let pulsing = false;
  for (const kind of ['call', 'sos']) {
    for (const row of all(kind)) {
      if (typeof row.lat !== 'number' || row.ended_at || row.closed_at) continue;
      const unit = unitsSeen().get(Number(row.unit));
      const [x, y] = unit?.seen ? [unit.x, unit.y] : at([row.lon, row.lat]);
      if (comingTo === `${kind}:${row.id}`) drawComing(pen, row, x, y, at);
      if (kind === 'sos' && pulse && !pulsing) { pulsing = true; pulse.style.transform = `translate(${x}px, ${y}px)`; }
      if (kind === 'call') ring(pen, x, y, 34, COLOUR.text, 2.5, []);
      else for (const radius of [60, 125, 205]) { pen.globalAlpha = 30 / radius; ring(pen, x, y, radius, COLOUR.sos, 2.5, []); }
      pen.globalAlpha = 1;
      if (kind === 'sos' && !unit?.seen) label(pen, x, y, 20, [[row.who ?? '', 'bold', COLOUR.text]], { plate: '#8f0c1f', must: true });
    }
  }
  if (pulse) pulse.hidden = !pulsing;
}
