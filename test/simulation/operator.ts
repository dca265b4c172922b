import type { PartitionLog } from './partition-log.js';
import type { Random } from './random.js';
import type { World } from './world.js';

type Reset = 'back' | 'forward' | 'damage' | 'foreign map' | 'none';

const POLL_MS = 200;

/** The person who stops the group and changes its offsets, and the broker's housekeeping of its logs. */
export class Operator {
  isAtWork = false;

  constructor(
    private readonly world: World,
    private readonly random: Random,
  ) {}

  /** All processes go, offsets are changed once the group is empty, and as many processes come back. */
  work(crashes: boolean, reset: Reset): void {
    const { world } = this;
    if (this.isAtWork) return;
    this.isAtWork = true;
    const count = Math.max(1, world.staying.length);
    for (const process of world.living) {
      if (crashes || process.state === 'frozen') world.crash(process);
      else if (!process.isStopping) world.stop(process, { timeoutMs: 2000, drainFirst: false, startsAgain: false });
    }
    this.whenEmpty(() => {
      for (const log of world.logs) this.reset(log, reset);
      this.isAtWork = false;
      for (let process = 0; process < count; process++) world.join();
    });
  }

  changeLog(kind: 'leader moves' | 'topic grows' | 'compaction' | 'retention' | 'truncation', log: PartitionLog | undefined, pick: number): void {
    if (log === undefined) return;
    const { kafka, judge } = this.world;
    const { ledger } = judge;
    switch (kind) {
      case 'leader moves':
        log.leader = 3 - log.leader;
        return;
      case 'topic grows':
        return this.grow(log.topic);
      case 'compaction':
        for (let offset = log.start; offset < log.end - 1; offset++) {
          if (!this.random.chance(0.3)) continue;
          log.compact(offset);
          ledger.gone(log, offset);
        }
        return;
      case 'retention':
        log.start = this.random.int(log.start, log.end);
        for (let offset = 0; offset < log.start; offset++) ledger.gone(log, offset);
        return;
      case 'truncation':
        if (log.end <= log.start || pick < 0.3) return;
        log.truncate(this.random.int(log.start, log.end - 1));
        ledger.of(log).cut(log.end);
        judge.note(`${log.name} ends at ${log.end} now; committed ${kafka.offsets.get(log.name)?.offset ?? -1}`);
    }
  }

  private grow(topic: string): void {
    const { kafka, logs, judge } = this.world;
    const partitions = logs.filter((log) => log.topic === topic);
    if (partitions.length >= 6) return;
    const hasCommits = partitions.some((log) => judge.ledger.of(log).stored !== null);
    const log = kafka.addPartition(topic, partitions.length, hasCommits);
    this.world.append(log, this.random.int(0, 10));
  }

  private whenEmpty(work: () => void): void {
    const { kafka, scheduler, living } = this.world;
    if (living.length === 0 && kafka.coordinator.state === 'Empty' && !kafka.coordinator.isDown) return work();
    scheduler.after(POLL_MS, () => this.whenEmpty(work));
  }

  private reset(log: PartitionLog, reset: Reset): void {
    const { kafka, judge } = this.world;
    const truth = judge.ledger.of(log);
    const { stored } = truth;
    if (stored === null || truth.isVoid || reset === 'none' || this.random.chance(0.2)) return;
    const target = this.target(log, stored.offset, reset);
    const metadata = reset === 'damage' ? this.damaged(stored.metadata) : reset === 'foreign map' ? stored.metadata : '';
    if (target !== stored.offset || (reset !== 'damage' && metadata !== stored.metadata)) truth.movedTo(target);
    truth.stored = { offset: target, metadata };
    kafka.offsets.set(log.name, truth.stored);
    judge.note(`operator: ${log.name} from ${stored.offset} to ${target}, ${reset}`);
  }

  private target(log: PartitionLog, stored: number, reset: Reset): number {
    const goesBack = reset === 'back' || (reset === 'foreign map' && this.random.chance(0.5));
    if (reset === 'damage') return stored;
    return goesBack ? this.random.int(Math.min(log.start, stored), stored) : this.random.int(stored, Math.max(stored, log.end));
  }

  private damaged(metadata: string): string {
    if (metadata === '' || this.random.chance(0.3)) return this.random.pick(['written by another program', 'kmt9', 'kmt1', '\u3400'.repeat(20)]);
    const at = this.random.int(0, metadata.length - 1);
    return this.random.chance(0.5) ? metadata.slice(0, at) : metadata.slice(0, at) + String.fromCharCode(metadata.charCodeAt(at) ^ 1) + metadata.slice(at + 1);
  }
}
