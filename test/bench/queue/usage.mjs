// @ts-check
export const USAGE = `usage: npm run bench:queue -- [options]

The farm without rendering: its queue on a real Redis, feeder, ledger, throttle, page workers, segments and dataset are
what they always are; only the browser pool is stubbed, and its pages answer by themselves. In three parts: pages that
answer at once, by one process of the farm and by two, which take turns; pages at the pace of real ones, of a fast
and of a slow target, where what the farm does by the clock weighs most; a million pages, and what Redis still holds of them when the window is empty. Then
PASS or FAIL, and the exit code is 1 when something failed. The bounds are for two cores.

  --pages N          of each run of the first part; by default 30,000
  --processes N,M    of the farm; the first has the batch, the others are workers; by default 1,2
  --concurrency N    pages at once in each process; by default 64
  --rounds N         of the first part; by default 3; medians are judged
  --pace N           pages of each run of the second part; by default 300; 0: without it
  --memory N         pages of the third part; by default 1,000,000, judged from there on; 0: without it
  --short            4,000 pages, one round, the first part alone
  --json FILE        all figures
  --docs FILE        writes its section into that page: docs/benchmarks.md

examples
  npm run bench:queue -- --short
  npm run bench:queue -- --memory 0                        # two minutes
  npm run bench:queue -- --docs docs/benchmarks.md         # ten minutes`;
