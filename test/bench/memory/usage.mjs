// @ts-check
export const USAGE = `usage: npm run bench:memory -- [options]

Whether memory stays flat. One process of the farm, as \`thresh run\` puts it together, through one long batch, twice: over
real pages of the demo shop in real browsers, and over pages that answer by themselves, of which there are many more. It
is looked at as the batch goes, after forced garbage collection: heap, RSS, memory of the browsers (PSS), memory of Redis,
handles, open files, temp folders. Slopes are told with their 95 % interval. Then PASS or FAIL, and the exit code is 1
when something failed.

  --real N         real pages; by default 20,000, judged from 5,000 on; 0: without them
  --stubbed N      pages without a browser; by default 1,000,000, judged from 100,000 on; 0: without them
  --budget MB      of each browser; by default 1,024
  --json FILE      all figures
  --docs FILE      writes a section for each into that page: docs/benchmarks.md

examples
  npm run bench:memory -- --real 500 --stubbed 20000            # a minute
  npm run bench:memory -- --docs docs/benchmarks.md             # half an hour`;
