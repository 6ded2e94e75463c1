// @ts-check
export const USAGE = `usage: npm run bench:scale -- [options]

A big night without its browsers: one batch, one Redis, the slots of many workers in a few processes, each of which is
what \`thresh worker\` puts together. Only the browser pool is stubbed: a page answers after a delay that is drawn from a lognormal distribution,
by a seed. When 45 % of the pages have their outcome, the process that runs the batch is killed with SIGKILL and another
one started in its place.

Told are pages a second, the memory of Redis and of each process over time with the slope of their growth, the CPU of
each, how long it took until the batch went on, and whether the dataset holds every page once. Then PASS or FAIL, and the
exit code is 1 when something failed. The bounds are for two cores that have nothing else to do. Linux only.

  --pages N        by default 2,145,890
  --workers N      by default 150, spread evenly over the processes
  --processes N    by default 3
  --slots N        pages at once in each worker; by default 4
  --apart          each worker has its own links to Redis, segments and clocks, as on a machine of its own; else those of a
                   process share them. It takes two to three times the CPU a page
  --delay MS       the median; by default 200
  --spread S       standard deviation of the delay's logarithm; by default 0.5: one page in twenty takes 2.3 times the median
  --seed N         by default 1
  --kill PERCENT   of the pages; by default 45; 0: nobody is killed
  --short          30,000 pages: a minute, too short to be judged by pace and growth
  --json FILE      all figures
  --docs FILE      writes its section into that page, docs/benchmarks.md, and its plot into img/scale.svg beside it

examples
  npm run bench:scale -- --short
  npm run bench:scale -- --pages 300000                     # five minutes
  npm run bench:scale -- --docs docs/benchmarks.md          # half an hour
  npm run bench:scale -- --pages 10000000 --kill 0          # frontier, dedup and progress of ten million pages`;
