// Node's assertions, for there are some hundred thousand of them and jest's take ten times as long.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import { DeliveryState } from '../../../lib/engine/delivery.js';
import { IncompleteRuns } from '../../../lib/engine/incomplete-runs.js';
import type { PartitionQueue } from '../../../lib/engine/partition-queue.js';
import { EngineHarness, FakeChunk, type FakeRecord, settle } from './engine-harness.js';

const CONCURRENCY = 4;
const RETRY_MS = 100;
const HISTORIES = process.env['CI'] ? 5_000 : 400;

/** What may happen to a partition; the number picks a record, an amount or a moment. */
type Step = readonly [kind: 'fetch' | 'succeed' | 'fail' | 'wait' | 'drain' | 'restart' | 'redeliver' | 'lapse', pick: number];

const steps = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant('fetch' as const) },
      { weight: 8, arbitrary: fc.constant('succeed' as const) },
      { weight: 3, arbitrary: fc.constant('fail' as const) },
      { weight: 2, arbitrary: fc.constant('wait' as const) },
      { weight: 3, arbitrary: fc.constantFrom('drain' as const, 'restart' as const, 'redeliver' as const, 'lapse' as const) },
    ),
    fc.nat(1000),
  ),
  { maxLength: 60 },
);
/** A log: keys of consecutive records, with offsets that are absent between them. */
const logs = fc
  .array(fc.record({ gap: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(3)), key: fc.option(fc.nat(3)) }), { minLength: 1, maxLength: 60 })
  .map((entries) => {
    let offset = 0;
    return entries.map(({ gap, key }): FakeRecord => ({ offset: (offset += gap + 1) - 1, key }));
  });

/** The engine beside a model that keeps plain sets and looks at everything after every step. */
class Comparison {
  readonly harness = new EngineHarness({ concurrency: CONCURRENCY, recordsPerPartition: 20, sliceRecords: 4 });
  readonly complete = new Set<number>();
  private readonly handler;
  private queue: PartitionQueue;
  private seenStarts = 0;

  constructor(
    readonly log: readonly FakeRecord[],
    private readonly ordering: 'key' | 'partition' | 'none',
  ) {
    this.handler = this.harness.handler({ ordering, maxHeldPerPartition: 5, retry: { retries: 1, delayMs: () => RETRY_MS, retryable: () => true } });
    this.queue = this.harness.open(this.handler);
  }

  get end(): number {
    return this.log[this.log.length - 1].offset + 1;
  }

  async take([kind, pick]: Step): Promise<void> {
    switch (kind) {
      case 'fetch':
        return this.fetch(1 + (pick % 10));
      case 'succeed':
      case 'fail':
        return this.finish(kind, pick);
      case 'wait':
        return this.harness.pass(RETRY_MS);
      case 'drain':
        return this.drainAndReturn(pick);
      case 'restart':
        return this.restart(pick % 2 === 0);
      case 'redeliver':
        this.queue.redeliverHeld();
        return settle();
      case 'lapse':
        return this.lapse(pick);
    }
  }

  /** Everything succeeds from now on: the partition must come to its end by itself. */
  async runToTheEnd(): Promise<void> {
    for (let round = 0; this.queue.tracker.watermark < this.end; round++) {
      if (round > 1000) throw new Error(`stuck at ${this.queue.tracker.watermark} of ${this.end}`);
      this.queue.redeliverHeld();
      await settle();
      this.fetch(10);
      await this.finish('succeed', round);
      await this.harness.pass(RETRY_MS);
      this.check();
    }
  }

  check(): void {
    const { queue, harness } = this;
    const position = queue.tracker.position;
    this.checkStarts();
    const open = this.log.filter(({ offset }) => offset < position && !this.complete.has(offset)).map(({ offset }) => offset);
    assert.equal(queue.tracker.watermark, open.length > 0 ? open[0] : position);
    assert.deepEqual(this.incomplete(), open);
    assert.equal(harness.engine.inFlight, harness.running.length);
    assert.ok(harness.running.length <= CONCURRENCY);
    const listed = [...queue.tracker.incomplete()];
    assert.equal(queue.tracker.pendingCount, listed.length);
    assert.equal(queue.held, listed.filter(({ state }) => state === DeliveryState.HELD).length);
    const notTaken = queue.pendingCount - listed.length;
    assert.equal(queue.buffered, listed.filter(({ state }) => state <= DeliveryState.WAITING).length + notTaken);
    if (listed.length === 0 && !queue.hasArrivals) assert.deepEqual([harness.engine.retainedBytes, queue.chunks], [0, 0]);
  }

  /** Nothing complete starts again, and nothing starts before what it may not overtake is complete or held. */
  private checkStarts(): void {
    const held = new Set([...this.queue.tracker.incomplete()].filter(({ state }) => state === DeliveryState.HELD).map(({ offset }) => offset));
    const running = this.harness.running.map(({ offset }) => offset);
    assert.equal(new Set(running).size, running.length);
    for (; this.seenStarts < this.harness.started.length; this.seenStarts++) {
      const offset = this.harness.started[this.seenStarts];
      assert.ok(this.log.some((record) => record.offset === offset), `${offset} is not in the log`);
    }
    for (const offset of running) {
      assert.ok(!this.complete.has(offset), `${offset} runs although it is complete`);
      for (const before of this.mayNotOvertake(offset)) {
        if (this.complete.has(before) || held.has(before) || this.wasHeld.has(before)) continue;
        throw new Error(`${offset} runs although ${before}, of the same lane, is neither complete nor held`);
      }
    }
    for (const offset of held) this.wasHeld.add(offset);
    const lanes = running.map((offset) => this.laneOf(offset)).filter((lane) => lane !== null);
    assert.equal(new Set(lanes).size, lanes.length);
  }
  private readonly wasHeld = new Set<number>();

  private laneOf(offset: number): number | null {
    if (this.ordering === 'none') return null;
    return this.ordering === 'partition' ? 0 : (this.log.find((record) => record.offset === offset)?.key ?? null);
  }

  private mayNotOvertake(offset: number): number[] {
    const lane = this.laneOf(offset);
    return lane === null ? [] : this.log.map((record) => record.offset).filter((before) => before < offset && this.laneOf(before) === lane);
  }

  private fetch(records: number): void {
    if (!this.queue.isFetchable) return;
    const { position } = this.queue;
    const stretch = this.log.filter(({ offset }) => offset >= position).slice(0, records);
    const to = stretch.length > 0 ? stretch[stretch.length - 1].offset + 1 : this.end;
    this.queue.receive(new FakeChunk(0, position, to, stretch), this.harness.time);
  }

  private async finish(how: 'succeed' | 'fail', pick: number): Promise<void> {
    const { running } = this.harness;
    if (running.length === 0) return;
    const run = running[pick % running.length];
    const counts = run.delivery.queue === this.queue && how === 'succeed';
    await run[how]();
    if (counts) this.complete.add(run.offset);
  }

  /** A rebalance that takes the partition nowhere. */
  private async drainAndReturn(pick: number): Promise<void> {
    const drain = this.queue.drain(pick % 2 === 0);
    for (let index = pick % 3; index > 0; index--) await this.finish(pick % 5 === 0 ? 'fail' : 'succeed', pick);
    this.queue.reactivate();
    void drain;
    await settle();
  }

  /** The partition leaves with a final commit, and comes back from what the commit says. */
  private async restart(fillGaps: boolean): Promise<void> {
    const drained = this.queue.drain(fillGaps);
    while (this.harness.running.length > 0) await this.finish('succeed', 0);
    await drained;
    this.check();
    const runs = new IncompleteRuns();
    const end = this.queue.tracker.collectIncomplete(runs);
    const bounds: number[] = [];
    let from = this.queue.tracker.watermark;
    for (let run = 0; run < runs.count; run++) {
      if (runs.from(run) > from) bounds.push(from, runs.from(run));
      from = runs.to(run);
    }
    if (end > from) bounds.push(from, end);
    this.queue.close(new Error('moved'));
    this.wasHeld.clear();
    this.queue = this.harness.open(this.handler, 0, this.queue.tracker.watermark, new CompletedRanges(Float64Array.from(bounds)));
  }

  /** The lease ends while handlers run, and is renewed. */
  private async lapse(pick: number): Promise<void> {
    const { lease, started } = this.harness;
    lease.untilMs = -Infinity;
    const before = started.length;
    await this.finish('succeed', pick);
    this.fetch(3);
    assert.equal(started.length, before);
    lease.untilMs = Infinity;
    this.queue.unpark();
    this.harness.engine.requestPump();
    await settle();
  }

  private incomplete(): number[] {
    const runs = new IncompleteRuns();
    const end = this.queue.tracker.collectIncomplete(runs);
    const found: number[] = [];
    const { position } = this.queue.tracker;
    for (let run = 0; run < runs.count; run++) {
      for (let offset = runs.from(run); offset < Math.min(runs.to(run), position); offset++) found.push(offset);
    }
    assert.ok(end >= position);
    return found;
  }
}

describe('whatever fails, drains, leaves, returns or lapses', () => {
  it.each(['key', 'partition', 'none'] as const)('in order mode %s: one run at a time, in order, nothing complete again, and the end is reached', async (ordering) => {
    await fc.assert(
      fc.asyncProperty(logs, steps, async (log, taken) => {
        const comparison = new Comparison(log, ordering);
        for (const step of taken) {
          await comparison.take(step);
          comparison.check();
        }
        await comparison.runToTheEnd();
        assert.deepEqual([...comparison.complete].sort((a, b) => a - b), log.map(({ offset }) => offset));
        comparison.harness.engine.stop();
      }),
      { numRuns: HISTORIES },
    );
  }, 60_000);
});
