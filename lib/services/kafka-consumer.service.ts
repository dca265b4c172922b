import { Inject, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { DEFAULT_CONNECTION } from '../decorators/inject-kafka.decorator.js';
import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';
import type { KafkaConsumerStats, KafkaEvent, KafkaFinding, KafkaLag } from '../interfaces/index.js';
import { KafkaConnections } from '../runner/kafka-connections.js';
import type { KafkaGroup } from '../runner/kafka-group.js';

const WHERE = 'KafkaConsumerService';

/**
 * Numbers, control and events of the consumer groups of a connection. Without a `groupId` the default group is meant; an
 * unknown one throws `KafkaUnknownGroupError`, which names those that there are.
 *
 * @example
 * constructor(private readonly consumers: KafkaConsumerService) {}
 * lag(): number { return this.consumers.getStats().partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0); }
 */
@Injectable()
export class KafkaConsumerService {
  private connection = DEFAULT_CONNECTION;

  /** @internal */
  constructor(@Inject(KafkaConnections) private readonly connections: KafkaConnections) {}

  /** The same service for another `forRoot({ name })`. */
  for(connection: string): KafkaConsumerService {
    const service = new KafkaConsumerService(this.connections);
    service.connection = connection;
    return service;
  }

  /**
   * Events of all groups from the subscription on; completes when the application stops. What a subscriber throws is logged, and
   * it goes on with the next event.
   */
  get events$(): Observable<KafkaEvent> {
    return this.connections.events(this.connection);
  }

  getStats(groupId?: string): KafkaConsumerStats {
    return this.group(groupId).stats();
  }

  getAllStats(): KafkaConsumerStats[] {
    return this.connections.groups(this.connection, WHERE).map((group) => group.stats());
  }

  /**
   * Asks the brokers how far the group's commits are behind. One row for each partition assigned to this process or, with `all`,
   * for each partition of the topics that the group's handlers in this process read; that works while the group is stopped, too.
   * Rejects with `KafkaConnectionError` where no broker answers.
   */
  async getLag(groupId?: string, { all = false }: { all?: boolean } = {}): Promise<KafkaLag[]> {
    return this.group(groupId).lag(all);
  }

  /** Not built yet. */
  analyze(_groupId?: string): Promise<KafkaFinding[]> {
    return Promise.reject(new KafkaNotImplementedError(`${WHERE}.analyze`));
  }

  /**
   * In this process: records in flight finish and are committed, nothing else starts or is fetched until `resume`, not even after
   * a rebalance or a restart of the group. Without `partitions` the whole topic, without `topic` everything that the group reads.
   *
   * @throws KafkaUnknownPartitionError for a topic or a partition that the group does not read
   */
  pause({ groupId, topic, partitions }: { groupId?: string; topic?: string; partitions?: number[] } = {}): void {
    this.group(groupId).pause({ topic, partitions });
  }

  /** Ends what `pause` began, for all of it or a part. @throws KafkaUnknownPartitionError as `pause` does */
  resume({ groupId, topic, partitions }: { groupId?: string; topic?: string; partitions?: number[] } = {}): void {
    this.group(groupId).resume({ topic, partitions });
  }

  /**
   * Records in flight finish; then everything from the target on is delivered again, and everything before it counts as done.
   * Resolves when the target is committed: after a crash the group goes on from there. Rejects with `KafkaSeekError`, having
   * changed nothing, where the partition is not assigned to this process or its log has no such offset.
   *
   * A handler must not wait for a seek of its own partition, which waits for the handler.
   *
   * @example
   * await consumers.seek({ topic: 'orders', partition: 0, timestampMs: Date.now() - 3_600_000 });
   */
  async seek({
    groupId,
    ...target
  }:
    | { groupId?: string; topic: string; partition: number; offset: number | 'earliest' | 'latest' }
    | { groupId?: string; topic: string; partition: number; timestampMs: number }): Promise<void> {
    await this.group(groupId).seek(target);
  }

  /** Runs held records again, from attempt 1. Resolves to their number; their outcome is not awaited. */
  async redeliverHeld({ groupId, topic, partitions }: { groupId?: string; topic?: string; partitions?: number[] } = {}): Promise<number> {
    return this.group(groupId).redeliverHeld({ topic, partitions });
  }

  /**
   * Connects and joins the group, also after a stop or a drain. Rejects with `KafkaConnectionError` where no broker answers,
   * unless `startFailure` is 'retry', and with `KafkaMissingTopicError`.
   */
  async start(groupId?: string): Promise<void> {
    await this.group(groupId).start();
  }

  /**
   * Takes no more records, waits for those in flight, and commits; the process stays in the group. Handlers that still run
   * after `timeoutMs` (default `shutdownTimeoutMs`) are aborted. Idempotent; `start()` goes on.
   */
  async drain({ groupId, timeoutMs }: { groupId?: string; timeoutMs?: number } = {}): Promise<{ completed: number; abandoned: number }> {
    return this.group(groupId).drain(timeoutMs);
  }

  /** Drains, commits, leaves the group and disconnects. Idempotent. */
  async stop(groupId?: string): Promise<void> {
    await this.group(groupId).stop();
  }

  private group(groupId: string | undefined): KafkaGroup {
    return this.connections.group(this.connection, groupId, WHERE);
  }
}
