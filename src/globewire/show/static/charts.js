// Charts of a carrier: drawn from what the server remembers, drawn anew when something has changed. The page has the figures too.
'use strict';

const CHARTS = {
  rate: [['rate', 'now', 'way'], ['pace', 'limit', 'soft']],
  flight: [['in_flight', 'in flight', 'way'], ['window', 'window', 'soft']],
  trip: [['round_trip_p50', 'half within', 'way'], ['round_trip_p95', '19 of 20 within', 'doubt']],
  receipt: [['receipt_p50', 'half within', 'way'], ['receipt_p95', '19 of 20 within', 'doubt']],
  amiss: [['throttled', 'throttled', 'doubt'], ['unanswered', 'unanswered', 'way']], // and refusals, a line for each status
  waiting: [['waiting', 'waiting', 'way']],
};
const REFUSED = 'refused ';
const DASHES = [[], [10, 4], [3, 3], [10, 4, 3, 4], [1, 5]]; // one refusal is told from another by its dashes, not by a colour
const HEIGHT = 180;
const AT_LEAST_MS = 1000; // between two drawings

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const clock = (at) => CLOCK.format(new Date(at * 1000));

const charts = document.querySelector('.charts');
const plots = new Map();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function lines(chart, series) {
  if (chart !== 'amiss') return CHARTS[chart];
  const statuses = Object.keys(series).filter((name) => name.startsWith(REFUSED));
  return [...CHARTS[chart], ...statuses.map((name, n) => [name, name.slice(REFUSED.length), 'bad', DASHES[n]])];
}

function options(figure, drawn) {
  const unit = figure.dataset.unit;
  const axis = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { stroke: colour('line'), width: 1 } };
  const told = (plot, value) => value === null ? '–' : `${Math.round(value * 10) / 10} ${unit}`;
  return {
    width: figure.querySelector('.plot').clientWidth,
    height: HEIGHT,
    cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (plot, least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [{ ...axis, space: 90, values: (plot, marks) => marks.map(clock) }, { ...axis, size: 56 }],
    series: [{ label: 'at', value: (plot, at) => at === null ? '–' : clock(at) }, ...drawn.map(([, label, name, dash]) => ({
      label, value: told, stroke: colour(name), width: 2, points: { show: false }, dash: name === 'soft' ? [4, 4] : dash,
    }))],
  };
}

function values(series, name) {
  const drawn = series[name];
  return Array.isArray(drawn) ? drawn : series.at.map(() => drawn || null); // a limit is one figure, 0 where there is none
}

function draw(series) {
  for (const figure of charts.querySelectorAll('[data-chart]')) {
    const drawn = lines(figure.dataset.chart, series);
    const data = [series.at, ...drawn.map(([name]) => values(series, name))];
    const plot = plots.get(figure);
    if (plot && plot.series.length === data.length && drawn.every(([, label], n) => plot.series[n + 1].label === label)) {
      plot.setData(data);
    } else {
      plot?.destroy();
      plots.set(figure, new uPlot(options(figure, drawn), data, figure.querySelector('.plot')));
    }
  }
}

let latest = null;
let drawing = 0;
async function refresh() {
  if (drawing || document.hidden) return;
  drawing = setTimeout(() => { drawing = 0; }, AT_LEAST_MS);
  const answer = await fetch(charts.dataset.series);
  if (!answer.ok) return;
  latest = await answer.json();
  draw(latest);
}

function anew() {
  for (const plot of plots.values()) plot.destroy();
  plots.clear();
  if (latest) draw(latest);
}

document.body.addEventListener('changed', refresh);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', anew);
new ResizeObserver(() => {
  for (const [figure, plot] of plots) plot.setSize({ width: figure.querySelector('.plot').clientWidth, height: HEIGHT });
}).observe(charts);
refresh();
