import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import type { Stamped } from './run-settings.js';

const PER_SECOND = 200;
const PARTITIONS = 2;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 10_000;
const PADDING = 'x'.repeat(120);

/** Sends records at a steady pace, each stamped when it is sent: warm-up until `arrived` and a little longer, then those that count. */
export async function produceStamped(brokers: readonly string[], topic: string, arrived: Promise<void>, signal: AbortSignal): Promise<void> {
  const producer = new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.ERROR }).producer();
  await producer.connect();
  const pace = new Pace((sent, phase) => {
    const value: Stamped = { sentNs: String(process.hrtime.bigint()), phase, padding: PADDING };
    return producer.send({ topic, acks: 1, messages: [{ key: `key-${sent % 1000}`, partition: sent % PARTITIONS, value: JSON.stringify(value) }] });
  }, signal);
  try {
    let hasArrived = false;
    void arrived.then(() => (hasArrived = true));
    await pace.run('warm-up', () => hasArrived);
    await pace.runFor('warm-up', WARM_UP_MS);
    await pace.runFor('measured', MEASURED_MS);
    await pace.runFor('last', 1_000);
  } finally {
    await pace.settled();
    await producer.disconnect();
  }
}

class Pace {
  private sent = 0;
  private nextMs = performance.now();
  private readonly pending = new Set<Promise<unknown>>();

  constructor(
    private readonly send: (sent: number, phase: Stamped['phase']) => Promise<unknown>,
    private readonly signal: AbortSignal,
  ) {}

  runFor(phase: Stamped['phase'], durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    return this.run(phase, () => performance.now() >= endMs);
  }

  async run(phase: Stamped['phase'], isOver: () => boolean): Promise<void> {
    while (!isOver() && !this.signal.aborted) {
      this.nextMs = Math.max(this.nextMs + 1000 / PER_SECOND, performance.now());
      await delay(this.nextMs - performance.now());
      this.follow(this.send(this.sent++, phase));
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.pending);
  }

  private follow(sending: Promise<unknown>): void {
    const ended = sending.catch((error: unknown) => console.error('producing failed', error)).finally(() => this.pending.delete(ended));
    this.pending.add(ended);
  }
}
