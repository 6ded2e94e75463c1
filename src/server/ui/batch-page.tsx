/** @jsxImportSource preact */
/** A batch: how it stands, how it went, what went wrong in it, and what can be done. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { BatchView } from '../schemas.js';
import { Actions } from './actions.js';
import { ask, type Refused, watch } from './ask.js';
import { Charts } from './charts.js';
import { Compare } from './compare.js';
import { Failures } from './failures.js';
import { Part, type Tile, Tiles } from './part.js';
import { Quarantine } from './quarantine.js';
import { ReportFigures } from './report-figures.js';
import { VERDICTS, verdictOfState } from './verdicts.js';
import { clock, count, duration, percent } from './words.js';
import { WorkerTable } from './worker-table.js';

export function BatchPage({ id, onLink }: { id: string; onLink: (up: boolean) => void }) {
  const [batch, setBatch] = useState<BatchView | undefined>();
  const [error, setError] = useState('');
  /** Grows when the batch goes on after its end. */
  const [run, setRun] = useState(0);
  const again = useCallback(() => setRun((last) => last + 1), []);
  useEffect(() => {
    ask<BatchView>(`/api/batches/${id}`).then(setBatch, (refused: Refused) => setError(refused.message));
  }, [id, run]);
  const isLive = batch !== undefined && !batch.ended;
  useEffect(() => {
    if (!isLive) return;
    const stop = watch<BatchView>(`/api/batches/${id}/events`, {
      event: 'batch',
      onLink,
      onNews(news) {
        setBatch(news);
        if (!news.ended) return;
        stop(); // the server has closed it, and would be asked again
        again();
      },
    });
    return stop;
  }, [id, isLive, run]);

  if (error !== '')
    return (
      <p role="alert" class="error">
        {error}
      </p>
    );
  if (batch === undefined) return <p class="hint">…</p>;
  const verdict = verdictOfState(batch.state);
  return (
    <>
      <div class="row head">
        <h1>
          {batch.target} <small>{batch.date}</small>
        </h1>
        <span class={`chip v-${verdict}`}>
          <span aria-hidden="true">{VERDICTS[verdict].sign}</span> {batch.state}
        </span>
        <Actions batch={batch} onDone={again} />
      </div>
      <p class="hint">
        {batch.batch}
        {batch.since !== undefined && ` · began ${clock(batch.since)}`}
        {batch.until !== undefined && ` · ended ${clock(batch.until)}`}
      </p>
      {batch.reason !== undefined && <p class={`reason v-${verdict}`}>{batch.reason}</p>}
      {batch.risk !== undefined && <p class="reason v-late">The SLA is at risk; {batch.risk}</p>}
      <Standing batch={batch} />
      {batch.lane !== undefined && <Lane lane={batch.lane} />}
      <Charts id={id} isLive={isLive} />
      {isLive && (batch.workers?.length ?? 0) > 0 && (
        <Part title="Workers">
          <WorkerTable workers={batch.workers ?? []} />
        </Part>
      )}
      {batch.ended && (
        <>
          <Failures id={id} run={run} />
          <Quarantine id={id} run={run} />
          {batch.state === 'delivered' && <Compare key={`${id} ${run}`} id={id} />}
          <ReportFigures id={id} run={run} />
        </>
      )}
    </>
  );
}

function Standing({ batch }: { batch: BatchView }) {
  const { pages, rows, margin, etaMs, heldBy, lane } = batch;
  const settled = pages === undefined ? 0 : pages.frontier - pages.unfinished;
  const memoryMb = batch.workers?.reduce((sum, worker) => sum + worker.memoryMb, 0);
  const tiles: Tile[] = [
    {
      name: 'Pages',
      value: pages && `${count(settled)} of ${count(pages.frontier)}`,
      more: pages && `${count(pages.completed)} completed`,
    },
    {
      name: batch.state === 'delivered' ? 'Rows delivered' : 'Rows',
      value: rows === undefined ? rows : count(rows),
    },
    {
      name: 'Dead letters',
      value: pages && count(pages.dead),
      more: pages && `${count(pages.gone)} gone, ${count(pages.skipped)} skipped`,
    },
    { name: 'Quarantined', value: batch.quarantined === undefined ? undefined : count(batch.quarantined) },
    {
      name: 'Throughput',
      value: batch.pagesPerSecond === undefined ? undefined : `${batch.pagesPerSecond.toFixed(1)}/s`,
    },
    {
      name: 'In flight',
      value: batch.inFlight === undefined ? undefined : `${batch.inFlight} of ${batch.limit ?? '?'}`,
      more: heldBy && `held by ${heldBy}`,
    },
    {
      name: 'Fetched',
      value: lane === undefined ? undefined : count(lane.fetched),
      more: lane && `without a browser, ${count(lane.rendered)} rendered`,
    },
    { name: 'SLA margin', value: margin === undefined ? undefined : percent(margin) },
    {
      name: 'ETA',
      value: etaMs === undefined ? undefined : duration(etaMs),
      more: batch.paced === true ? 'paced by its window' : undefined,
    },
    {
      name: 'Page time',
      value: batch.p50Ms === undefined ? undefined : duration(batch.p50Ms),
      more: batch.p99Ms === undefined ? undefined : `99 in 100 under ${duration(batch.p99Ms)}`,
    },
    {
      name: 'Memory',
      value: memoryMb === undefined ? undefined : `${count(memoryMb)} MB`,
      more: `of ${batch.workers?.length} workers`,
    },
  ];
  return (
    <>
      {!batch.ended && pages !== undefined && (
        <progress
          value={pages.frontier === 0 ? 0 : settled / pages.frontier}
          max={1}
          aria-label="share of its pages"
        />
      )}
      <Tiles tiles={tiles} />
    </>
  );
}

/** Of pages without a browser: how far that is, and what they were rendered for. */
function Lane({ lane: { stage, why, renderedFor, kinds } }: { lane: NonNullable<BatchView['lane']> }) {
  const reasons = Object.entries(renderedFor).map(([reason, pages]) => `${reason} ${count(pages)}`);
  const isMixed = stage !== 'off' && kinds.some((one) => one.stage !== stage);
  return (
    <Part title="The data lane">
      <p>
        {stage}
        {why !== undefined && `: ${why}`}
        {reasons.length > 0 && <small class="hint"> · rendered for {reasons.join(', ')}</small>}
      </p>
      {isMixed && (
        <ul>
          {kinds.map((one) => (
            <li key={one.kind}>
              {one.kind}: {one.stage}
              {one.why !== undefined && `; ${one.why}`}
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}
