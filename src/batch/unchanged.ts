/** Whether a page's `lastmod` says that it is what it was when it was fetched. In doubt it does not. */

/** Clocks of a site and of ours may differ by so much. */
const CLOCKS_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;
/** Of the zone in which a date ends last, UTC-12. */
const LAST_ZONE_MS = 12 * 3_600_000;

const DAY = /^(\d{4}-\d{2}-\d{2})$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** `fetchedAt`: ISO 8601. A page is unchanged when its latest change lies an hour or more before it was fetched. */
export function isUnchanged(lastmod: string | undefined, fetchedAt: string): boolean {
  const changedMs = lastmod === undefined ? undefined : latestMs(lastmod.trim());
  return changedMs !== undefined && changedMs + CLOCKS_MS <= Date.parse(fetchedAt);
}

/** The latest instant that a W3C date may mean; undefined for what names no day, or a time of no zone. */
function latestMs(lastmod: string): number | undefined {
  const day = DAY.exec(lastmod)?.[1];
  const ms =
    day === undefined
      ? INSTANT.test(lastmod)
        ? Date.parse(lastmod) + 60_000 // it may name no seconds
        : Number.NaN
      : Date.parse(`${day}T00:00:00Z`) + DAY_MS + LAST_ZONE_MS;
  return Number.isNaN(ms) ? undefined : ms;
}
