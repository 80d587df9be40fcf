/** The longest that Node counts, 24 days; a timer of more fires at once. */
const longestMs = 2_147_483_647;

/** Aborts when the time of a wait is up. Undefined without a limit, and for one that nobody lives to see. */
export function waitLimit(ms: number | undefined): AbortSignal | undefined {
  return ms === undefined || ms > longestMs ? undefined : AbortSignal.timeout(ms);
}
