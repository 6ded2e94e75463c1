/** `thresh check`, `thresh debug` and `thresh diff`, which look and change nothing: names, options, help. */
import type { Command } from 'commander';
import type { Settings } from '../settings.js';
import type { ExitCode } from './exit-codes.js';
import { count } from './option-values.js';

export type Action = (settings: Settings) => Promise<ExitCode>;

export function addLookCommands(program: Command, act: (action: Action) => Promise<void>): void {
  program
    .command('check <target>')
    .description(
      'renders a few delivered pages again and compares them with their rows: does the target still fit?',
    )
    .option('--pages <count>', 'so many pages, spread over the last dataset (5)', count)
    .option('--out <folder>', 'where it was delivered (THRESH_OUT, ./out)')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
It does not fit any more when a page fails or gives no row, when the schema refuses more than gate.maxQuarantined, when a
column is NULL or stands in another one in most of the rows, or when readers of the last dataset would break on the
target's schema. Values that changed, and rows that went or came, are only told. Nothing is delivered.

Examples:
  thresh check my-shop
  thresh check ./my-shop.ts --pages 20 --out s3://bucket/nightly --json

Exit codes: 0 it still fits, 1 it does not, 2 wrong usage or target, or nothing was delivered yet.`,
    )
    .action(async (target: string, options) => {
      const { check } = await import('./check.js');
      await act((settings) => check(target, options, settings));
    });
  program
    .command('debug [target] [url]')
    .description('one page, no queue: rows, schema problems, timings, requests, screenshot')
    .option('--label <label>', 'the label that the page has in a batch')
    .option('--data <json>', 'the data that the page has in a batch')
    .option('--headed', 'in a window')
    .option('--slow-mo <ms>', 'wait so long between steps', count)
    .option('--devtools', 'in a window with the developer tools')
    .option('--trace [file]', "write a trace for Playwright's viewer")
    .option('--pause', "leave the window open, with Playwright's inspector")
    .option('--watch', "again whenever the target's file is saved, and what changed")
    .option('--failure <page>', 'a page of a batch, BATCH.PAGE, with its label and data')
    .option(
      '--replay [file]',
      'from a saved .html or a .har without the network; what was saved of --failure',
    )
    .option('--scripts', 'run those of a saved .html')
    .option('--save <file>', 'record a .har, with everything that was sent, to be replayed')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thresh debug demo-shop http://127.0.0.1:4000/p/TH-0000000-VY\n  thresh debug my-shop https://shop.example/p/1 --headed --pause\n  thresh debug my-shop https://shop.example/p/1 --trace && npx playwright show-trace .thresh/debug/*.zip\n  thresh debug my-shop https://shop.example/p/1 --watch\n  thresh debug --failure my-shop-20260301-0a1b2c.17 --replay\n  thresh debug my-shop https://shop.example/p/1 --save page.har && thresh debug my-shop --replay page.har\n\nExit codes: 0 the schema takes all rows, 1 the page failed or rows were refused, 2 wrong usage or target.',
    )
    .action(async (target: string | undefined, url: string | undefined, options) => {
      const { debug } = await import('./debug.js');
      await act((settings) => debug(target, url, options, settings));
    });
  program
    .command('diff <before> <after>')
    .description('rows added, gone and changed between two delivered batches of a target')
    .option('--json', 'NDJSON: the summary, then a line a change')
    .option('--out <file>', 'all changes as a Parquet file')
    .option('--columns <names...>', 'compare and show only these')
    .option('--limit <changes>', 'so many changes at most (20; as JSON all)', count)
    .addHelpText(
      'after',
      `
Rows are matched by the target's key and told in its order. Columns that only one of the two has are named; those of
another type are compared by value. The datasets may stand in a
folder or in S3.

--json: the first line has "kind":"summary", counts and the differences of the schemas; each line after it is one change:
change (added, gone, changed), key, columns (that changed), page, before, after; of a changed row these two hold what
changed, else the whole row. --out: the same columns, before and after with the whole row as structs.

Examples:
  thresh diff my-shop-20260301-0a1b2c my-shop-20260302-3d4e5f
  thresh diff my-shop-20260301-0a1b2c my-shop-20260302-3d4e5f --columns price stock --limit 100
  thresh diff my-shop-20260301-0a1b2c my-shop-20260302-3d4e5f --json | jq -c 'select(.change == "gone") | .key'
  thresh diff my-shop-20260301-0a1b2c my-shop-20260302-3d4e5f --out changes.parquet

Exit codes: 0 they were compared, whatever was found; 1 they could not be; 2 wrong usage, or no dataset of one of them.`,
    )
    .action(async (before: string, after: string, options) => {
      const { diff } = await import('./diff.js');
      await act((settings) => diff(before, after, options, settings));
    });
}
