import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import { IncompleteRuns } from '../../../lib/engine/incomplete-runs.js';
import { EngineHarness, FakeChunk } from './engine-harness.js';

const ranges = (...bounds: number[]): CompletedRanges => new CompletedRanges(Float64Array.from(bounds));
const record = (offset: number): { offset: number; key: null } => ({ offset, key: null });

describe('the tracker of a partition', () => {
  it('neither fetches nor delivers what an earlier owner completed', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler(), 0, 10, ranges(11, 13, 15, 1000));
    queue.receive(new FakeChunk(0, 10, 15, [10, 11, 12, 13, 14].map(record)), 0);
    expect(harness.started).toEqual([10, 13, 14]);
    expect(queue.tracker.position).toBe(1000);
    expect(queue.tracker.completedAhead).toBe(2 + 985);
    for (const offset of [10, 13, 14]) await harness.runOf(offset).succeed();
    expect(queue.tracker.watermark).toBe(1000);
    expect(harness.engine.counters.duplicatesDropped).toBe(2);
  });

  it('lets the watermark pass offsets that do not exist, also at the end of the log and in front of the first record', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler(), 0, 100);
    queue.receive(new FakeChunk(0, 100, 110, [record(104)]), 0);
    expect(queue.tracker.watermark).toBe(104);
    await harness.runOf(104).succeed();
    expect(queue.tracker.watermark).toBe(110);
    queue.receive(new FakeChunk(0, 110, 120, []), 0);
    expect(queue.tracker.watermark).toBe(120);
  });

  it('refuses a chunk that begins above its position: nobody has seen what lies between', () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler());
    queue.receive(new FakeChunk(0, 5, 7, [record(5), record(6)]), 0);
    expect([queue.tracker.position, queue.tracker.pendingCount]).toEqual([0, 0]);
  });

  it('drops what it has already from a chunk that begins below its position', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler());
    queue.receive(new FakeChunk(0, 0, 2, [record(0), record(1)]), 0);
    await harness.runOf(0).succeed();
    queue.receive(new FakeChunk(0, 0, 3, [record(0), record(1), record(2)]), 0);
    expect(harness.started).toEqual([0, 1, 2]);
  });

  it('tells a commit of what completed above a stretch that is being fetched again', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler());
    queue.receive(new FakeChunk(0, 0, 3, [{ offset: 0, key: 1 }, { offset: 1, key: 1 }, record(2)]), 0);
    void queue.drain(false);
    queue.reactivate();
    await harness.runOf(0).succeed();
    await harness.runOf(2).succeed();
    const runs = new IncompleteRuns();
    expect(queue.tracker.collectIncomplete(runs)).toBe(3);
    expect([queue.tracker.watermark, runs.count, runs.from(0), runs.to(0), queue.tracker.completedAhead]).toEqual([1, 1, 1, 2, 1]);
    queue.receive(new FakeChunk(0, 1, 4, [{ offset: 1, key: 1 }, record(2), record(3)]), 0);
    expect(harness.started).toEqual([0, 2, 1, 3]);
    for (const offset of [1, 3]) await harness.runOf(offset).succeed();
    expect(queue.tracker.watermark).toBe(4);
  });

  it('lists a million records complete above one that is stuck as a single run', async () => {
    const harness = new EngineHarness({ concurrency: 2, recordsPerPartition: 2_000_000 });
    const slow: (() => void)[] = [];
    const handler = harness.handler({}, 'mixed', (delivery) => (delivery.offset === 0 ? new Promise<void>((resolve) => slow.push(resolve)) : undefined));
    const queue = harness.open(handler);
    const total = 1_000_000;
    for (let from = 0; from < total; from += 1000) {
      queue.receive(new FakeChunk(0, from, from + 1000, Array.from({ length: 1000 }, (_, index) => record(from + index))), 0);
    }
    const runs = new IncompleteRuns();
    expect(queue.tracker.collectIncomplete(runs)).toBe(total);
    expect([runs.count, runs.from(0), runs.to(0)]).toEqual([1, 0, 1]);
    expect([queue.tracker.pendingCount, queue.tracker.completedAhead]).toEqual([1, total - 1]);
    slow[0]();
  });
});
