// @ts-check
export const USAGE = `usage: npm run sim:night -- [options]

Weeks in which clocks change, of 40 targets in sixteen zones: the farm's own schedules, a real Redis and BullMQ's own job
schedulers, two workers; each week in a thread of its own. Only the clock is not real: it goes from one time that is due
to the next, and rendering a batch is a span of it. Some batches take longer than a day, and in one night no worker is
there. What ran when is printed as a table, then PASS or FAIL for what has to be so; the exit code is 1 when something
failed.

  --from DATE[,DATE]  where a week begins, UTC; by default 2026-03-07 (clocks go forward in Havana and New York) and
                      2026-03-28 (forward in Berlin and, at midnight, in Beirut; back in Sydney on 5 April)
  --days N            of each; by default 7 and 8
  --targets N         only the first so many
  --brief             of what ran on time and while no clock changed only the number
  --json FILE         all nights

examples
  npm run sim:night
  npm run sim:night -- --brief
  npm run sim:night -- --from 2026-10-23 --days 11      # clocks go back in Berlin, Havana and New York`;
