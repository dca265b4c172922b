import { backOffMs } from './back-off.js';
import type { Clock } from './clock.js';
import type { GroupLog } from './group-consumer.js';
import { LogThrottle } from './log-throttle.js';
import type { GroupOptions } from './options.js';
import { explained } from './remedies.js';
import type { TopicMetadata as TopicLayout, Wire, WireError } from './wire.js';
import { within } from './within.js';

/** Between two requests, whoever asks. */
const MIN_GAP_MS = 200;
const LONGEST_BACK_OFF_MS = 5000;
/** While a partition has no leader. */
const LEADERLESS_AGE_MS = 500;
/** While a topic is missing. */
const MISSING_AGE_MS = 2000;
/** A broker that has just started may not know a topic yet: one that was there counts as gone after so many answers without it. */
const ABSENCES = 3;
/** A join waits no longer for a look at the cluster's topics, and not at all where one is not older than this. */
const LOOK_MS = 1000;

export interface TopicMetadataDependencies {
  readonly wire: Pick<Wire, 'metadata' | 'topics'>;
  readonly options: Pick<GroupOptions, 'metadataMaxAgeMs'>;
  readonly clock: Clock;
  readonly log: GroupLog;
  /** By their names. */
  readonly topics: readonly string[];
  /** What is wanted beside them of all topics of the cluster; null: nothing. */
  readonly matches: ((topic: string) => boolean) | null;
}

interface Asker {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Partitions and leaders of a member's topics. Asked for again every `metadataMaxAgeMs`, sooner while something is missing, and
 * on request; requests that come together become one, and no two are closer than 200 ms. Where patterns are to be matched, all
 * topics of the cluster are listed at that age as well; in between, leaders are asked for by the names that were found.
 */
export class TopicMetadata {
  /** Those that exist. */
  topics: ReadonlyMap<string, TopicLayout> = new Map();
  /** Of the last answer: why topics are not among them that may be there. */
  refusals: readonly WireError[] = [];
  private leaders: ReadonlyMap<string, ReadonlyMap<number, number | null>> = new Map();
  private readonly absences = new Map<string, number>();
  /** Topics of the last listing that match. */
  private matched: readonly string[] = [];
  private listedAtMs = -Infinity;
  private readonly changeListeners: ((change: string) => void)[] = [];
  private readonly refreshListeners: (() => void)[] = [];
  private readonly throttle: LogThrottle;

  private askers: Asker[] = [];
  private isWanted = false;
  private isAsking = false;
  private isStopped = false;
  private isFirst = true;
  private failures = 0;
  private notBeforeMs = -Infinity;
  private timer: { readonly dueMs: number; readonly cancel: () => void } | null = null;

  constructor(private readonly deps: TopicMetadataDependencies) {
    this.throttle = new LogThrottle(deps.clock);
  }

  /** Told in words when a topic came, went, or has another number of partitions: what the group must divide anew. */
  onChange(listener: (change: string) => void): void {
    this.changeListeners.push(listener);
  }
  /** Called after every answer: leaders may have moved. */
  onRefresh(listener: () => void): void {
    this.refreshListeners.push(listener);
  }

  /** Null while the partition has no leader, or none is known. */
  leaderOf(topic: string, partition: number): number | null {
    return this.leaders.get(topic)?.get(partition) ?? null;
  }

  /** Resolves with an answer to a request sent from now on; rejects with its `WireError`. It is asked again in either case. */
  refresh(reason = 'asked for'): Promise<void> {
    if (this.isStopped) return Promise.reject(stopped());
    return new Promise((resolve, reject) => {
      this.askers.push({ resolve, reject });
      this.request(reason);
    });
  }

  /** Asks soon, and does not say when. */
  request(reason: string): void {
    if (!this.isWanted) this.deps.log.debug?.(`Asking for topic metadata: ${reason}`);
    this.isWanted = true;
    this.plan(this.deps.clock.now());
  }

  /** Sees new topics that match, unless it has just looked. Bounded, and never rejects. */
  async lookForTopics(): Promise<void> {
    const { clock, matches } = this.deps;
    if (matches === null || this.isStopped || clock.now() - this.listedAtMs < MIN_GAP_MS) return;
    this.listedAtMs = -Infinity;
    await within(clock, LOOK_MS, this.refresh('the group assembles').catch(() => undefined), undefined);
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
    for (const { reject } of this.takeAskers()) reject(stopped());
  }

  private plan(wishedMs: number): void {
    if (this.isAsking || this.isStopped) return;
    const dueMs = Math.max(wishedMs, this.notBeforeMs);
    if (this.timer !== null && this.timer.dueMs <= dueMs) return;
    this.timer?.cancel();
    const cancel = this.deps.clock.later(Math.max(0, dueMs - this.deps.clock.now()), () => {
      this.timer = null;
      void this.ask();
    });
    this.timer = { dueMs, cancel };
  }

  private async ask(): Promise<void> {
    const { wire, clock } = this.deps;
    this.isAsking = true;
    this.isWanted = false;
    const askers = this.takeAskers();
    this.notBeforeMs = clock.now() + MIN_GAP_MS;
    try {
      const found = await wire.metadata([...this.deps.topics, ...(await this.listMatching())]);
      if (this.isStopped) throw stopped();
      this.failures = 0;
      this.take(found);
      for (const { resolve } of askers) resolve();
    } catch (error) {
      for (const { reject } of askers) reject(error);
      if (!this.isStopped) this.failed(error);
    } finally {
      this.isAsking = false;
    }
    this.plan(this.nextMs());
  }

  /** Anew where the last listing is old, or something is amiss that it may explain: a topic was deleted, or access to it. */
  private async listMatching(): Promise<readonly string[]> {
    const { wire, clock, matches, options } = this.deps;
    const isAmiss = this.absences.size > 0 || this.failures > 0 || !this.knowsAll(this.matched);
    const isDue = isAmiss || clock.now() - this.listedAtMs >= options.metadataMaxAgeMs;
    if (matches === null || !isDue) return this.matched;
    const listed = await wire.topics();
    this.listedAtMs = clock.now();
    this.matched = listed.filter((topic) => matches(topic) && !this.deps.topics.includes(topic));
    return this.matched;
  }

  private failed(error: unknown): void {
    const delayMs = backOffMs(this.failures++, MIN_GAP_MS, LONGEST_BACK_OFF_MS);
    this.notBeforeMs = this.deps.clock.now() + delayMs;
    const message = `Topic metadata could not be read (${explained(error)}); asking again in ${delayMs} ms`;
    if (this.failures > 1 && this.throttle.allows('metadata')) this.deps.log.warn(message);
    else this.deps.log.debug?.(message);
  }

  private nextMs(): number {
    const now = this.deps.clock.now();
    if (this.isWanted || this.failures > 0) return now;
    const { metadataMaxAgeMs } = this.deps.options;
    const oldMs = this.deps.matches === null ? now + metadataMaxAgeMs : this.listedAtMs + metadataMaxAgeMs;
    return Math.min(oldMs, now + this.missingAgeMs());
  }

  private missingAgeMs(): number {
    for (const leaders of this.leaders.values()) for (const leader of leaders.values()) if (leader === null) return LEADERLESS_AGE_MS;
    const isComplete = this.absences.size === 0 && this.knowsAll(this.deps.topics) && this.knowsAll(this.matched);
    return isComplete ? Infinity : MISSING_AGE_MS;
  }
  private knowsAll(topics: readonly string[]): boolean {
    return topics.every((topic) => this.topics.has(topic));
  }

  private take(found: ReadonlyMap<string, TopicLayout>): void {
    const before = this.topics;
    const topics = new Map<string, TopicLayout>();
    const names = [...new Set([...this.deps.topics, ...this.matched, ...before.keys()])];
    this.refusals = Array.from(found.values(), ({ refusal }) => refusal ?? []).flat();
    for (const topic of names) {
      const answer = found.get(topic);
      const isThere = answer !== undefined && answer.refusal === undefined;
      const layout = isThere ? answer : this.stillAssumed(topic);
      if (isThere) this.absences.delete(topic);
      if (layout !== undefined) topics.set(topic, layout);
    }
    this.topics = topics;
    this.leaders = new Map(Array.from(topics, ([topic, { partitions }]) => [topic, new Map(partitions.map((p) => [p.partition, p.leader]))]));
    this.reportRefusals();
    const changes = this.isFirst ? [] : names.flatMap((topic) => changeOf(topic, before.get(topic), topics.get(topic)));
    this.isFirst = false;
    for (const listener of this.refreshListeners) listener();
    if (changes.length > 0) for (const listener of this.changeListeners) listener(changes.join(', '));
  }

  /** Those of the first answer are for whoever connects. */
  private reportRefusals(): void {
    if (this.isFirst) return;
    for (const refusal of this.refusals) if (this.throttle.allows(refusal.message)) this.deps.log.error(`A topic is given up until Kafka tells of it again: ${explained(refusal)}`);
  }

  private stillAssumed(topic: string): TopicLayout | undefined {
    const known = this.topics.get(topic);
    if (known === undefined) return undefined;
    const absences = (this.absences.get(topic) ?? 0) + 1;
    if (absences < ABSENCES) this.absences.set(topic, absences);
    else this.absences.delete(topic);
    return absences < ABSENCES ? known : undefined;
  }

  private takeAskers(): Asker[] {
    const askers = this.askers;
    this.askers = [];
    return askers;
  }
}

function changeOf(topic: string, before: TopicLayout | undefined, after: TopicLayout | undefined): string[] {
  if (before === undefined) return after === undefined ? [] : [`topic ${topic} is there now`];
  if (after === undefined) return [`topic ${topic} is gone`];
  const counts = [before.partitions.length, after.partitions.length];
  return counts[0] === counts[1] ? [] : [`topic ${topic} has ${counts[1]} partitions, ${counts[0]} before`];
}

function stopped(): Error {
  return new Error('The consumer was stopped while it asked for its topics');
}
