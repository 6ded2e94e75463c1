/** @jsxImportSource preact */
/** Figures over time, drawn by uPlot in the page's own colours; what it shows is also said in words. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

export interface Line {
  label: string;
  /** Name of a custom property with its colour. */
  color: string;
  values: readonly (number | null)[];
  dash?: boolean;
  fill?: boolean;
}

export interface ChartProps {
  title: string;
  /** Epoch seconds. */
  at: readonly number[];
  lines: readonly Line[];
  format: (value: number) => string;
}

const HEIGHT = 170;

export function Chart({ title, at, lines, format }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const holder = box.current;
    if (holder === null || at.length < 2) return;
    let plot: uPlot | undefined;
    const draw = (): void => {
      plot?.destroy();
      const data = [at, ...lines.map(({ values }) => values)] as uPlot.AlignedData;
      plot = new uPlot(optionsFor({ lines, format, width: holder.clientWidth }), data, holder);
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: holder.clientWidth, height: HEIGHT }));
    resized.observe(holder);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    addEventListener('thresh-theme', draw);
    return () => {
      dark.removeEventListener('change', draw);
      removeEventListener('thresh-theme', draw);
      resized.disconnect();
      plot?.destroy();
    };
  }, [at, lines]);
  return (
    <figure class="chart">
      <figcaption>
        {title} <span class="sr">{inWords(lines, format)}</span>
      </figcaption>
      {at.length < 2 ? <p class="hint">Not enough moments yet.</p> : <div ref={box} aria-hidden="true" />}
    </figure>
  );
}

function inWords(lines: readonly Line[], format: (value: number) => string): string {
  return lines
    .map(({ label, values }) => {
      const known = values.filter((value) => value !== null);
      const last = known.at(-1);
      if (last === undefined) return `${label}: nothing known`;
      const [least, most] = known.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [last, last]);
      return `${label}: ${format(last)} at last, from ${format(least)} to ${format(most)}`;
    })
    .join('; ');
}

/** `14:05`, with seconds where the steps are shorter than a minute. */
function timeOf(at: number, splits: readonly number[]): string {
  const [first = 0, second = 0] = splits;
  const seconds = second - first < 60 ? { second: '2-digit' as const } : {};
  return new Date(at * 1_000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds });
}

/** As a canvas takes it: the property itself says one colour for the light and one for the dark. */
function colour(name: string): string {
  const probe = document.body.appendChild(document.createElement('span'));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function optionsFor({
  lines,
  format,
  width,
}: Pick<ChartProps, 'lines' | 'format'> & { width: number }): uPlot.Options {
  const axis = {
    stroke: colour('--soft'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  return {
    width,
    height: HEIGHT,
    cursor: { points: { size: 6 }, y: false },
    legend: { live: true },
    scales: { y: { range: (_, least, most) => [Math.min(0, least ?? 0), Math.max(most ?? 1, 1e-9) * 1.08] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => timeOf(at, splits)) },
      { ...axis, size: 62, values: (_, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      { value: (_, at) => (at === null ? '–' : timeOf(at, [])) },
      ...lines.map(({ label, color, dash, fill }) => ({
        label,
        stroke: colour(color),
        width: 1.6,
        spanGaps: true,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
        ...(dash === true ? { dash: [5, 4] } : {}),
        ...(fill === true ? { fill: `color-mix(in srgb, ${colour(color)} 14%, transparent)` } : {}),
      })),
    ],
  };
}
