import type { RetryOptions } from 'kafkajs';
import { WireError } from '../consumer/wire.js';
import type { Brokers } from './brokers.js';

/** kafkajs's defaults. */
const DEFAULTS = { retries: 5, initialRetryTime: 300, multiplier: 2, factor: 0.2, maxRetryTime: 30_000 } as const;

/**
 * Connects to any broker, with kafkajs's retry settings and in its manner. kafkajs's own retries go on after a close, which
 * would open a connection that nobody closes.
 * @throws WireError of the last attempt; one that no repetition helps ends it at once
 */
export async function connectWithRetries(brokers: Brokers, options: RetryOptions): Promise<void> {
  const { retries, initialRetryTime, multiplier, factor, maxRetryTime } = { ...DEFAULTS, ...options };
  let pauseMs = jittered(initialRetryTime, factor);
  for (let retry = 0; ; retry++) {
    try {
      await brokers.any();
      return;
    } catch (error) {
      if (retry >= retries || (error instanceof WireError && error.kind === 'fatal')) throw error;
    }
    await brokers.pause(pauseMs);
    pauseMs = Math.min(jittered(pauseMs, factor) * multiplier, maxRetryTime);
  }
}

function jittered(ms: number, factor: number): number {
  return ms + factor * ms * (2 * Math.random() - 1);
}
