// @ts-check
export const USAGE = `usage: npm run bench:throttle -- [options]

How the throttle finds what a target bears and keeps to it, beside other clients. The target is a server of its own on
this machine: 50 ms up to 4 requests in flight, then with the square of the load, and 429 with Retry-After over 10. What
is shown is the server's own log. Every part prints what was measured, a table and PASS or FAIL; the exit code is 1 when
something failed.

parts (--only, several with commas)
  knee      1,000 pages: refusals, and the time beside the best fixed limit (found by sweep), Crawlee, and Scrapy's
            AutoThrottle rule; then with the knee moved to 12 and to 2 after half of the pages
  spiral    answers take ten times as long for two minutes: in flight must fall within 10 s, and be back within 60 s
  workers   three worker processes at once keep to the limit of one
  down      the target refuses connections for three minutes: the batch is delivered, no page is a dead letter

forms (--form, both by default; knee and workers are measured in the control plane, down in the browser)
  control   the farm's queue, Redis, throttle and page workers; a page is a plain HTTP request
  browser   \`thresh run\` with real Chromium, the target's times stretched so that two cores are not the bottleneck

  --only PARTS      knee,spiral,workers,down
  --form FORMS      control,browser
  --knee WHAT       stays,to12,to2
  --short           fewer pages, shorter troubles, one round: minutes instead of an hour
  --pages N         of each run; by default 1,000 (control) and 300 (browser); under 1,000 the
                    search weighs more, and 1.5 times the best fixed limit is allowed instead of 1.15
  --scale S         stretches all of the target's times; by default 1 (control) and 10 (browser)
  --rounds N        of the best limits and of ours, by default 3
  --cap S           ends a run after so many seconds; by default 300
  --no-peers        without Crawlee and plots; else they are installed once into test/bench/peers
  --markdown FILE   all that was printed
  --images DIR      where plots go, by default nowhere

examples
  npm run bench:throttle -- --short --only knee --form control
  npm run bench:throttle -- --only down --short
  npm run bench:throttle -- --markdown throttle.md --images docs/img`;
