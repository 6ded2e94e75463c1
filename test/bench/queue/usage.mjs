// @ts-check
export const USAGE = `usage: npm run bench:queue -- [options]

The farm without rendering: its queue on a real Redis, feeder, ledger, throttle, page workers, segments and dataset are
what they always are; only the browser pool is stubbed, and its pages answer by themselves. Prints pages a second, CPU a
page by process, commands a page, and the Redis memory that is left when the window is empty; then PASS or FAIL, and the
exit code is 1 when something failed. The bounds are for two cores; that of memory for 1,000,000 pages, where what keys
cost by themselves is shared by many pages, and is judged from there on.

  --pages N         of each run; by default 30,000
  --processes N     the first has the batch, the others are workers; by default 2
  --concurrency N   pages at once in each process; by default 64
  --delay MS        until a page answers, the median of a lognormal; by default 0: at once
  --rounds N        by default 3; medians are judged
  --short           4,000 pages, one round
  --json FILE       all figures
  --docs FILE       writes its section into that page: docs/benchmarks.md

examples
  npm run bench:queue -- --short
  npm run bench:queue -- --docs docs/benchmarks.md                            # two minutes
  npm run bench:queue -- --pages 1000000 --rounds 1 --docs docs/benchmarks.md   # a quarter of an hour`;
