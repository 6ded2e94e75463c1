/** `thresh alerts`: who is told, what waits to be sent, and a letter to try it with. */
import Table from 'cli-table3';
import { type Alert, alertOf } from '../alerts/alert.js';
import { type AlertEvent, type Alerts, createAlerts, deliver } from '../alerts/alerts.js';
import { type Receiver, receiverOf } from '../alerts/receivers.js';
import { ThreshError } from '../errors.js';
import { type AlertJob, openAlertQueue } from '../queue/queues.js';
import type { Settings } from '../settings.js';
import { plainText } from '../telemetry/plain-text.js';
import { withRedis } from './embedded.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** What a process of the farm tells people by, as its settings say. */
export function alertsOf(
  { home, webhooks, webhookSecret }: Settings,
  onEvent: (event: AlertEvent) => void,
): Alerts {
  return createAlerts({ home, receivers: receiversOf(webhooks), secret: webhookSecret, onEvent });
}

interface Waiting {
  about: string;
  title: string;
  attempts: number;
  reason: string | undefined;
  state: 'waits' | 'given up';
}

export async function listAlerts({ json }: { json?: boolean }, settings: Settings): Promise<ExitCode> {
  const receivers = receiversOf(settings.webhooks);
  const jobs = await withRedis(settings, async (redis) => {
    const queue = openAlertQueue(redis);
    try {
      const waiting = await queue.getJobs(['waiting', 'active', 'delayed'], 0, 99);
      const failed = await queue.getJobs(['failed'], 0, 19);
      return [
        ...waiting.map((job) => ({ job, state: 'waits' as const })),
        ...failed.map((job) => ({ job, state: 'given up' as const })),
      ];
    } finally {
      await queue.close();
    }
  });
  const lines = receivers.map(({ id, host, format, only }) => ({
    receiver: host,
    format,
    only,
    signed: format === 'json' && settings.webhookSecret !== undefined,
    letters: jobs.filter(({ job }) => (job.data as AlertJob).receiver === id).map(waitingOf),
  }));
  if (json === true) process.stdout.write(`${JSON.stringify(lines)}\n`);
  else show(lines);
  return EXIT.ok;
}

function waitingOf({
  job,
  state,
}: {
  job: { data: AlertJob; attemptsMade: number; failedReason?: string };
  state: Waiting['state'];
}): Waiting {
  const { kind, title } = job.data.alert as Alert;
  return { about: kind, title, attempts: job.attemptsMade, reason: job.failedReason, state };
}

function show(
  lines: readonly {
    receiver: string;
    format: string;
    only: readonly string[];
    signed: boolean;
    letters: readonly Waiting[];
  }[],
): void {
  if (lines.length === 0) {
    process.stdout.write('nobody is told of anything: set THRESH_WEBHOOKS\n');
    return;
  }
  const table = new Table({
    head: ['receiver', 'gets', 'of', 'signed', 'waiting', 'given up'],
    style: { head: [], border: [] },
  });
  for (const { receiver, format, only, signed, letters } of lines) {
    const waiting = letters.filter(({ state }) => state === 'waits').length;
    table.push([
      receiver,
      format,
      only.join(', ') || 'everything',
      format === 'slack' ? '-' : signed ? 'yes' : 'no: set THRESH_WEBHOOK_SECRET',
      waiting,
      letters.length - waiting,
    ]);
  }
  process.stdout.write(`${table.toString()}\n`);
  for (const { receiver, letters } of lines)
    for (const { title, attempts, reason, state } of letters)
      process.stdout.write(
        `${state}  ${receiver}  ${plainText(title, 120)}  (${attempts} tries${reason === undefined ? '' : `, ${plainText(reason, 200)}`})\n`,
      );
}

/** Exit code 1 when a receiver does not take it. Throws USAGE when there is none. */
export async function testAlerts(settings: Settings): Promise<ExitCode> {
  const receivers = receiversOf(settings.webhooks);
  if (receivers.length === 0) {
    throw new ThreshError('there is nobody to tell', {
      code: 'USAGE',
      scope: 'batch',
      mend: 'THRESH_WEBHOOKS="https://example.com/hook slack+https://hooks.slack.com/services/…"',
    });
  }
  const alert = alertOf({
    kind: 'test',
    target: 'thresh',
    words: 'this is how an alert looks',
    text: 'Sent by `thresh alerts test`.',
    of: String(Date.now()),
  });
  let failed = 0;
  for (const receiver of receivers) {
    const sent = await deliver(receiver, alert, settings.webhookSecret);
    if (!sent.ok) failed += 1;
    const said = sent.ok
      ? `took it (${sent.status}, ${sent.ms} ms) ${sent.answer}`
      : `did not: ${sent.reason}`;
    process.stdout.write(`${receiver.host} ${said.trimEnd()}\n`);
  }
  return failed === 0 ? EXIT.ok : EXIT.failed;
}

function receiversOf(webhooks: readonly string[]): Receiver[] {
  return webhooks.flatMap((one) => receiverOf(one) ?? []);
}
