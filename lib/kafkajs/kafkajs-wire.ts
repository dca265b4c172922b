import type { ConsumerConfig, Kafka, KafkaConfig } from 'kafkajs';
import type { GroupLog } from '../consumer/group-consumer.js';
import {
  type CommitOutcome, type CommittedOffset, type FetchedPartition, type FetchRequest, type JoinReply, type JoinRequest, type MemberIdentity,
  type OffsetCommit, type OffsetQuery, type PartitionOffset, type SyncReply, type SyncRequest, type TopicMetadata, type TopicPartition, type Wire,
  WireError, type WireFactory,
} from '../consumer/wire.js';
import { Brokers, seedsOf } from './brokers.js';
import { openDoor } from './cluster-door.js';
import { connectWithRetries } from './connect-retries.js';
import { CoordinatorLink } from './coordinator-link.js';
import { protocolError, toWireError } from './errors.js';
import { FETCH_KEY, fetchProtocol, fetchVersion } from './fetch-codec.js';
import { readFetch } from './fetch-reply.js';
import { TopicQueries } from './topic-queries.js';

export interface KafkajsWireConfig {
  /** kafkajs's configuration, or a factory: each member needs a client of its own. `requestTimeout` is 8 seconds by default, `connectionTimeout` 3. */
  readonly client: KafkaConfig | (() => Kafka);
  /** What the application passes to kafkajs's consumer and what has a meaning here. */
  readonly kafkajs?: Pick<ConsumerConfig, 'maxInFlightRequests' | 'rackId' | 'retry'>;
  readonly groupId: string;
  /** Milliseconds. A request to the coordinator may take a fifth of it, and be repeated for half of it. */
  readonly sessionTimeoutMs: number;
  /** Which end of a log `offsets` tells. @default 'read_committed' */
  readonly isolation?: FetchRequest['isolation'];
  readonly log: GroupLog;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 8_000;
const LEAST_REQUEST_TIMEOUT_MS = 1_000;

/**
 * Opens wires to Kafka through kafkajs's connections and codecs, each with a client of its own. A kafkajs whose insides are
 * not those of 2.2.4 makes the factory throw a `WireError` that says what is missing.
 */
export function kafkajsWire(config: KafkajsWireConfig): WireFactory {
  return () => new KafkajsWire(config);
}

class KafkajsWire implements Wire {
  private readonly requestMs: number;
  private readonly brokers: Brokers;
  private readonly queries: TopicQueries;
  private readonly coordinator: CoordinatorLink;
  private fetches = 0;

  constructor(private readonly config: KafkajsWireConfig) {
    const { client, groupId, sessionTimeoutMs, isolation = 'read_committed' } = config;
    const settings = typeof client === 'function' ? null : client;
    this.requestMs = settings?.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.brokers = new Brokers(openCluster(config), seedsOf(client), this.requestMs);
    const now = (): number => performance.now();
    this.queries = new TopicQueries(this.brokers, this.requestMs, isolation, now);
    const requestMs = Math.min(this.requestMs, Math.max(LEAST_REQUEST_TIMEOUT_MS, sessionTimeoutMs / 5));
    this.coordinator = new CoordinatorLink(this.brokers, groupId, { requestMs, deadlineMs: Math.max(2 * requestMs, sessionTimeoutMs / 2) }, now);
  }

  connect(): Promise<void> {
    const { client, kafkajs } = this.config;
    return connectWithRetries(this.brokers, { ...(typeof client === 'function' ? {} : client.retry), ...kafkajs?.retry });
  }
  async close(): Promise<void> {
    this.brokers.close();
  }

  topics(): Promise<readonly string[]> {
    return this.queries.names();
  }
  metadata(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>> {
    return this.queries.metadata(topics);
  }
  offsets(queries: readonly OffsetQuery[]): Promise<readonly PartitionOffset[]> {
    return this.queries.offsets(queries);
  }

  async fetch(request: FetchRequest): Promise<readonly FetchedPartition[]> {
    if (request.positions.length === 0) return [];
    const address = this.brokers.address(request.leader);
    if (address === null) throw new WireError('moved', 'BROKER_UNKNOWN', `Fetch: the last metadata has no broker ${request.leader}.`);
    const link = await this.brokers.link('fetch', address);
    const spoken = link.versions(FETCH_KEY);
    const version = spoken === null ? null : fetchVersion(spoken.minVersion, spoken.maxVersion);
    if (version === null) {
      throw new WireError('fatal', 'UNSUPPORTED_VERSION', `${link.name} speaks versions ${spoken?.minVersion} to ${spoken?.maxVersion} of Fetch, and this consumer 4 to 11: Kafka 0.11 or later.`);
    }
    const first = this.fetches++ % request.positions.length;
    const protocol = fetchProtocol(version, request, this.config.kafkajs?.rackId ?? '', first);
    const response = await link.send('Fetch', request.maxWaitMs + this.requestMs, protocol);
    if (response.errorCode !== 0) throw protocolError(response.errorCode, `Fetch at ${link.name}`);
    return readFetch(request, first, response);
  }

  join(request: JoinRequest): Promise<JoinReply> {
    return this.coordinator.join(request);
  }
  sync(request: SyncRequest): Promise<SyncReply> {
    return this.coordinator.sync(request);
  }
  heartbeat(identity: MemberIdentity): Promise<'ok' | 'rebalancing'> {
    return this.coordinator.heartbeat(identity);
  }
  commit(identity: MemberIdentity, offsets: readonly OffsetCommit[]): Promise<readonly CommitOutcome[]> {
    return this.coordinator.commit(identity, offsets);
  }
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return this.coordinator.committed(partitions);
  }
  leave(identity: MemberIdentity): Promise<void> {
    return this.coordinator.leave(identity);
  }
}

function openCluster(config: KafkajsWireConfig): ReturnType<typeof openDoor> {
  try {
    return openDoor(config);
  } catch (error) {
    throw toWireError(error, `The Kafka client of the group "${config.groupId}"`);
  }
}
