// The desk's small map: where the chosen one is. Who follows one officer is seen by him, so only a chosen unit is followed.

import { now, rows } from './state.mjs';
import { chosenRow, choose, desk } from './desk_state.mjs';
import { head } from './heads.mjs';
import { begin, district, look, mapReady, showComing } from './map.mjs';
import { select } from './trail.mjs';
import { serverNow } from './state.mjs';
import { redraw, unitsSeen } from './units.mjs';

const NEAR_ZOOM = 13;
const EDGE = 60; // pixels: nearer to the border than this the map follows
const CLICK_PX = 26;
const FOLLOW_AFTER_MS = 700; // who only passes by with the arrows is not followed

/** @type {any} */
let map = null;
let shown = '';
let framed = false;
let wanted = '';
let wantedAt = 0;
let followed = '';
let wasLive = false;

export function startMap() {
  const found = /** @type {any} */ (window).eccMaps?.['desk-map'];
  if (found) mount(found);
  else addEventListener('ecc:map', (event) => mount(/** @type {CustomEvent} */ (event).detail), { once: true });
}

/** @param {any} leaflet */
function mount(leaflet) {
  map = leaflet;
  void begin(map);
  map.on('click', (/** @type {any} */ event) => pick(event.containerPoint));
}

/** The unit under the pointer. @param {{x: number, y: number}} at */
function pick(at) {
  let best = CLICK_PX;
  let no = 0;
  for (const unit of unitsSeen().values()) {
    const away = Math.hypot(unit.x - at.x, unit.y - at.y);
    if (unit.seen && away < best) { best = away; no = unit.no; }
  }
  if (no) choose('unit', String(no));
}

/** The unit, and the place, of what is chosen. @returns {{unit: string, lat?: number, lon?: number}} */
function whereChosen() {
  const row = chosenRow();
  const unit = desk.kind === 'unit' ? desk.id : row?.unit ?? '';
  const seen = unitsSeen().get(Number(unit));
  if (seen && seen.row?.on_duty !== false) return { unit, lat: seen.lat, lon: seen.lon };
  if (typeof row?.lat === 'number') return { unit, lat: row.lat, lon: row.lon };
  const area = rows.area?.get(row?.area_id ?? '');
  return { unit, lat: area?.lat, lon: area?.lon };
}

export function drawMap() {
  head('map', now.fixesAt || null, !now.fixesAt ? 'empty' : serverNow() - now.fixesAt > (now.hello.stale_s ?? 30) * 1000 ? 'stale' : 'live');
  follow();
  const { unit, lat, lon } = whereChosen();
  select(Number(unit));
  showComing(desk.kind === 'sos' || desk.kind === 'call' ? `${desk.kind}:${desk.id}` : '');
  if (!map || !mapReady()) return;
  const there = typeof lat === 'number' && typeof lon === 'number';
  const key = there ? `${desk.kind}:${desk.id}` : '';
  if (key !== shown || (!there && !framed)) {
    shown = key;
    if (there) look(lat, lon, NEAR_ZOOM);
    else frame();
    redraw();
  } else if (there && unit && leaves(lat, lon)) map.panTo([lat, lon], { animate: false });
}

/** The whole district. */
function frame() {
  const bounds = district();
  framed = bounds.isValid();
  if (framed) map.fitBounds(bounds.pad(0.1), { maxZoom: NEAR_ZOOM, animate: false });
}

/** @param {number} lat @param {number} lon */
function leaves(lat, lon) {
  const { x, y } = map.latLngToContainerPoint([lat, lon]);
  const size = map.getSize();
  return x < EDGE || y < EDGE || x > size.x - EDGE || y > size.y - EDGE;
}

/** Said again after each new connection: the server forgets it with the old one. */
function follow() {
  const live = now.connection === 'live';
  if (live && !wasLive) followed = '';
  wasLive = live;
  const unit = desk.kind === 'unit' ? desk.id : '';
  if (unit !== wanted) { wanted = unit; wantedAt = performance.now(); }
  if (!live || unit === followed || performance.now() - wantedAt < FOLLOW_AFTER_MS) return;
  followed = unit;
  /** @type {any} */ (window).ecc?.say?.({ type: 'watch', unit: unit || null });
}
