/** @jsxImportSource preact */
/** The front page: what runs now, and every target's last nights. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { BatchView, FarmStanding, NightsView } from '../schemas.js';
import { watch } from './ask.js';
import { BeginBatch } from './begin-batch.js';
import { NightGrid } from './night-grid.js';
import { useAnswer } from './use-answer.js';
import { VERDICTS, verdictOfState } from './verdicts.js';
import { count, duration, percent } from './words.js';
import { WorkerTable } from './worker-table.js';

const NOTHING: FarmStanding = { running: [], workers: [], targets: [], alerts: { waiting: 0, givenUp: 0 } };
const AGAIN_MS = 60_000;
/** The targets' names, and a night. */
const NAMES_PX = 250;
const NARROW_NAMES_PX = 165;
const NIGHT_PX = 27;

function nightsThatFit(): number {
  const names = innerWidth < 700 ? NARROW_NAMES_PX : NAMES_PX;
  return Math.max(7, Math.min(42, Math.floor((Math.min(innerWidth, 1_400) - names) / NIGHT_PX)));
}

export function FarmPage({ onLink }: { onLink: (up: boolean) => void }) {
  const [farm, setFarm] = useState(NOTHING);
  const [round, setRound] = useState(0);
  useEffect(() => watch<FarmStanding>('/api/farm/events', { event: 'farm', onNews: setFarm, onLink }), []);
  const atWork = farm.running.map(({ batch, state }) => `${batch} ${state}`).join();
  const { answer: nights, error } = useAnswer<NightsView>(
    `/api/nights?days=${nightsThatFit()}`,
    `${atWork} ${round}`,
  );
  useEffect(() => {
    const timer = setInterval(() => setRound((last) => last + 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <h1 class="sr">The farm</h1>
      <Summary farm={farm} nights={nights} />
      {error !== '' && (
        <p role="alert" class="error">
          {error}
        </p>
      )}
      {farm.running.length > 0 && (
        <section aria-labelledby="running">
          <h2 id="running">Running</h2>
          <ul class="running">
            {farm.running.map((batch) => (
              <Running key={batch.batch} batch={batch} />
            ))}
          </ul>
        </section>
      )}
      {nights !== undefined && <NightGrid nights={withPauses(nights, farm)} targets={farm.targets} />}
      <section class="row">
        <BeginBatch targets={farm.targets.map(({ target }) => target)} />
      </section>
      <Workers workers={farm.workers} />
    </>
  );
}

/** Only a look at what runs says that it is paused. */
function withPauses(nights: NightsView, { running }: FarmStanding): NightsView {
  const paused = new Set(running.flatMap(({ batch, state }) => (state === 'paused' ? [batch] : [])));
  if (paused.size === 0) return nights;
  return {
    ...nights,
    targets: nights.targets.map(({ target, nights: own }) => ({
      target,
      nights: own.map((night) => (paused.has(night.batch) ? { ...night, verdict: 'paused' } : night)),
    })),
  };
}

function Summary({ farm, nights }: { farm: FarmStanding; nights: NightsView | undefined }) {
  const last = useMemo(() => {
    const counts = new Map<keyof typeof VERDICTS, number>();
    for (const { nights: own } of nights?.targets ?? []) {
      const verdict = own[0]?.verdict;
      if (verdict !== undefined) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a);
  }, [nights]);
  const memoryMb = farm.workers.reduce((sum, worker) => sum + worker.memoryMb, 0);
  const { waiting, givenUp } = farm.alerts;
  return (
    <dl class="tiles">
      <div class="wide">
        <dt>Each target's last batch</dt>
        <dd>
          {last.length === 0 ? 'none yet' : ''}
          {last.map(([verdict, batches]) => (
            <span key={verdict} class={`chip v-${verdict}`} title={VERDICTS[verdict].words}>
              <span aria-hidden="true">{VERDICTS[verdict].sign}</span> {count(batches)} {verdict}
            </span>
          ))}
        </dd>
      </div>
      <div>
        <dt>Running</dt>
        <dd>{count(farm.running.length)}</dd>
      </div>
      <div>
        <dt>Workers</dt>
        <dd>
          {count(farm.workers.length)}
          {farm.workers.length > 0 && <small> {count(memoryMb)} MB</small>}
        </dd>
      </div>
      <div>
        <dt>Alerts on their way</dt>
        <dd>
          {count(waiting)}
          {givenUp > 0 && <small> {count(givenUp)} given up</small>}
        </dd>
      </div>
      <div>
        <dt>Batches in all</dt>
        <dd>{count(nights?.batches ?? 0)}</dd>
      </div>
    </dl>
  );
}

function Running({ batch }: { batch: BatchView }) {
  const { pages, pagesPerSecond, etaMs, margin, rows } = batch;
  const settled = pages === undefined ? 0 : pages.frontier - pages.unfinished;
  const share = pages === undefined || pages.frontier === 0 ? 0 : settled / pages.frontier;
  const verdict = verdictOfState(batch.state);
  return (
    <li class="card">
      <a href={`/batches/${batch.batch}`} data-in>
        {batch.target} <small>{batch.date}</small>
      </a>{' '}
      <span class={`chip v-${verdict}`}>
        <span aria-hidden="true">{VERDICTS[verdict].sign}</span> {batch.state}
      </span>
      <progress value={share} max={1} aria-label={`${batch.target}: share of its pages`} />
      <p class="figures">
        {percent(share)} · {count(settled)}/{count(pages?.frontier ?? 0)} pages · {count(rows ?? 0)} rows
        {pagesPerSecond !== undefined && ` · ${pagesPerSecond.toFixed(1)}/s`}
        {etaMs !== undefined && ` · ETA ${duration(etaMs)}`}
        {margin !== undefined && ` · margin ${percent(margin)}`}
        {(pages?.dead ?? 0) > 0 && ` · ${count(pages?.dead ?? 0)} dead`}
      </p>
      {batch.reason !== undefined && <p class="reason">{batch.reason}</p>}
    </li>
  );
}

function Workers({ workers }: { workers: FarmStanding['workers'] }) {
  if (workers.length === 0)
    return <p class="hint">No worker runs: what is begun here waits for `thresh worker`.</p>;
  return (
    <section aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      <WorkerTable workers={workers} />
    </section>
  );
}
