import type { RetryPolicy } from '../engine/failure-policy.js';
import type { KafkaRetryOptions } from '../interfaces/index.js';

const RETRIES = 3;
const BACKOFF = { initialMs: 100, factor: 2, maxMs: 30_000, jitter: true };

/** `report` is told of functions of the application that throw; the defaults stand in for them. */
export function retryPolicy({ retries = RETRIES, backoff = BACKOFF, retryable }: KafkaRetryOptions, report: (what: string, error: unknown) => void): RetryPolicy {
  return {
    retries: retries === -1 ? Infinity : retries,
    delayMs: delays(backoff, report),
    retryable: retryable === undefined ? () => true : (error) => guarded(() => retryable(error), true, (thrown) => report('retry.retryable', thrown)),
  };
}

function delays(backoff: NonNullable<KafkaRetryOptions['backoff']>, report: (what: string, error: unknown) => void): RetryPolicy['delayMs'] {
  if (typeof backoff === 'number') return () => backoff;
  if (typeof backoff !== 'function') return (retry) => exponential(retry, { ...BACKOFF, ...backoff });
  return (retry, error) => {
    const wished: unknown = guarded<unknown>(() => backoff(retry, error), NaN, (thrown) => report('retry.backoff', thrown));
    return isDelay(wished) ? wished : exponential(retry, BACKOFF);
  };
}

/** Of functions and exceptions of the application, which may be written without types. */
export function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

function exponential(retry: number, { initialMs, factor, maxMs, jitter }: typeof BACKOFF): number {
  const delayMs = Math.min(maxMs, initialMs * factor ** (retry - 1));
  return jitter ? Math.random() * delayMs : delayMs;
}

function guarded<T>(ask: () => T, otherwise: T, report: (error: unknown) => void): T {
  try {
    return ask();
  } catch (error) {
    report(error);
    return otherwise;
  }
}
