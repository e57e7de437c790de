// Today's missions as bars with the hours above and the now-line: the one plotly figure of the wall, made once and then only patched.

import { hm } from './clock.mjs';
import { now, serverNow } from './state.mjs';

/** @typedef {Record<string, any>} Row */

const COLOUR = /** @type {Record<string, string>} */ ({ EN_ROUTE: '#ffc24f', ON_SCENE: '#4ce0a0', FINISHED: '#7f93ad', FRUITLESS: '#7f93ad' });
const HOUR = 3_600_000;
const STEP_MS = 15_000;
const ROWS = 6;
const AFTER_MS = 400; // making the figure takes a tenth of a second: the map and who calls for help are drawn before
// The part of the library that draws bars, of the same version (a test holds it to that). Dash's own has everything: reading it held the
// page up for 0.8 to 1.2 s, and whoever pressed the button just then waited so long for his card.
const LIBRARY = '/vendor/plotly-basic/plotly-basic.min.js';
const DIGITS = '"Barlow Condensed", sans-serif';
/** What the figure holds already, so that only what differs travels. @type {Record<string, string>} */
let shown = {};
let made = false;

/** @param {Row[]} missions @param {number} at */
function drawn(missions, at) {
  const planned = missions.map((row) => [row.planned_from_at ?? row.departed_at ?? at, row.planned_to_at ?? Math.max(at, row.departed_at ?? at) + HOUR]);
  const done = missions.map((row) => [row.departed_at ?? at, row.departed_at ? row.ended_at ?? at : at]);
  const from = Math.floor(Math.min(at - 1.5 * HOUR, ...planned.map(([a = at]) => a)) / STEP_MS) * STEP_MS;
  const to = Math.max(at + 1.75 * HOUR, ...planned.map(([, b = at]) => b + HOUR / 4));
  const offset = (now.hello.civil_offset_s ?? 28800) * 1000;
  const apart = (to - from) / 418; // milliseconds a pixel
  const every = Math.ceil((apart * 84) / HOUR) * HOUR;
  const ticks = [];
  for (let tick = Math.ceil((from + offset) / every) * every - offset; tick < to; tick += every) {
    if (Math.abs(tick - at) > apart * 52 && tick - from > apart * 24 && to - tick > apart * 24) ticks.push(tick);
  }
  const y = missions.map((_, i) => i);
  const spans = (/** @type {number[][]} */ list) => list.map(([a = 0, b = 0]) => Math.max(0, b - a));
  const starts = (/** @type {number[][]} */ list) => list.map(([a = 0]) => a);
  return {
    data: { y: [y, y], base: [starts(planned), starts(done)], x: [spans(planned), spans(done)], 'marker.color': ['rgba(31, 55, 87, 0.55)', missions.map((row) => COLOUR[row.state] ?? '#63d2ff')] },
    layout: {
      'xaxis.range': [from, to], 'xaxis.tickvals': ticks, 'xaxis.ticktext': ticks.map(hm),
      shapes: y.map((row) => ({ type: 'line', x0: at, x1: at, y0: row - 0.17, y1: row + 0.17, line: { color: '#eef5fd', width: 3 } })), // beside the words, never through them
      annotations: [{ x: at, y: 1, yref: 'paper', yanchor: 'bottom', xanchor: 'center', text: hm(at), showarrow: false, bgcolor: '#eef5fd', borderpad: 2, font: { color: '#071425', size: 22, family: DIGITS } }],
    },
  };
}

/** Whatever differs from what the figure holds. @param {string} group @param {Record<string, any>} wanted */
function changed(group, wanted) {
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => shown[`${group}.${name}`] !== JSON.stringify(value)));
}

/** @param {string} group @param {Record<string, any>} values */
const keep = (group, values) => { for (const [name, value] of Object.entries(values)) shown[`${group}.${name}`] = JSON.stringify(value); };

/** @param {Row[]} missions @param {number} clock */
export function drawGantt(missions, clock) {
  const page = /** @type {any} */ (window);
  if (!page.dash_clientside?.set_props || !page.eccMounted || now.connection !== 'live') return;
  const wanted = drawn(missions, Math.floor(clock / STEP_MS) * STEP_MS);
  if (!made && serverNow() - now.since < AFTER_MS) return;
  if (!made) { make(page, wanted); return; }
  const figure = document.querySelector('#gantt-figure .js-plotly-plot');
  if (!page.Plotly || !figure || !(/** @type {any} */ (figure).data?.length)) return; // still being made
  const data = changed('data', wanted.data);
  const layout = changed('layout', wanted.layout);
  if (!Object.keys(data).length && !Object.keys(layout).length) return;
  page.Plotly.update(figure, data, layout);
  keep('data', data);
  keep('layout', layout);
}

/** @param {any} page @param {ReturnType<typeof drawn>} wanted */
function make(page, wanted) {
  made = true;
  page._dashPlotlyJSURL = LIBRARY;
  keep('data', wanted.data);
  keep('layout', wanted.layout);
  const bar = (/** @type {0 | 1} */ i, /** @type {object} */ line) => ({ type: 'bar', orientation: 'h', width: 0.15, hoverinfo: 'skip', y: wanted.data.y[i], base: wanted.data.base[i], x: wanted.data.x[i], marker: { color: wanted.data['marker.color'][i], line } });
  const figure = {
    data: [bar(0, { color: '#48658c', width: 1.5 }), bar(1, { width: 0 })],
    layout: {
      barmode: 'overlay', showlegend: false, margin: { l: 0, r: 0, t: 34, b: 0 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      xaxis: { range: wanted.layout['xaxis.range'], tickvals: wanted.layout['xaxis.tickvals'], ticktext: wanted.layout['xaxis.ticktext'], side: 'top', ticks: '', showgrid: true, gridcolor: 'rgba(31, 55, 87, 0.6)', zeroline: false, fixedrange: true, tickfont: { color: '#b4c5db', size: 20, family: DIGITS } },
      yaxis: { range: [ROWS - 0.65, -0.65], visible: false, fixedrange: true },
      shapes: wanted.layout.shapes, annotations: wanted.layout.annotations,
    },
  };
  const graph = { type: 'Graph', namespace: 'dash_core_components', props: { id: 'gantt-figure', figure, config: { staticPlot: true, responsive: true }, className: 'gantt' } };
  page.dash_clientside.set_props('gantt-place', { children: graph });
}
