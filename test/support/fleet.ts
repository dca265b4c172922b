import { setTimeout as delay } from 'node:timers/promises';
import type { GroupOptions } from '../../lib/consumer/options.js';
import type { HandlerOptions } from '../../lib/engine/handler.js';
import { GroupUnderTest, type Taken } from './group-under-test.js';
import { eventually } from './kafka.js';

export const COOPERATIVE: GroupOptions['rebalance'] = { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 60_000 };

export interface Run {
  readonly member: string;
  /** `topic/partition@offset`. */
  readonly record: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly startedMs: number;
  endedMs: number | null;
}

export interface HookCall {
  readonly member: string;
  readonly what: 'assigned' | 'rebalance' | 'shutdown' | 'lost';
  readonly partitions: readonly string[];
}

export interface MemberSetup {
  readonly topics?: readonly string[];
  readonly handle?: (record: Taken) => unknown;
  readonly options?: Partial<GroupOptions>;
  readonly handler?: Partial<HandlerOptions>;
  readonly onAssigned?: (partitions: readonly string[]) => Promise<void>;
  readonly onRevoked?: (partitions: readonly string[]) => Promise<void>;
}

/** Several members of one group, each as a process of its own would be, and one ledger of what their handlers did. */
export class Fleet {
  readonly runs: Run[] = [];
  readonly hooks: HookCall[] = [];
  private readonly members = new Map<string, GroupUnderTest>();

  constructor(
    private readonly groupId: string,
    private readonly defaults: MemberSetup & { readonly topics: readonly string[] },
  ) {}

  member(name: string): GroupUnderTest {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`There is no member ${name}`);
    return member;
  }

  async join(name: string, setup: MemberSetup = {}): Promise<GroupUnderTest> {
    const { topics, handle, options, handler, onAssigned, onRevoked } = { ...this.defaults, ...setup };
    const note = (what: HookCall['what'], partitions: readonly { topic: string; partition: number }[]): string[] => {
      const names = partitions.map(({ topic, partition }) => `${topic}/${partition}`);
      this.hooks.push({ member: name, what, partitions: names });
      return names;
    };
    const member = new GroupUnderTest({
      groupId: this.groupId,
      topics,
      options: { rebalance: COOPERATIVE, heartbeatIntervalMs: 300, ...this.defaults.options, ...options },
      handler,
      handle: (record) => this.run(name, record, handle),
      hooks: {
        assigned: async (partitions) => {
          const named = note('assigned', partitions);
          await onAssigned?.(named);
        },
        revoked: async (partitions, reason) => {
          const named = note(reason, partitions);
          await onRevoked?.(named);
        },
      },
    });
    this.members.set(name, member);
    await member.start();
    return member;
  }

  async leave(name: string, timeoutMs = 60_000): Promise<void> {
    await this.member(name).stop(timeoutMs);
    this.members.delete(name);
  }

  /** However the test ends. */
  async stop(): Promise<void> {
    await Promise.all([...this.members.values()].map((member) => member.stop(500)));
  }

  partitionsOf(name: string): string[] {
    return this.member(name)
      .stats.partitions.filter(({ paused }) => paused !== 'drain')
      .map(({ topic, partition }) => `${topic}/${partition}`)
      .sort();
  }

  until(what: string, condition: () => boolean, within = 20_000): Promise<unknown> {
    const show = (): unknown => [...this.members].map(([name, member]) => ({ name, state: member.consumer.state, has: member.stats.partitions.map(({ topic, partition, paused }) => `${topic}/${partition} ${paused}`), log: member.lines.filter((line) => !line.includes('Committed')).slice(-8) }));
    return eventually(condition, { what, within, show });
  }

  /** Every member runs, and each has about as many as the others. */
  settled(total: number, within = 20_000): Promise<unknown> {
    return this.until(
      `${total} partitions are divided evenly`,
      () => {
        const loads = [...this.members.values()].map(({ stats }) => stats.partitions.filter(({ paused }) => paused !== 'drain').length);
        const isEven = Math.max(...loads) - Math.min(...loads) <= 1;
        return isEven && loads.reduce((sum, load) => sum + load, 0) === total && [...this.members.values()].every(({ consumer }) => consumer.state === 'running');
      },
      within,
    );
  }

  handledAll(records: () => readonly string[], within = 30_000): Promise<unknown> {
    const missing = (): string[] => {
      const done = new Set(this.runs.filter(({ endedMs }) => endedMs !== null).map(({ record }) => record));
      return records().filter((record) => !done.has(record));
    };
    return eventually(() => missing().length === 0, { what: 'everything that was sent is handled', within, show: () => missing().slice(0, 10) });
  }

  /** Records that were started more than once. */
  get repeated(): string[] {
    const counts = new Map<string, number>();
    for (const { record } of this.runs) counts.set(record, (counts.get(record) ?? 0) + 1);
    return [...counts].filter(([, count]) => count > 1).map(([record]) => record);
  }

  /** Starts that did not wait for the end of the record before, of the same key and partition. */
  get overtakings(): string[] {
    const lanes = new Map<string, Run[]>();
    for (const run of this.runs) {
      const lane = `${run.topic}/${run.partition} ${run.key}`;
      lanes.set(lane, [...(lanes.get(lane) ?? []), run]);
    }
    return [...lanes.values()].flatMap((runs) => {
      const ordered = runs.toSorted((a, b) => a.offset - b.offset);
      return ordered.slice(1).flatMap((run, index) => (run.startedMs < (ordered[index].endedMs ?? Infinity) ? [run.record] : []));
    });
  }

  /** The longest time between two starts on these partitions, from `fromMs` to `toMs`. */
  longestPause(partitions: readonly string[], fromMs: number, toMs: number): number {
    const starts = this.runs.filter(({ topic, partition }) => partitions.includes(`${topic}/${partition}`)).map(({ startedMs }) => startedMs);
    const within = [fromMs, ...starts.filter((ms) => ms > fromMs && ms < toMs).sort((a, b) => a - b), toMs];
    return Math.max(...within.slice(1).map((ms, index) => ms - within[index]));
  }

  private async run(member: string, record: Taken, handle: (record: Taken) => unknown = () => delay(5)): Promise<unknown> {
    const { topic, partition, offset, key } = record;
    const run: Run = { member, record: `${topic}/${partition}@${offset}`, topic, partition, offset, key, startedMs: performance.now(), endedMs: null };
    this.runs.push(run);
    const result = await handle(record);
    run.endedMs = performance.now();
    return result;
  }
}
