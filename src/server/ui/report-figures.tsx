/** @jsxImportSource preact */
/** What the gate looked at, what the batch cost, and where its time went. */
import type { Report } from '../../delivery/manifest.js';
import { Part, type Tile, Tiles } from './part.js';
import { useAnswer } from './use-answer.js';
import { bytes, count, duration, percent } from './words.js';

export function ReportFigures({ id, run }: { id: string; run: number }) {
  const report = useAnswer<Report>(`/api/batches/${id}/report`, run).answer;
  if (report === undefined) return null;
  return (
    <>
      <Gate report={report} />
      <Cost report={report} />
      <Times report={report} />
    </>
  );
}

/** Of what the report says of a check, what is shown. */
interface Check {
  name: string;
  passed: boolean;
  message: string;
}

function Gate({ report: { gate } }: { report: Report }) {
  return (
    <Part title="The gate">
      <ul class="checks">
        {(gate.checks as Check[]).map(({ name, passed, message }) => (
          <li key={name} class={passed ? 'passed' : 'refused'}>
            <span
              class={`night v-${passed ? 'delivered' : 'held'}`}
              role="img"
              aria-label={passed ? 'passed' : 'refused'}
            >
              {passed ? '✓' : '!'}
            </span>{' '}
            <strong>{name}</strong> {message}
          </li>
        ))}
      </ul>
      {gate.forced && <p class="hint">A person released it all the same.</p>}
    </Part>
  );
}

function Cost({ report }: { report: Report }) {
  const { cost, pages, rows, files, effort, blocking, navigation, incremental, lane } = report;
  const rendered = pages.completed - (incremental?.carried ?? 0);
  const attempted = rendered + pages.gone + pages.dead;
  const cpu = cost?.cpuSeconds ?? 0; // a report of an earlier version has none
  const delivered = files.reduce((sum, file) => sum + file.bytes, 0);
  const lean = blocking?.lean ?? navigation?.soft ?? 0;
  const tiles: Tile[] = [
    {
      name: 'CPU',
      value: cpu > 0 && attempted > 0 ? duration(cpu * 1_000) : undefined,
      more: `${Math.round((cpu * 1_000) / attempted)} ms a page, browsers included`,
    },
    {
      name: 'Over the network',
      value: cost?.bytes === undefined ? undefined : bytes(cost.bytes),
      more: `${bytes((cost?.bytes ?? 0) / Math.max(1, rendered))} a page, from ${count(cost?.weighedPages ?? 0)} that were weighed`,
    },
    {
      name: 'Through proxies',
      value: cost?.proxyBytes === undefined ? undefined : bytes(cost.proxyBytes),
      more: `${bytes((cost?.proxyBytes ?? 0) / Math.max(1, attempted))} a page`,
    },
    {
      name: 'Attempts',
      value: count(effort?.attempts ?? attempted),
      more: `at ${count(attempted)} pages`,
    },
    {
      name: 'Dataset',
      value: bytes(delivered),
      more: `${count(files.length)} files, ${count(rows.delivered)} rows`,
    },
    {
      name: 'Carried over',
      value: incremental === undefined ? undefined : count(incremental.carried),
      more:
        incremental?.full ??
        `${count(incremental?.compared ?? 0)} of the unchanged were rendered all the same`,
    },
    {
      name: 'Fetched',
      value: lane === undefined ? undefined : count(lane.fetched),
      more: lane && `without a browser, ${count(lane.rendered)} rendered`,
    },
    {
      name: 'Short cuts',
      value: lean > 0 ? percent(lean / rendered) : undefined,
      more: navigation ? 'gone to within the application' : 'loaded without what rows do not need',
    },
  ];
  return (
    <Part title="What it took">
      <Tiles tiles={tiles} />
    </Part>
  );
}

function Times({ report: { times, sla } }: { report: Report }) {
  const states = Object.entries(times.states);
  const total = states.reduce((sum, [, seconds]) => sum + seconds, 0);
  return (
    <Part title="Where its time went">
      <table>
        <thead>
          <tr>
            <th scope="col">state</th>
            <th scope="col" class="n">
              time
            </th>
            <th scope="col" class="n">
              share
            </th>
          </tr>
        </thead>
        <tbody>
          {states.map(([state, seconds]) => (
            <tr key={state}>
              <th scope="row">{state}</th>
              <td class="n">{duration(seconds * 1_000)}</td>
              <td class="n">{total === 0 ? '–' : percent(seconds / total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sla !== undefined && (
        <p class="hint">
          {duration(sla.runSeconds * 1_000)} of a window of {duration(sla.windowSeconds * 1_000)}: margin{' '}
          {percent(sla.margin)}.
        </p>
      )}
    </Part>
  );
}
