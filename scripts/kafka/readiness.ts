import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const POLL_MS = 150;

export interface Expectation {
  readonly address: string;
  /** The id that the broker's storage was formatted with: another process on our port would answer with another one. */
  readonly clusterId?: string;
  readonly brokers: number;
  readonly withinMs: number;
  /** Throws when waiting has become pointless, for example because the process is gone. */
  readonly alive?: () => void;
}

/** Resolves when the broker answers, knows of `brokers` brokers and belongs to our cluster. */
export async function untilReady(expected: Expectation): Promise<void> {
  const deadline = performance.now() + expected.withinMs;
  let last = 'no answer yet';
  while (performance.now() < deadline) {
    expected.alive?.();
    const answer = await describe(expected.address).catch((error: unknown) => String(error));
    if (typeof answer === 'string') {
      last = answer;
    } else if (expected.clusterId && answer.clusterId !== expected.clusterId) {
      throw new PortTakenError(expected.address, answer.clusterId);
    } else if (answer.brokers >= expected.brokers) {
      return;
    } else {
      last = `${answer.brokers} of ${expected.brokers} brokers have registered`;
    }
    await delay(POLL_MS);
  }
  throw new Error(`Kafka at ${expected.address} was not ready within ${expected.withinMs} ms: ${last}.`);
}

/** Somebody else took the port between our look at it and the broker's start. */
export class PortTakenError extends Error {
  constructor(address: string, clusterId: string) {
    super(`${address} is answered by another Kafka cluster (${clusterId}).`);
    this.name = 'PortTakenError';
  }
}

async function describe(address: string): Promise<{ clusterId: string; brokers: number }> {
  const admin = new Kafka({
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 2000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    return { clusterId: cluster.clusterId, brokers: cluster.brokers.length };
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
