/**
 * Whether a batch's SLA is at risk: told once when the margin has been low for a while, and once when it has been good
 * again for a while. Between the two bounds, and while nothing can be told, it stays what it was. Pure.
 *
 *   well      -> at risk   margin under AT_RISK_BELOW for `dwellMs`
 *   at risk   -> well      margin over WELL_ABOVE for `dwellMs`
 */
export interface Risk {
  atRisk: boolean;
  /** Since when, without a break, the margin has said the contrary; undefined: it does not. */
  contrarySinceMs?: number;
}

const AT_RISK_BELOW = 0.15;
const WELL_ABOVE = 0.2;

export function nextRisk(
  risk: Risk,
  { margin, nowMs, dwellMs }: { margin: number | undefined; nowMs: number; dwellMs: number },
): Risk {
  const { atRisk, contrarySinceMs = nowMs } = risk;
  const isContrary = margin !== undefined && (atRisk ? margin > WELL_ABOVE : margin < AT_RISK_BELOW);
  if (!isContrary) return { atRisk };
  return nowMs - contrarySinceMs >= dwellMs ? { atRisk: !atRisk } : { atRisk, contrarySinceMs };
}

/** A hundredth of the window, 2 s to 2 min: one slow page is no alert, and an alert is not late. */
export function dwellOf(windowMs: number): number {
  return Math.min(120_000, Math.max(2_000, windowMs / 100));
}

/** The first pages, of cold browsers, say little; that there are so few of them by then says enough. */
export function isTooEarly(settled: number, elapsedShare: number): boolean {
  return settled < 20 && elapsedShare < 0.1;
}

/** What would help a batch at risk: by whatever it is that bounds it now. */
export function helpFor({
  inFlight,
  limit,
  maximum,
  retriesPerPage,
}: {
  inFlight: number;
  /** Pages that may be in flight now. */
  limit: number;
  /** The target's `maxConcurrency`, or what the batch was told. */
  maximum: number;
  retriesPerPage: number;
}): string {
  if (retriesPerPage > 0.25) {
    const vain = Math.round((retriesPerPage / (1 + retriesPerPage)) * 100);
    return `${vain} % of the attempts are in vain: see what the log says of them`;
  }
  if (inFlight < limit * 0.8)
    return `more workers: ${inFlight} pages are in flight where ${limit} may be; \`thresh worker\` adds some`;
  if (limit < maximum)
    return `the target bears ${limit} pages in flight, not ${maximum}: a longer sla.window or an earlier start`;
  return `${maximum} pages in flight are all that is allowed: more (throttle.maxConcurrency, --concurrency) if the target bears it, else a longer sla.window`;
}
