#!/usr/bin/env node
/** The entry: names, options, help. Each command's work is loaded only when it is asked for. */
import { Command, CommanderError } from 'commander';
import { isThreshError, reasonOf, type ThreshError } from '../errors.js';
import { readSettings } from '../settings.js';
import { plainText } from '../telemetry/plain-text.js';
import { VERSION } from '../version.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Action, addLookCommands } from './look-commands.js';
import { count, port } from './option-values.js';

let exitCode: ExitCode = EXIT.ok;
/** Whether errors show their stack. */
let stacks = false;
/** How long, ms, a command that is done may wait for the event loop to empty. */
const LINGER_MS = 3_000;

async function act(program: Command, action: Action): Promise<void> {
  const { home, targetsDir, verbose } = program.opts<{
    home?: string;
    targetsDir?: string;
    verbose?: boolean;
  }>();
  stacks = verbose === true;
  const settings = readSettings(process.env, { home, targets: targetsDir });
  stacks ||= settings.stacks;
  exitCode = await action(settings);
}

function build(): Command {
  const program = new Command('thresh')
    .description(
      'Renders JavaScript-heavy catalogues in bounded batches and delivers one complete Parquet dataset, or says why not.',
    )
    .version(VERSION)
    .option('--home <folder>', 'where Redis, segments and batches are kept (THRESH_HOME, ./.thresh)')
    .option('--targets-dir <folder>', 'where targets are looked up by name (./targets)')
    .option('--verbose', 'errors with their stack')
    .showHelpAfterError(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text.replace(/^error: /, 'thresh: ')) });

  program
    .command('run <target>')
    .description('run one batch to its end; goes on with an unfinished one of that target and date')
    .option('--date <date>', "YYYY-MM-DD (today in the schedule's zone, UTC without one)")
    .option('--out <folder>', 'where the dataset is delivered (THRESH_OUT, ./out)')
    .option('--limit <pages>', 'skip pages beyond this many', count)
    .option('--concurrency <pages>', 'pages at once, at most (found out by itself)', count)
    .option('--no-pace', 'as fast as the target bears, though its sla.window needs less')
    .option('--json', 'the report as JSON on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  thresh run demo-shop\n  thresh run ./my-shop.ts --limit 20 --out /tmp/try\n\nExit codes: 0 delivered, 1 failed, 2 wrong usage or target, 3 held by the gate, 130 interrupted.',
    )
    .action(async (target: string, options) => {
      await act(program, async (settings) => {
        const [{ startBrowsers }, { pagesAtOnce }] = await Promise.all([
          import('./early-browsers.js'),
          import('./pages-at-once.js'),
        ]);
        const browsers = startBrowsers(settings, pagesAtOnce(options.concurrency).concurrency);
        const { run } = await import('./run.js');
        return run(target, { ...options, targetsDir: settings.targets, browsers }, settings);
      });
    });
  program
    .command('reextract <batch>')
    .description('read what a batch kept of its pages again, by the target as it is now, and deliver anew')
    .option('--date <date>', "YYYY-MM-DD (the batch's)")
    .option('--out <folder>', "where the dataset is delivered (where the batch's is)")
    .option('--concurrency <pages>', 'pages at once, at most (found out by itself)', count)
    .option('--json', 'the report as JSON on stdout')
    .addHelpText(
      'after',
      `
For a schema or an extract that was mended: a target with keep: 'data' or keep: 'html' keeps what its rows come from. A
batch of its own reads all of that once more, through the same schema, gate and delivery, without one request to the
target. Pages that were gone, skipped or dead stay so; a page of which nothing was kept is a dead letter. Killed, it goes
on by the same command.

Examples:
  thresh reextract my-shop-20260301-0a1b2c
  thresh reextract my-shop-20260301-0a1b2c --out /tmp/try      beside the dataset, not in its place

Exit codes: 0 delivered, 1 failed, 2 nothing was kept, or not what the target reads, 3 held by the gate, 130 interrupted.`,
    )
    .action(async (batch: string, options) => {
      const { reextract } = await import('./reextract.js');
      await act(program, (settings) => reextract(batch, options, settings));
    });
  program
    .command('plan <target>')
    .description('what a night would take: workers, time, margin, and what matters most')
    .option('--pages <count>', "pages to be fetched (those of the target's last batch)", count)
    .option('--window <duration>', "4h, 30m or 1h30m (the target's sla.window)")
    .option('--concurrency <pages>', "pages at once of one worker (this machine's default)", count)
    .option('--out <folder>', 'where earlier batches were delivered (THRESH_OUT, ./out)')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
A page holds its slot, one of the pages in flight, for its page time. So many are needed in flight:

  (pages x attempts a page / time) / (1 / page time)        time: the window less a reserve of 30 %

and so many are had at most as the target bears. Page time and retries are those of its earlier batches
(their report.json), what it bears is what the throttle learned or throttle.maxConcurrency; what nobody
has measured yet is marked as assumed. Each line of the table asks what one of them on a bad night would
do: the worst that was seen, or what a guess may be wrong by. Nothing is fetched.

Examples:
  thresh plan my-shop --pages 50000 --window 4h
  thresh plan my-shop                              as many pages as last night, in its sla.window
  thresh plan my-shop --concurrency 16 --json      for workers on larger machines, for a script

Exit codes: 0 it can be done, 1 it cannot within the window, 2 wrong usage or target.`,
    )
    .action(async (target: string, options) => {
      const { plan } = await import('./plan.js');
      await act(program, (settings) => plan(target, options, settings));
    });
  program
    .command('worker')
    .description('join the farm, run what is scheduled, and work until stopped; SIGTERM drains')
    .option('--targets <names...>', 'only these targets')
    .option('--health-port <port>', '/healthz and /readyz; 0: any free port', port)
    .option('--health-host <host>', 'where these listen (127.0.0.1)')
    .option('--no-schedule', 'begin no batches; only work on those that others begin')
    .option('--concurrency <pages>', 'pages at once, at most (found out by itself)', count)
    .action(async (options) => {
      const { worker } = await import('./worker.js');
      await act(program, (settings) => worker(options, settings));
    });
  const schedule = program
    .command('schedule')
    .description("the targets' schedules, and when they run next")
    .addHelpText(
      'after',
      `
A target with schedule: { cron: '30 2 * * *', tz: 'Europe/Berlin' } is run by \`thresh worker\`, which looks at the files
in the folder of targets and picks up what is new or changed within seconds. What daily runs do when clocks change: on
every date of the zone they run once; a time that does not exist is due an hour later, one that comes twice the first time.

Examples:
  thresh schedule                     when each target runs next, in its zone and here
  thresh schedule list --next 5       the next five times of each
  thresh schedule sync --dry-run      what differs between the files and Redis
  thresh schedule remove my-shop      no more nights of it until \`thresh schedule sync\``,
    );
  schedule
    .command('list', { isDefault: true })
    .description('when each target runs next')
    .option('--next <count>', 'so many times of each (1)', count)
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { listSchedules } = await import('./schedule.js');
      await act(program, (settings) => listSchedules(options, settings));
    });
  schedule
    .command('sync')
    .description("shows what differs between the targets' files and Redis, and brings Redis in step")
    .option('--dry-run', 'only show it')
    .action(async (options) => {
      const { syncSchedules } = await import('./schedule.js');
      await act(program, (settings) => syncSchedules(options, settings));
    });
  schedule
    .command('remove <target>')
    .description('takes it off: no worker puts it back before the next sync')
    .action(async (target: string) => {
      const { removeSchedule } = await import('./schedule.js');
      await act(program, (settings) => removeSchedule(target, settings));
    });
  const alerts = program
    .command('alerts')
    .description('who is told of what happens, and what waits to be sent')
    .addHelpText(
      'after',
      `
THRESH_WEBHOOKS names who is told, apart by spaces: https://… gets JSON (signed with THRESH_WEBHOOK_SECRET),
slack+https://… what Slack and Mattermost take; with #batch.held,sla at its end only of those kinds.

Examples:
  THRESH_WEBHOOKS='slack+https://hooks.slack.com/services/T0/B0/x#batch.held,batch.failed,sla' thresh alerts test
  thresh alerts`,
    );
  alerts
    .command('list', { isDefault: true })
    .description('who is told, and what waits to be sent')
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { listAlerts } = await import('./alerts.js');
      await act(program, (settings) => listAlerts(options, settings));
    });
  alerts
    .command('test')
    .description('tells each of them something now, and shows what they answer')
    .action(async () => {
      const { testAlerts } = await import('./alerts.js');
      await act(program, (settings) => testAlerts(settings));
    });
  program
    .command('status [batch]')
    .description('the batches of this home, or one of them')
    .option('--watch', 'stay until it ends; without a batch the whole farm, live, until Ctrl-C')
    .option('--json', 'as JSON; of the farm with --watch a document a second, each in a line')
    .addHelpText(
      'after',
      `
Examples:
  thresh status                               the latest batches
  thresh status --watch                       the last 14 nights of each target, what runs, who works
  thresh status --watch --json | head -1      the same for a script: dates, targets, running, workers, alerts
  thresh status my-shop-20260301-0a1b2c       one batch, what holds it back, and its workers

A night is late when it missed its sla.window, and thin when it delivered less than 80 % of the median of the target's
nights before it.`,
    )
    .action(async (batch: string | undefined, options) => {
      const { status } = await import('./status.js');
      await act(program, (settings) => status(batch, options, settings));
    });
  for (const [name, to, what] of [
    ['pause', 'pause', 'take no more pages'],
    ['resume', 'run', 'go on with a paused batch'],
    ['cancel', 'cancel', 'end a batch without delivering'],
  ] as const) {
    program
      .command(`${name} <batch>`)
      .description(what)
      .action(async (batch: string) => {
        const { steerBatch } = await import('./steer.js');
        await act(program, (settings) => steerBatch(batch, to, settings));
      });
  }
  program
    .command('failures <batch>')
    .description('dead letters by cause')
    .option('--retry', 'put them back and run the batch to its end again')
    .option('--json', 'as JSON')
    .action(async (batch: string, options) => {
      const { failures } = await import('./failures.js');
      await act(program, (settings) => failures(batch, options, settings));
    });
  program
    .command('quarantine <batch>')
    .description('rows that the schema refused, by what was wrong')
    .option('--json', 'as JSON')
    .action(async (batch: string, options) => {
      const { quarantine } = await import('./quarantine.js');
      await act(program, (settings) => quarantine(batch, options, settings));
    });
  program
    .command('deliver <batch>')
    .description('release a batch that the gate holds')
    .option('--force', 'yes, deliver it')
    .option('--json', 'the report as JSON on stdout')
    .action(async (batch: string, options) => {
      const { deliver } = await import('./deliver.js');
      await act(program, (settings) => deliver(batch, options, settings));
    });
  program
    .command('serve')
    .description('the HTTP API of the farm, /openapi.json, and /metrics for Prometheus')
    .option('--port <port>', 'where to listen (9320); 0: any free port', port)
    .option('--host <host>', 'on which address (127.0.0.1); elsewhere THRESH_TOKEN has to be set')
    .addHelpText(
      'after',
      `
It renders nothing itself: a \`thresh worker\` has to run for batches that are begun here.

Examples:
  thresh serve
  curl -s localhost:9320/api/batches?limit=5
  curl -s localhost:9320/api/batches -H 'content-type: application/json' -d '{"target":"my-shop"}'
  curl -N localhost:9320/api/batches/my-shop-20260301-0a1b2c/events`,
    )
    .action(async (options) => {
      const { serve } = await import('./serve.js');
      await act(program, (settings) => serve(options, settings));
    });
  program
    .command('clean')
    .description('removes what old delivered batches were made of; a worker does so once a day')
    .option('--dry-run', 'only show it')
    .option(
      '--keep-days <days>',
      'what was delivered within so many days stays (THRESH_KEEP_DAYS, 30)',
      count,
    )
    .option('--keep-batches <count>', 'the latest of each target stay (THRESH_KEEP_BATCHES, 7)', count)
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { clean } = await import('./clean.js');
      await act(program, (settings) => clean(options, settings));
    });
  addLookCommands(program, (action) => act(program, action));
  program
    .command('init <name> <url>')
    .description('write a first target, proposed from what the page shows')
    .option('--no-open', 'do not open the page: a target to be filled in')
    .addHelpText(
      'after',
      `
Opens the page, and a few others of its kind, as a batch would: robots.txt is obeyed. From its JSON-LD, microdata,
repeated elements and meta elements it proposes the columns, writes the target and tries it. A page that cannot be
opened gives a target to be filled in.

Examples:
  thresh init my-shop https://shop.example/p/1            a page of the catalogue: one row a page
  thresh init my-shop https://shop.example/c/tea          a list: many rows a page
  thresh init my-shop https://shop.example/sitemap.xml    the pages that it names most of`,
    )
    .action(async (name: string, url: string, options) => {
      const { init } = await import('./init.js');
      await act(program, (settings) => init(name, url, options, settings));
    });
  program
    .command('doctor')
    .description('what is missing on this machine, and how to get it')
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { doctor } = await import('./doctor.js');
      await act(program, (settings) => doctor(options, settings, process.env));
    });
  return program;
}

function told(error: ThreshError): ExitCode {
  process.stderr.write(
    `thresh: ${error.message
      .split('\n')
      .map((line) => plainText(line, 1_000))
      .join('\n')}\n`,
  );
  if (error.mend !== undefined) process.stderr.write(`  mend: ${plainText(error.mend, 500)}\n`);
  switch (error.code) {
    case 'TARGET_INVALID':
    case 'USAGE':
      return EXIT.usage;
    case 'INTERRUPTED':
      return EXIT.interrupted;
    default:
      return EXIT.failed;
  }
}

async function main(): Promise<ExitCode> {
  try {
    await build().parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (stacks) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    if (isThreshError(error)) return told(error);
    process.stderr.write(
      `thresh: ${plainText(reasonOf(error), 1_000)}\n  mend: this is a fault of thresh; --verbose shows where\n`,
    );
    return EXIT.failed;
  }
}

process.exitCode = await main();
// Whatever a library still holds open (Playwright's inspector, when its page went while it was starting) must not keep
// a command that is done; what is not read yet of its output may. Nor is a signal that comes now to make a failure of
// it: Node lets go of signals at the beginning of an end that it comes to by itself.
const leave = (): void => {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
};
setInterval(leave, LINGER_MS).unref();
leave();
