// @ts-check
export const USAGE = `usage: npm run bench:nights -- [options]

An incremental night of the demo shop against a full one, twice: pages of an application, by the sitemap's \`lastmod\`, and
pages whose rows stand in their document, by its ETag. Each has a first night, which is full; then a share of the products
changes; then an incremental night, and a full one of the same day in the data lane, which is the truth of it. What the
shop was asked is counted by itself, and the datasets are compared row by row. Then PASS or FAIL, and the exit code is 1
when something failed.

  --pages N          of an application; by default 2,000, and a quarter as many whose rows stand in their document
  --every N          one product in so many changes; by default 50
  --latency-ms N     of each of the shop's answers; by default 20
  --short            200 and 50 pages; nothing is judged but the rows
  --json FILE        all figures
  --docs FILE        writes its section into that page: docs/benchmarks.md

examples
  npm run bench:nights -- --short                         # one minute
  npm run bench:nights -- --docs docs/benchmarks.md       # many minutes`;
