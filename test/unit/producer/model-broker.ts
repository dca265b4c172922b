import { setImmediate as nextTurn } from 'node:timers/promises';
import { WireError } from '../../../lib/consumer/wire.js';
import type { BatchFault, BatchOutcome, OutgoingBatch, PartitionLayout, ProducerIdentity, ProduceRequest, ProduceWire } from '../../../lib/producer/produce-wire.js';

/** What becomes of a request: 'unsent' never arrives, 'unanswered' is written and not answered, 'delayed' arrives after the next two. */
export type Fate = 'answered' | 'unsent' | 'unanswered' | 'delayed' | 'moved';

/** Sequences as a broker keeps them for a producer in one partition. */
interface ProducerState {
  next: number;
  readonly batches: { readonly sequence: number; readonly count: number; readonly baseOffset: number }[];
}

/** Kafka as a producer sees it: logs that recognise repetitions. Fates come from the test. */
export class ModelBroker implements ProduceWire {
  readonly logs = new Map<string, string[]>();
  readonly requests: ProduceRequest[] = [];
  identities = 0;
  metadataRequests = 0;
  maxBatchBytes = 1_000_000;
  missing: ReadonlySet<string> = new Set();
  /** By topic, what the broker says against it. */
  denied: ReadonlyMap<string, WireError> = new Map();
  refused: ReadonlySet<string> = new Set();
  private readonly states = new Map<string, ProducerState>();
  private readonly delayed: { request: ProduceRequest; after: number }[] = [];

  constructor(
    public partitions = 2,
    private readonly fate: () => Fate = () => 'answered',
  ) {}

  async connect(): Promise<void> {}
  close(): void {}

  async metadata(topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionLayout[] | WireError>> {
    this.metadataRequests++;
    await nextTurn();
    const layout = Array.from({ length: this.partitions }, (_, partitionId) => ({ partitionErrorCode: 0, partitionId, leader: partitionId % 2, replicas: [], isr: [] }));
    return new Map(topics.filter((topic) => !this.missing.has(topic)).map((topic) => [topic, this.denied.get(topic) ?? layout]));
  }
  async newIdentity(): Promise<ProducerIdentity> {
    await nextTurn();
    return { producerId: BigInt(++this.identities), epoch: 0 };
  }

  async produce(request: ProduceRequest): Promise<readonly BatchOutcome[]> {
    this.requests.push(request);
    const fate = this.fate();
    await nextTurn();
    this.writeDelayed();
    switch (fate) {
      case 'answered':
        return request.batches.map((batch) => this.write(batch));
      case 'moved':
        // As a leader that moves between two partitions: the first is written, the others are not.
        return request.batches.map((batch, at) => (at === 0 ? this.write(batch) : fault('moved')));
      case 'unanswered':
        for (const batch of request.batches) this.write(batch);
        throw unavailable();
      case 'delayed':
        this.delayed.push({ request, after: 2 });
        throw unavailable();
      case 'unsent':
        throw unavailable();
    }
  }

  log(topic: string, partition = 0): string[] {
    return this.logs.get(`${topic}/${partition}`) ?? [];
  }

  private writeDelayed(): void {
    for (const entry of this.delayed.splice(0)) {
      if (--entry.after > 0) this.delayed.push(entry);
      else for (const batch of entry.request.batches) this.write(batch);
    }
  }

  private write(batch: OutgoingBatch): BatchOutcome {
    const bytes = batch.records.reduce((sum, record) => sum + record.bytes, 0);
    if (bytes > this.maxBatchBytes) return fault('too-large');
    const bad = batch.records.flatMap(({ value }, index) => (this.refused.has(String(value)) ? [index] : []));
    if (bad.length > 0) return { ...fault('refused'), records: bad };
    const name = `${batch.topic}/${batch.partition}`;
    const log = this.logs.get(name) ?? [];
    this.logs.set(name, log);
    const state = this.stateOf(batch, name);
    const known = state?.batches.find(({ sequence, count }) => sequence === batch.sequence && count === batch.records.length);
    if (known !== undefined) return acknowledged(known.baseOffset);
    if (state !== null && state.next !== batch.sequence) return state.next > batch.sequence ? acknowledged(-1) : fault('unsequenced');
    const baseOffset = log.length;
    log.push(...batch.records.map(({ value }) => String(value)));
    if (state !== null) {
      state.next = batch.sequence + batch.records.length;
      state.batches.push({ sequence: batch.sequence, count: batch.records.length, baseOffset });
      if (state.batches.length > 5) state.batches.shift();
    }
    return acknowledged(baseOffset);
  }

  private stateOf({ identity }: OutgoingBatch, name: string): ProducerState | null {
    if (identity === null) return null;
    const key = `${identity.producerId} ${name}`;
    const state = this.states.get(key) ?? { next: 0, batches: [] };
    this.states.set(key, state);
    return state;
  }
}

function acknowledged(baseOffset: number): BatchOutcome {
  return { kind: 'acknowledged', baseOffset, logAppendTimeMs: -1, logStartOffset: 0 };
}
function fault(kind: BatchFault['kind']): BatchFault {
  return { kind, code: kind.toUpperCase(), message: `the broker answered ${kind}.`, records: [] };
}
function unavailable(): WireError {
  return new WireError('unavailable', 'NO_ANSWER', 'Produce: no answer.');
}
