import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Deadline in milliseconds; the default is below that of a test in jest, so that it is this error that is seen. @default 4000 */
  withinMs?: number;
}

const LOOK_EVERY_MS = 5;

/** Looks until nothing is missing. @throws Error at the deadline, with what is. */
export async function waitFor(what: string, missing: () => string | null, { withinMs = 4000 }: WaitOptions = {}): Promise<void> {
  for (const deadline = performance.now() + withinMs; ; await delay(LOOK_EVERY_MS)) {
    const lacking = missing();
    if (lacking === null) return;
    if (performance.now() >= deadline) throw new Error(`Not within ${withinMs} ms: ${what}. ${lacking}`);
  }
}
