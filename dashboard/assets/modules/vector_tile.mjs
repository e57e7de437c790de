// A vector tile (Mapbox Vector Tile 2) as paths to draw and names to write; coordinates of 4096 to a tile.

/** @typedef {{ kind: string, text: string, rank: number, x: number, y: number, long: number }} Name long: how much of the tile it runs through */
/** @typedef {{ paths: Map<string, Path2D>, names: Name[] }} Tile */
/** @typedef {import('/vendor/pbf/index.js').PbfReader} Reader */

const NAMED = new Set(['ring', 'trunk', 'main', 'minor', 'water', 'river', 'place']);
export const EXTENT = 4096;

/** @param {Reader} pbf @returns {Tile} */
export function readTile(pbf) {
  /** @type {Tile} */
  const tile = { paths: new Map(), names: [] };
  pbf.readFields((tag, into, reader) => { if (tag === 3) readLayer(reader, reader.readVarint() + reader.pos, into); }, tile);
  return tile;
}

/** @param {Reader} pbf @param {number} end @param {Tile} tile */
function readLayer(pbf, end, tile) {
  /** @type {{name: string, extent: number, keys: string[], values: (string | number)[], features: number[]}} */
  const layer = { name: '', extent: EXTENT, keys: [], values: [], features: [] };
  pbf.readFields((tag, into, reader) => {
    if (tag === 1) into.name = reader.readString();
    else if (tag === 2) into.features.push(reader.pos);
    else if (tag === 3) into.keys.push(reader.readString());
    else if (tag === 4) into.values.push(reader.readMessage(readValue, { value: '' }).value);
    else if (tag === 5) into.extent = reader.readVarint();
  }, layer, end);
  const path = new Path2D();
  for (const at of layer.features) {
    pbf.pos = at;
    const feature = pbf.readMessage(readFeature, { tags: [], type: 0, geometry: 0 });
    pbf.pos = feature.geometry;
    const line = trace(pbf, path, EXTENT / layer.extent, feature.type);
    if (NAMED.has(layer.name)) name(tile, layer, feature.tags, line);
  }
  pbf.pos = end;
  tile.paths.set(layer.name, path);
}

/** @param {number} tag @param {{value: string | number}} into @param {Reader} pbf */
function readValue(tag, into, pbf) {
  if (tag === 1) into.value = pbf.readString();
  else if (tag === 4 || tag === 5) into.value = pbf.readVarint();
  else if (tag === 6) into.value = pbf.readSVarint();
}

/** @param {number} tag @param {{tags: number[], type: number, geometry: number}} into @param {Reader} pbf */
function readFeature(tag, into, pbf) {
  if (tag === 2) pbf.readPackedVarint(into.tags);
  else if (tag === 3) into.type = pbf.readVarint();
  else if (tag === 4) into.geometry = pbf.pos;
}

/** Adds a shape to the path; returns the middle and the length of its longest part. @param {Reader} pbf @param {Path2D} path @param {number} scale @param {number} type */
function trace(pbf, path, scale, type) {
  const end = pbf.readVarint() + pbf.pos;
  const longest = { x: 0, y: 0, long: -1 };
  /** @type {number[]} */
  let part = [];
  let long = 0;
  let x = 0;
  let y = 0;
  const finish = () => {
    if (part.length && long > longest.long) Object.assign(longest, { long }, middle(part, long));
  };
  while (pbf.pos < end) {
    const command = pbf.readVarint();
    const times = command >> 3;
    if ((command & 7) === 7) { path.closePath(); continue; }
    for (let i = 0; i < times; i += 1) {
      const dx = pbf.readSVarint() * scale;
      const dy = pbf.readSVarint() * scale;
      x += dx;
      y += dy;
      if ((command & 7) === 1) {
        finish();
        part = [x, y];
        long = 0;
        if (type !== 1) path.moveTo(x, y);
      } else {
        part.push(x, y);
        long += Math.hypot(dx, dy);
        path.lineTo(x, y);
      }
    }
  }
  finish();
  if (type === 3 && part.length) Object.assign(longest, centre(part));
  return longest;
}

/** Where half of a line is walked. @param {number[]} line @param {number} long */
function middle(line, long) {
  let left = long / 2;
  for (let i = 2; i < line.length; i += 2) {
    const [ax = 0, ay = 0, bx = 0, by = 0] = line.slice(i - 2, i + 2);
    const step = Math.hypot(bx - ax, by - ay);
    if (step >= left && step > 0) return { x: ax + ((bx - ax) * left) / step, y: ay + ((by - ay) * left) / step };
    left -= step;
  }
  return { x: line[0] ?? 0, y: line[1] ?? 0 };
}

/** @param {number[]} ring */
function centre(ring) {
  let x = 0;
  let y = 0;
  for (let i = 0; i < ring.length; i += 2) { x += ring[i] ?? 0; y += ring[i + 1] ?? 0; }
  return { x: (x / ring.length) * 2, y: (y / ring.length) * 2 };
}

/** @param {Tile} tile @param {{name: string, keys: string[], values: (string | number)[]}} layer @param {number[]} tags @param {{x: number, y: number, long: number}} line */
function name(tile, layer, tags, line) {
  let text = '';
  let rank = 0;
  for (let i = 0; i < tags.length; i += 2) {
    const key = layer.keys[tags[i] ?? -1];
    const value = layer.values[tags[i + 1] ?? -1];
    if (key === 'name') text = String(value ?? '');
    else if (key === 'rank') rank = Number(value);
  }
  const inside = line.x >= 0 && line.y >= 0 && line.x <= EXTENT && line.y <= EXTENT; // what lies in the margin is named by the tile beside
  if (text && inside) tile.names.push({ kind: layer.name, text, rank, ...line });
}
