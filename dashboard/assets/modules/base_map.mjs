// The court's own base map under everything: vector tiles read from one file by ranges, drawn once for a view on a sheet somewhat larger than
// the screen. While the map moves the sheet is only moved with it; a new one is drawn piece by piece, and laid down when it is whole.

import { COLOUR, label } from './labels.mjs';
import { EXTENT, readTile } from './vector_tile.mjs';
import { t } from './text.mjs';

/** @typedef {import('./vector_tile.mjs').Tile} Tile */
/** @typedef {{ tiles: string | null, first: number, last: number, bounds: [number, number, number, number], osm: boolean, approval: string }} About */
/** @typedef {{ canvas: HTMLCanvasElement, zoom: number, x: number, y: number, width: number, height: number }} Sheet in pixels of the world at its zoom */
/** @typedef {{ text: string, kind: string, rank: number, mx: number, my: number, long: number }} Written where: Mercator, the world from 0 to 1 */

const LIBRARY = '/vendor/pmtiles/pmtiles.js';
const MARGIN = 200; // pixels of the sheet beyond each edge of the screen: so far the map moves without a new one
const KEPT = 200; // tiles
const SLICE_MS = 8; // of drawing at once: the clock and the units go on
const AGAIN_MS = 15_000;
const NAMES_MOST = 60;

/** From below to above: fill or line, its colour, how wide in pixels at zoom 12 and how much wider with each zoom. @type {[string, 'fill' | 'line', string, number, number, number[]?][]} */
const STYLE = [
  ['sea', 'fill', '#0f3a5c', 0, 1],
  ['built', 'fill', '#10243f', 0, 1],
  ['green', 'fill', '#0c2a33', 0, 1],
  ['water', 'fill', '#0f3a5c', 0, 1],
  ['stream', 'line', '#0f3a5c', 1.2, 1.3],
  ['river', 'line', '#0f3a5c', 2.5, 1.5],
  ['building', 'fill', '#1b3656', 0, 1],
  ['path', 'line', '#1a2f4a', 0.8, 1.3],
  ['railway', 'line', '#2c4260', 1.4, 1.2, [9, 6]],
  ['minor', 'line', '#22395a', 1.3, 1.5],
  ['main', 'line', '#2b4668', 2.4, 1.4],
  ['trunk', 'line', '#35557c', 3.4, 1.35],
  ['ring', 'line', '#41658f', 4.2, 1.3],
];
/** From which zoom on a kind is named. */
const NAMED_FROM = /** @type {Record<string, number>} */ ({ place: 0, ring: 12.2, trunk: 12.6, water: 12.8, river: 12.8, main: 13.2, minor: 14.2 });
const ORDER = ['place', 'ring', 'trunk', 'water', 'river', 'main', 'minor'];

/** @type {any} */
let map = null;
/** @type {About | null} */
let about = null;
/** @type {{ getZxy: (z: number, x: number, y: number) => Promise<{ data: ArrayBuffer } | undefined> } | null} */
let file = null;
/** @type {typeof import('/vendor/pbf/index.js').PbfReader | null} */
let Reader = null;
/** @type {Map<string, Promise<Tile | null>>} */
const tiles = new Map();
/** @type {Sheet | null} */
let sheet = null;
/** @type {Written[]} */
let names = [];
let round = 0;
let version = '';
let failed = false;
let repaint = () => {};
/** @type {(pen: CanvasRenderingContext2D, at: (lonlat: number[]) => [number, number], zoom: number) => void} */
let above = () => {};

/** Whether there is one: the invented district's own roads and rivers are then not drawn. */
export const hasBase = () => about !== null;

/** What part of the world it shows: south-west and north-east. @returns {[[number, number], [number, number]] | null} */
export function baseBounds() {
  if (!about) return null;
  const [south, west, north, east] = about.bounds;
  return [[south, west], [north, east]];
}

/** @param {any} leaflet @param {() => void} paint called when there is more to see @param {typeof above} lines what else stands on the sheet, above the map */
export async function beginBase(leaflet, paint, lines) {
  map = leaflet;
  repaint = paint;
  above = lines;
  map.on('moveend resize', () => { if (!covers()) void draw(); });
  await takeBase();
}

/** The one that is there now, whatever was there before; what is drawn stays until it is drawn anew. @returns {Promise<boolean>} false: nobody answered, what was there stays */
export async function takeBase() {
  const answer = await fetch('/api/layers/base.json').catch(() => null);
  const said = answer?.ok ? await answer.json() : null;
  if (!said) return false;
  if (said.tiles && !Reader) await load();
  round += 1; // a sheet that is being drawn is of the one before
  tiles.clear();
  failed = false;
  file = said.tiles ? new /** @type {any} */ (window).pmtiles.PMTiles(new URL(said.tiles, location.href).href) : null;
  about = said.tiles ? said : null;
  version = said.map;
  if (!about) { sheet = null; names = []; }
  note();
  return true;
}

/** Of the court's whole map, when its base was taken; the server says with each second which one counts. */
export const baseVersion = () => version;

async function load() {
  ({ PbfReader: Reader } = await import('/vendor/pbf/index.js'));
  await new Promise((done, fail) => {
    const script = document.createElement('script');
    script.src = LIBRARY;
    script.onload = done;
    script.onerror = fail;
    document.head.append(script);
  });
}

/** Whose map it is and by whose approval it is shown; and whether a part of it is missing. */
function note() {
  const place = map.getContainer();
  if (!about && !place.querySelector('.map-note')) return;
  const element = place.querySelector('.map-note') ?? place.appendChild(Object.assign(document.createElement('p'), { className: 'map-note' }));
  element.textContent = [failed ? t('wall.base_failed') : '', about?.approval ?? '', about?.osm ? t('wall.osm_credit') : ''].filter(Boolean).join(' · ');
}

const view = () => ({ zoom: map.getZoom(), bounds: map.getPixelBounds(), size: map.getSize() });

/** Whether the sheet that lies there shows all of the screen, in its own zoom. */
function covers() {
  const { zoom, bounds } = view();
  return sheet !== null && sheet.zoom === zoom && sheet.x <= bounds.min.x && sheet.y <= bounds.min.y
    && sheet.x + sheet.width >= bounds.max.x && sheet.y + sheet.height >= bounds.max.y;
}

/** A new sheet for where the map is now. A later call takes over from an earlier one. */
export async function draw() {
  if (!about || !map) return;
  round += 1;
  const mine = round;
  const { zoom, bounds, size } = view();
  const wanted = { zoom, x: bounds.min.x - MARGIN, y: bounds.min.y - MARGIN, width: size.x + 2 * MARGIN, height: size.y + 2 * MARGIN };
  const there = await Promise.all(tilesOf(wanted, about).map(async (place) => ({ ...place, tile: await tile(place.z, place.x, place.y) })));
  if (mine !== round) return;
  const canvas = document.createElement('canvas');
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(wanted.width * scale);
  canvas.height = Math.round(wanted.height * scale);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  if (!pen) return;
  let until = performance.now() + SLICE_MS;
  for (const style of STYLE) {
    for (const { x, y, wide, tile } of there) {
      const path = tile?.paths.get(style[0]);
      if (!path) continue;
      stroke(pen, path, style, zoom, scale, x * wide - wanted.x, y * wide - wanted.y, wide / EXTENT);
      pen.getImageData(0, 0, 1, 1); // draw it now: browsers put it off until the sheet is laid down, and then hold everything up for all of it
      if (performance.now() < until) continue;
      await new Promise((next) => { setTimeout(next); });
      if (mine !== round) return;
      until = performance.now() + SLICE_MS;
    }
  }
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  above(pen, projection(zoom, wanted.x, wanted.y), zoom);
  sheet = { canvas, ...wanted };
  names = written(there, zoom);
  repaint();
}

/** Where a place is drawn when the world at this zoom begins at that pixel. @param {number} zoom @param {number} left @param {number} top @returns {(lonlat: number[]) => [number, number]} */
export function projection(zoom, left, top) {
  const world = 256 * 2 ** zoom;
  return ([lon = 0, lat = 0]) => {
    const sin = Math.sin((lat * Math.PI) / 180);
    return [(lon / 360 + 0.5) * world - left, (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * world - top];
  };
}

/** @param {CanvasRenderingContext2D} pen @param {Path2D} path @param {typeof STYLE[number]} style @param {number} zoom @param {number} scale @param {number} left @param {number} top @param {number} size pixels a unit of the tile */
function stroke(pen, path, [, how, colour, width, growth, dash], zoom, scale, left, top, size) {
  pen.setTransform(scale * size, 0, 0, scale * size, left * scale, top * scale);
  if (how === 'fill') {
    pen.fillStyle = colour;
    pen.fill(path);
    return;
  }
  pen.strokeStyle = colour;
  pen.lineWidth = Math.max(0.5, width * growth ** (zoom - 12)) / size;
  pen.lineJoin = 'round';
  pen.setLineDash((dash ?? []).map((part) => part / size));
  pen.stroke(path);
}

/** The tiles under a sheet, and how wide each is there. @param {{zoom: number, x: number, y: number, width: number, height: number}} wanted @param {About} from */
function tilesOf(wanted, from) {
  const z = Math.max(from.first, Math.min(from.last, Math.floor(wanted.zoom + 0.001)));
  const wide = 256 * 2 ** (wanted.zoom - z);
  const found = [];
  const most = 2 ** z;
  for (let y = Math.max(0, Math.floor(wanted.y / wide)); y * wide < wanted.y + wanted.height && y < most; y += 1) {
    for (let x = Math.max(0, Math.floor(wanted.x / wide)); x * wide < wanted.x + wanted.width && x < most; x += 1) found.push({ z, x, y, wide });
  }
  return found;
}

/** @param {number} z @param {number} x @param {number} y @returns {Promise<Tile | null>} */
function tile(z, x, y) {
  const key = `${z}/${x}/${y}`;
  let known = tiles.get(key);
  tiles.delete(key);
  known ??= read(z, x, y).catch(() => { tiles.delete(key); missed(); return null; });
  tiles.set(key, known); // the newest last
  for (const old of tiles.keys()) { if (tiles.size <= KEPT) break; tiles.delete(old); }
  return known;
}

/** @param {number} z @param {number} x @param {number} y */
async function read(z, x, y) {
  const found = await file?.getZxy(z, x, y);
  if (failed) { failed = false; note(); }
  return found && Reader ? readTile(new Reader(new Uint8Array(found.data))) : null;
}

function missed() {
  if (failed) return;
  failed = true;
  note();
  setTimeout(() => { failed = false; note(); void draw(); }, AGAIN_MS);
}

/** The names of a view, each once, at the longest piece that is seen of it. @param {{z: number, x: number, y: number, tile: Tile | null}[]} there @param {number} zoom */
function written(there, zoom) {
  /** @type {Map<string, Written>} */
  const found = new Map();
  for (const { z, x, y, tile } of there) {
    for (const name of tile?.names ?? []) {
      if (zoom < (NAMED_FROM[name.kind] ?? 0) || (name.kind === 'place' && name.rank > zoom - 9)) continue;
      const key = `${name.kind}${name.text}`;
      if ((found.get(key)?.long ?? -2) >= name.long) continue;
      found.set(key, { ...name, mx: (x + name.x / EXTENT) / 2 ** z, my: (y + name.y / EXTENT) / 2 ** z });
    }
  }
  const order = (/** @type {Written} */ name) => ORDER.indexOf(name.kind) * 1e6 + name.rank * 1e5 - name.long;
  return [...found.values()].sort((a, b) => order(a) - order(b)).slice(0, NAMES_MOST);
}

/** The sheet where it belongs in this view. @param {CanvasRenderingContext2D} pen */
export function layBase(pen) {
  if (!sheet) return;
  const { zoom, bounds } = view();
  const factor = 2 ** (zoom - sheet.zoom);
  pen.imageSmoothingEnabled = false; // only while it glides to another zoom is it scaled: there speed counts, not looks
  pen.drawImage(sheet.canvas, sheet.x * factor - bounds.min.x, sheet.y * factor - bounds.min.y, sheet.width * factor, sheet.height * factor);
}

/** @param {CanvasRenderingContext2D} pen */
export function labelBase(pen) {
  if (!names.length) return;
  const { zoom, bounds, size } = view();
  const world = 256 * 2 ** zoom;
  for (const name of names) {
    const x = name.mx * world - bounds.min.x;
    const y = name.my * world - bounds.min.y;
    if (x < 0 || y < 0 || x > size.x || y > size.y) continue;
    label(pen, x, y, 0, [[name.text, name.kind === 'place' ? 'bold' : 'plain', name.kind === 'place' ? COLOUR.quiet : '#93a8c2']], { plate: '', centred: true, fixed: true });
  }
}
