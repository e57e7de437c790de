// Today's missions as bars with the now-line: the one plotly figure of the wall, patched when something moved.

/** @typedef {Record<string, any>} Row */

const COLOUR = /** @type {Record<string, string>} */ ({ EN_ROUTE: '#ffc24f', ON_SCENE: '#4ce0a0', FINISHED: '#7f93ad', FRUITLESS: '#7f93ad' });
let last = '';

/** @param {Row[]} missions @param {number} at */
export function drawGantt(missions, at) {
  const props = /** @type {any} */ (window).dash_clientside?.set_props;
  if (!props || !(/** @type {any} */ (window).eccMounted)) return;
  const minute = Math.floor(at / 15_000) * 15_000;
  const key = JSON.stringify([minute, missions.map((row) => [row.id, row.state, row.planned_from_at, row.planned_to_at, row.departed_at, row.ended_at])]);
  if (key === last) return;
  last = key;
  const y = missions.map((_, i) => i);
  const planned = missions.map((row) => [row.planned_from_at ?? row.departed_at ?? at, row.planned_to_at ?? at + 3_600_000]);
  const done = missions.map((row) => [row.departed_at ?? row.planned_from_at ?? at, row.departed_at ? row.ended_at ?? at : row.departed_at ?? row.planned_from_at ?? at]);
  const from = Math.min(at - 5_400_000, ...planned.map(([a]) => a));
  const to = Math.max(at + 5_400_000, ...planned.map(([, b]) => b));
  const bar = (/** @type {number[][]} */ spans, /** @type {object} */ marker) => ({ type: 'bar', orientation: 'h', y, base: spans.map(([a]) => a), x: spans.map(([a = 0, b = 0]) => Math.max(0, b - a)), width: 0.14, marker, hoverinfo: 'skip' });
  props('gantt-figure', { figure: {
    data: [bar(planned, { color: 'rgba(31, 55, 87, 0.55)', line: { color: '#1f3757', width: 1 } }), bar(done, { color: missions.map((row) => COLOUR[row.state] ?? '#63d2ff') })],
    layout: {
      barmode: 'overlay', showlegend: false, margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      xaxis: { range: [from, to], visible: false, fixedrange: true }, yaxis: { range: [5.9, -0.65], visible: false, fixedrange: true },
      shapes: y.map((row) => ({ type: 'line', x0: at, x1: at, y0: row - 0.16, y1: row + 0.16, line: { color: '#eef5fd', width: 3 } })), // beside the words, never through them
    },
  } });
}
