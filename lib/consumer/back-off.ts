/** How long to wait after so many failures in a row (0 = the first one): doubling from `initialMs` up to `maxMs`. */
export function backOffMs(failures: number, initialMs: number, maxMs: number): number {
  return Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30));
}
