// @ts-check
export const USAGE = `usage: npm run bench:lane -- [options]

The demo shop's product pages three ways: rendered by the farm, by the farm with \`lane: 'auto'\` (learning, samples and
all), and their answers asked for by a bare loop with undici at the same number in flight, which keeps nothing. The
datasets are compared row by row. Then PASS or FAIL, and the exit code is 1 when something failed.

  --pages N          of the auto lane and of the bare loop; by default 20,000
  --rendered N       of the render lane: the first so many of them; by default 500
  --in-flight N      pages at once at the shop, in each way; by default 22
  --latency-ms N     of each of the shop's answers; by default 50
  --short            1,500 pages, 100 rendered; nothing is judged but the rows
  --json FILE        all figures
  --docs FILE        writes its section into that page: docs/benchmarks.md

examples
  npm run bench:lane -- --short
  npm run bench:lane -- --docs docs/benchmarks.md         # five minutes`;
