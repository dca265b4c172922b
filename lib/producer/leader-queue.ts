import type { Clock } from '../consumer/clock.js';
import type { PartitionOutbox, PendingBatch } from './partition-outbox.js';

/** A request holds batches of several partitions, up to so many bytes of records; one batch always. */
const MOST_REQUEST_BYTES = 4_000_000;

/**
 * The partitions of one leader that have something to send. One request is under way at a time, and whatever is sent meanwhile
 * goes into the next one: the busier the producer, the larger its requests. A broker answers the requests of a connection one by
 * one, so that more of them would gain little.
 */
export class LeaderQueue {
  private readonly ready = new Set<PartitionOutbox>();
  private isPlanned = false;
  private isSending = false;

  constructor(
    private readonly clock: Clock,
    private readonly send: (batches: ReadonlyMap<PartitionOutbox, PendingBatch>) => Promise<void>,
  ) {}

  add(outbox: PartitionOutbox): void {
    this.ready.add(outbox);
    this.plan();
  }

  /** In the next turn of the event loop: what is sent in this one is one request. */
  private plan(): void {
    if (this.isPlanned || this.isSending || this.ready.size === 0) return;
    this.isPlanned = true;
    this.clock.nextTurn(() => {
      this.isPlanned = false;
      void this.run();
    });
  }

  private async run(): Promise<void> {
    const batches = this.take();
    if (batches.size === 0) return;
    this.isSending = true;
    try {
      await this.send(batches);
    } finally {
      this.isSending = false;
      this.plan();
    }
  }

  /** The partitions that have waited longest, as many as fit; all of them ask for the same acknowledgement. */
  private take(): Map<PartitionOutbox, PendingBatch> {
    const batches = new Map<PartitionOutbox, PendingBatch>();
    let acks: number | null = null;
    let bytes = 0;
    for (const outbox of this.ready) {
      // One that another leader was asked for meanwhile comes back when that has answered.
      const batch = outbox.isBusy ? null : outbox.next();
      if (batch !== null && acks !== null && batch.acks !== acks) continue;
      this.ready.delete(outbox);
      if (batch === null) continue;
      acks = batch.acks;
      batches.set(outbox, batch);
      outbox.isBusy = true;
      for (const { record } of batch.queued) bytes += record.bytes;
      if (bytes >= MOST_REQUEST_BYTES) break;
    }
    return batches;
  }
}
