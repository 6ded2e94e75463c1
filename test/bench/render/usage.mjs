// @ts-check
export const USAGE = `usage: npm run bench:render -- [options]

How fast pages are rendered into rows: this farm end to end (\`thresh run\`: queue, Redis, validation, durable rows), its
pool alone, the best loop that one writes by hand on Playwright and on the raw DevTools protocol, Crawlee and
puppeteer-cluster. All read the same pages of the demo shop, which runs in a process of its own, with the same code; a
run counts only when its rows are the shop's own to the last field. In each round every contender has its turn, so that
a machine that drifts does so for all; medians over the rounds are told, and ratios within a round with their spread.

Rates are taken from the last row of the warm-up to the last row: starting up is left out. "cold" is all of it, from the
process's start. Peers are slow and get a fifth of the pages. CPU is that of the contender's processes, browsers and
the rest (its Redis too) apart; requests and bytes are those that the shop's own log counts. Linux only.

  --quick             product pages only, fewer of them, 2 rounds, without tuned peers: under 4 minutes
  --kinds KINDS       detail,list
  --lanes LANES       load,soft: soft is going on within the application; peers know only load
  --contenders IDS    farm,farm-auto,pool,playwright,cdp,crawlee,crawlee-tuned,cluster-page,cluster-context
  --pages N           of each run in the load lane, by default 240; the soft lane has three times as many
  --rounds N          by default 3
  --concurrency N,M   pages in flight, load and soft, for those that do not find it themselves; by default tried out first.
                      The pool alone has as many as the farm had in its last turn, where that takes part
  --no-peers          without Crawlee and puppeteer-cluster; else they are installed once into test/bench/peers
  --json FILE         all runs
  --append            adds its rounds to those in the JSON file, and tells of all of them
  --plot FILE         an SVG
  --write             its section and plot into docs/benchmarks.md
  --sweep             instead: the browser's settings, each beside the default; see docs/decisions/0015
  --settings IDS      of the sweep, some of them

examples
  npm run bench:render -- --quick
  npm run bench:render -- --json render.json --write                             # under 40 minutes
  npm run bench:render -- --kinds list --rounds 1 --json render.json --append    # one round more
  npm run bench:render -- --sweep --rounds 4`;
