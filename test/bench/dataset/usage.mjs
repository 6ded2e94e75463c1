// @ts-check
export const USAGE = `usage: npm run bench:dataset -- [options]

From the segments of a batch to its Parquet dataset, beside plain DuckDB on the same files. One row in twenty has the key
of an earlier one; the later one counts. Each run has a process of its own, and the cases take turns. The farm's run is
all of what it does when the last page is in: which attempts count and whether their bytes are whole, dedup, ordered
files, statistics, checksums. Plain DuckDB is what a data engineer would write, with default settings, and the fastest
that was found by hand; neither looks at commits or sorts. All results are compared by counts, sums and a hash over all
values. Prints time, CPU and the most resident memory of the process with all that it starts, then PASS or FAIL; the exit
code is 1 when something failed.

  --rows N            by default 1,000,000 (650 MB of segments); three times that is needed on the disk
  --rows-per-page N   by default 1: each row has a commit of its own, which is the dearest for us
  --rounds N          by default 3; medians are judged
  --only CASES        thresh,window,join (several with commas): without comparison nothing is judged but memory;
                      also partitions, as a farm builds a large dataset, all of whose jobs one process does
  --partition-mb N    MB of segments that a partition takes, by default 1024
  --parquetjs         the pure-JavaScript engine too
  --short             100,000 rows, one round
  --temp DIR          where segments and datasets go, by default the system's; removed at the end
  --json FILE         all figures
  --docs FILE         writes its section into that page: docs/benchmarks.md

examples
  npm run bench:dataset -- --short
  npm run bench:dataset -- --docs docs/benchmarks.md
  npm run bench:dataset -- --rows 10000000 --rounds 1 --docs docs/benchmarks.md`;
