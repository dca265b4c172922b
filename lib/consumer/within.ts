import type { Clock } from './clock.js';

/** What `work` resolves to, or `otherwise` if it takes longer than this. */
export async function within<T>(clock: Clock, limitMs: number, work: Promise<T>, otherwise: T): Promise<T> {
  let cancel = (): void => {};
  const limit = new Promise<T>((resolve) => (cancel = clock.later(limitMs, () => resolve(otherwise))));
  try {
    return await Promise.race([work, limit]);
  } finally {
    cancel();
  }
}
