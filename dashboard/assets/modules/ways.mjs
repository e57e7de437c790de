// The ways by road of the teams that could come, asked of the server while a call or an alarm is shown; none known: straight lines, called so.

const AGAIN_MS = 10_000;
const LIMIT_MS = 4000;

/** @typedef {{team: string, unit: string, seconds: number, metres: number, line: [lat: number, lon: number][]}} Way */

const SHOWN_MOST = 4; // calls and alarms whose ways one page keeps

/** @type {Map<string, {askedAt: number, ways: Map<string, Way>}>} */
const kept = new Map();

/** Of each team its way there; empty while none is known. @param {string} key `sos:ID` or `call:ID` @returns {Map<string, Way>} */
export function waysTo(key) {
  const at = performance.now();
  let known = kept.get(key);
  if (!known) {
    if (kept.size >= SHOWN_MOST) kept.clear();
    known = { askedAt: -Infinity, ways: new Map() };
    kept.set(key, known);
  }
  if (at - known.askedAt > AGAIN_MS) {
    known.askedAt = at;
    void ask(key, known);
  }
  return known.ways;
}

/** What was known stays while nobody answers; a server that does not know the roads says so. @param {string} key @param {{ways: Map<string, Way>}} known */
async function ask(key, known) {
  const [kind = '', id = ''] = key.split(':');
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), LIMIT_MS);
  try {
    const answer = await fetch(`/api/layers/ways.json?${kind}=${encodeURIComponent(id)}`, { cache: 'no-store', signal: giveUp.signal });
    const said = answer.ok ? await answer.json() : null;
    if (said) known.ways = new Map(said.ways.map((/** @type {Way} */ way) => [way.team, way]));
  } catch { // the network is away: the units stand still too
  } finally {
    clearTimeout(limit);
  }
}

/** What is left of a way for a unit that has driven on since: from the corner ahead of it. @param {Way} way @param {number} lat @param {number} lon */
export function ahead(way, lat, lon) {
  const wide = Math.cos((lat * Math.PI) / 180);
  let best = Infinity;
  let next = 1;
  for (let i = 1; i < way.line.length; i += 1) {
    const [aLat, aLon] = way.line[i - 1] ?? [0, 0];
    const [bLat, bLon] = way.line[i] ?? [0, 0];
    const [x, y, dx, dy] = [(lon - aLon) * wide, lat - aLat, (bLon - aLon) * wide, bLat - aLat];
    const part = Math.max(0, Math.min(1, (x * dx + y * dy) / (dx * dx + dy * dy || 1)));
    const away = Math.hypot(x - dx * part, y - dy * part);
    if (away < best) { best = away; next = i; }
  }
  return way.line.slice(next);
}
