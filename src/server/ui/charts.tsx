/** @jsxImportSource preact */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Timeline } from '../schemas.js';
import { ask } from './ask.js';
import { Chart } from './chart.js';
import { Part } from './part.js';
import { count, duration } from './words.js';

const AGAIN_MS = 5_000;

/** Throughput, response time, limit and memory over the batch's time; while it runs they grow. */
export function Charts({ id, isLive }: { id: string; isLive: boolean }) {
  const [timeline, setTimeline] = useState<Timeline | undefined>();
  useEffect(() => {
    const look = (): void => {
      ask<Timeline>(`/api/batches/${id}/timeline`).then(setTimeline, () => undefined); // the page's own stream tells of a lost link
    };
    look();
    if (!isLive) return;
    const timer = setInterval(look, AGAIN_MS);
    return () => clearInterval(timer);
  }, [id, isLive]);
  const lines = useMemo(() => timeline && linesOf(timeline), [timeline]);
  if (timeline === undefined || lines === undefined || timeline.at.length === 0) return null;
  const { at } = timeline;
  return (
    <Part title="How it went">
      <div class="charts">
        <Chart title="Throughput" at={at} lines={lines.throughput} format={(value) => `${round(value)}/s`} />
        <Chart title="Time a page takes" at={at} lines={lines.times} format={(value) => duration(value)} />
        <Chart
          title="In flight, and what the target bears"
          at={at}
          lines={lines.flight}
          format={(value) => round(value)}
        />
        <Chart
          title="Memory of its workers"
          at={at}
          lines={lines.memory}
          format={(value) => `${count(Math.round(value))} MB`}
        />
      </div>
    </Part>
  );
}

function linesOf(timeline: Timeline) {
  const { pagesPerSecond, p50Ms, p90Ms, inFlight, limit, memoryMb } = timeline;
  return {
    throughput: [{ label: 'pages/s', color: '--line-a', values: pagesPerSecond, fill: true }],
    times: [
      { label: 'half under', color: '--line-a', values: p50Ms },
      { label: '9 in 10 under', color: '--line-b', values: p90Ms },
    ],
    flight: [
      { label: 'in flight', color: '--line-a', values: inFlight, fill: true },
      { label: 'limit', color: '--line-b', values: limit, dash: true },
    ],
    memory: [{ label: 'memory', color: '--line-a', values: memoryMb, fill: true }],
  };
}

function round(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}
