/** Crawlee's HttpCrawler over the benchmark's pages; says its limit and its end as JSON lines. */
import { Configuration, HttpCrawler, log } from '@crawlee/http';
import { follow } from './follow.mjs';

const { url, pages, maxConcurrency } = JSON.parse(process.argv[2]);
log.setLevel(log.LEVELS.OFF);
const crawler = new HttpCrawler(
  { ...(maxConcurrency === undefined ? {} : { maxConcurrency }), requestHandler: async () => undefined },
  new Configuration({ persistStorage: false }),
);
await follow(
  crawler,
  Array.from({ length: pages }, (_, at) => `${url}/page/${at + 1}`),
);
