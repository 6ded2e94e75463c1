/** Crawlee's PlaywrightCrawler over the benchmark's pages; says its limit and its end as JSON lines. */
import { Configuration, log, PlaywrightCrawler } from '@crawlee/playwright';
import { follow } from './follow.mjs';

const { url, pages, maxConcurrency, executablePath } = JSON.parse(process.argv[2]);
log.setLevel(log.LEVELS.OFF);
const crawler = new PlaywrightCrawler(
  {
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    launchContext: {
      launchOptions: {
        ...(executablePath === undefined ? {} : { executablePath }),
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
      },
    },
    async requestHandler({ page }) {
      await page.waitForSelector('[data-sku]');
    },
  },
  new Configuration({ persistStorage: false }),
);
await follow(
  crawler,
  Array.from({ length: pages }, (_, at) => `${url}/page/${at + 1}`),
);
