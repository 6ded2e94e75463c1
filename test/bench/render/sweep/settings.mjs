// @ts-check
/** The browser's settings that might make it lighter, each beside what Playwright starts it with. */
import { DISABLED_FEATURES } from '../../../../browser-pool/disabled-features.mjs';
import { findChromium } from '../../../../browser-pool/find-chromium.mjs';

/** @typedef {import('../contenders/playwright-child.mjs').Varied} Varied */

/** @typedef {{ id: string, name: string, varied: Varied }} Setting */

/** What all are compared with. */
export const DEFAULT = 'default';

/**
 * @param {string} usual the Chromium that is found without being asked for
 * @returns {Setting[]} the default first, and once more, so that one sees what the machine itself does
 */
export function settingsHere(usual) {
  const full = findChromium({ headed: true, env: { ...process.env, CHROMIUM_PATH: '' } })?.path;
  return [
    { id: DEFAULT, name: 'as Playwright starts it', varied: {} },
    { id: 'again', name: 'the same once more', varied: {} },
    ...(full === undefined || full === usual
      ? []
      : [{ id: 'full', name: 'full Chromium, headless', varied: { executablePath: full } }]),
    { id: 'two-browsers', name: 'two browser processes', varied: { browsers: 2 } },
    { id: 'context-each', name: 'a context for each page in flight', varied: { contextEach: true } },
    { id: 'persistent', name: "the profile's own context, caches on disk", varied: { persistent: true } },
    {
      id: 'one-view',
      name: 'without `RenderDocument`, as the pool starts it',
      varied: { flags: [`--disable-features=${DISABLED_FEATURES.join()}`] },
    },
    flagged('renderers-1', ['--renderer-process-limit=1']),
    flagged('renderers-2', ['--renderer-process-limit=2']),
    flagged('per-site', ['--process-per-site']),
    flagged('no-isolation', ['--disable-site-isolation-trials']),
    flagged('gpu-inside', ['--in-process-gpu']),
    flagged('no-gpu', ['--disable-gpu', '--disable-software-rasterizer']),
    flagged('no-images', ['--blink-settings=imagesEnabled=false']),
    flagged('sparkplug', ['--js-flags=--always-sparkplug']),
    flagged('no-optimiser', ['--js-flags=--max-optimized-bytecode-size=0']),
    flagged('one-thread', ['--js-flags=--single-threaded']),
    flagged('one-raster', ['--num-raster-threads=1']),
    // No frame is ever drawn, and scripts that wait for one wait for good: it shows what drawing costs, and no more.
    flagged('no-compositor', ['--disable-threaded-compositing', '--disable-threaded-animation']),
  ];
}

/** @param {string} id @param {string[]} flags @returns {Setting} */
function flagged(id, flags) {
  return { id, name: flags.map((flag) => `\`${flag}\``).join(' '), varied: { flags } };
}
