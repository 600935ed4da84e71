// A time series drawn by uPlot. It says nothing that the table beside it does not: it is hidden from screen readers but for its label.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { duration } from "../lib/format.js";

const HEIGHT = 210;
const tones = { passed: "--passed", failed: "--failed", other: "--line-strong", seconds: "--accent" };

const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
const dayOfMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** Later series stand on earlier ones; uPlot draws in order, so the tallest comes first. */
function stacked(series) {
  const sums = series.map((_, index) => series[0].values.map((_, at) => series.slice(0, index + 1).reduce((sum, one) => sum + (one.values[at] ?? 0), 0)));
  return sums.reverse();
}

function options({ uPlot, kind, at, unit, series, width, style, read }) {
  const colour = (name) => style.getPropertyValue(name).trim();
  const bars = kind === "bars";
  const lines = bars ? [...series].reverse() : series;
  const half = at.length > 1 ? (at[1] - at[0]) / 2 : 43_200;
  const axis = { stroke: colour("--muted"), font: `12px ${style.fontFamily}`, ticks: { show: false }, grid: { stroke: colour("--line"), width: 1 } };
  return {
    width, height: HEIGHT, legend: { show: false }, padding: [8, 24, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !bars } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: { time: true, range: (_, low, high) => [low - half, high + half] },
      y: { range: (_, __, high) => [0, (high || 1) * 1.1] },
    },
    axes: [
      { ...axis, size: 30, grid: { show: false }, splits: () => thin(at, Math.max(2, Math.floor(width / 76))), values: (_, values) => values.map((value) => dayOfMonth.format(value * 1000)) },
      { ...axis, size: 56, values: (_, values) => values.map((value) => (value === 0 ? "0" : unit === "seconds" ? (value < 1 ? duration(value) : `${value} s`) : Number.isInteger(value) ? value : "")) },
    ],
    series: [{}, ...lines.map(({ name }) => ({
      stroke: colour(tones[name]), width: bars ? 0 : 2, points: { show: !bars, size: 5, fill: colour(tones[name]) },
      ...(bars ? { fill: colour(tones[name]), paths: uPlot.paths.bars({ size: [0.62, 28], radius: 0.12 }) } : {}),
    }))],
    hooks: { setCursor: [(plot) => read(plot.cursor.idx ?? null)] },
  };
}

/** At most `most` of the moments, evenly spread. */
function thin(moments, most) {
  const step = Math.ceil(moments.length / most);
  return moments.filter((_, index) => (moments.length - 1 - index) % step === 0);
}

export function Chart({ kind, label, at, unit, series }) {
  const box = useRef();
  const [index, setIndex] = useState(null);
  const key = JSON.stringify([at, series]);
  useEffect(() => {
    let plot = null;
    let gone = false;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const draw = async () => {
      const { default: uPlot } = await import("../vendor/uplot/uPlot.esm.js");
      if (gone) return;
      plot?.destroy();
      const style = getComputedStyle(box.current);
      const data = [at, ...(kind === "bars" ? stacked(series) : series.map(({ values }) => values))];
      plot = new uPlot(options({ uPlot, kind, at, unit, series, width: box.current.clientWidth, style, read: setIndex }), data, box.current);
    };
    const size = new ResizeObserver(() => {
      if (plot && plot.width !== box.current.clientWidth) draw();
    });
    size.observe(box.current);
    dark.addEventListener("change", draw);
    draw();
    return () => {
      gone = true;
      size.disconnect();
      dark.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [key]);
  const shown = index !== null && at[index] !== undefined ? index : null;
  const value = (one) => (unit === "seconds" ? duration(one.values[shown]) : one.values[shown]);
  return html`<figure class="chart">
    <div class="plot" ref=${box} role="img" aria-label=${label}></div>
    <figcaption aria-hidden="true">${shown === null ? "" : html`<span class="day">${day(at[shown])}</span>`}
      ${series.map((one) => html`<span key=${one.name} class="key ${one.name}">${shown === null ? one.name : `${value(one)} ${unit === "seconds" ? "" : one.name}`}</span>`)}</figcaption>
  </figure>`;
}
