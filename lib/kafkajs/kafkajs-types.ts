import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Logger } from 'kafkajs';
import { WireError } from '../consumer/wire.js';

/**
 * The parts of kafkajs 2.2 that its own types do not show. They are checked before they are used: a later kafkajs that has
 * moved them fails when a consumer connects, with a message that says so.
 */
export interface KafkajsCluster {
  readonly rootLogger: Logger;
  readonly connectionPoolBuilder: {
    /** Without a destination: the next one of the configured brokers. */
    build(destination?: Address): Promise<KafkajsConnectionPool>;
  };
  readonly brokerPool: {
    createBroker(options: { connectionPool: KafkajsConnectionPool; logger: Logger }): KafkajsBroker;
  };
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface KafkajsConnectionPool extends Address {
  readonly pool: readonly KafkajsConnection[];
}

export interface KafkajsConnection {
  readonly requestQueue: KafkajsRequestQueue;
  /** Set when it connects. */
  readonly socket?: KafkajsSocket;
  send<T>(protocol: ProtocolRequest<T>): Promise<T>;
  isConnected(): boolean;
  /** Waits for its pending requests. */
  disconnect(): Promise<unknown>;
  rejectRequests(error: Error): void;
}

export interface KafkajsSocket {
  readonly writableNeedDrain: boolean;
  destroy(error?: Error): unknown;
  once(event: 'close' | 'drain', listener: () => void): unknown;
}

export interface KafkajsRequestQueue {
  readonly pending: readonly unknown[];
  /** Wall-clock milliseconds; a broker that has asked for quiet is left alone until then. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

/** A request and its reply as kafkajs's connections take them. */
export interface ProtocolRequest<T> {
  readonly request: { readonly apiKey: number; readonly apiName: string; readonly apiVersion: number; encode(): Promise<EncodedRequest>; expectResponse?(): boolean };
  readonly response: { decode(raw: Buffer): Promise<T>; parse(data: T): Promise<T> };
  readonly requestTimeout?: number | null;
  readonly logResponseError?: boolean;
}

/** What a connection uses of kafkajs's Encoder. */
export interface EncodedRequest {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

interface PartitionError {
  readonly partition: number;
  readonly errorCode: number;
}
export interface ByTopic<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

/** Requests of a broker. Replies are as decoded: with their error codes, since a `BrokerLink` takes kafkajs's own check out. */
export interface KafkajsBroker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>>;
  connect(): Promise<void>;
  metadata(topics: readonly string[]): Promise<{
    readonly brokers: readonly ({ readonly nodeId: number } & Address)[];
    readonly topicMetadata: readonly {
      readonly topic: string;
      readonly topicErrorCode: number;
      readonly partitionMetadata: readonly { readonly partitionErrorCode: number; readonly partitionId: number; readonly leader: number; replicas: number[]; isr: number[] }[];
    }[];
  }>;
  findGroupCoordinator(request: { groupId: string; coordinatorType: 0 }): Promise<{ readonly errorCode: number; readonly coordinator: { readonly nodeId: number } & Address }>;
  listOffsets(request: {
    isolationLevel: 0 | 1;
    topics: readonly ByTopic<{ partition: number; timestamp: number }>[];
  }): Promise<{ readonly responses: readonly ByTopic<PartitionError & { readonly offset: string }>[] }>;
  joinGroup(request: {
    groupId: string;
    memberId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<{
    readonly errorCode: number;
    readonly generationId: number;
    readonly groupProtocol: string | null;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer | null }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ readonly errorCode: number; readonly memberAssignment: Buffer | null }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<{ readonly errorCode: number }>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<{ readonly errorCode: number; readonly members?: readonly { readonly errorCode: number }[] }>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: readonly ByTopic<{ partition: number; offset: string; metadata: string }>[];
  }): Promise<{ readonly responses: readonly ByTopic<PartitionError>[] }>;
  offsetFetch(request: {
    groupId: string;
    topics: readonly ByTopic<{ partition: number }>[];
  }): Promise<{ readonly errorCode?: number; readonly responses: readonly ByTopic<PartitionError & { readonly offset: string; readonly metadata: string | null }>[] }>;
}

const CLUSTER: readonly string[] = ['connectionPoolBuilder.build', 'brokerPool.createBroker', 'rootLogger.namespace'];
const CONNECTION: readonly string[] = ['send', 'isConnected', 'disconnect', 'rejectRequests', 'requestQueue.scheduleCheckPendingRequests'];
const BROKER: readonly string[] = [
  'connect', 'metadata', 'findGroupCoordinator', 'listOffsets', 'joinGroup', 'syncGroup', 'heartbeat', 'leaveGroup', 'offsetCommit', 'offsetFetch',
];

export function checkCluster(cluster: unknown): KafkajsCluster {
  requireMethods('Cluster', cluster, CLUSTER);
  return cluster as KafkajsCluster;
}
export function checkConnection(connection: unknown): KafkajsConnection {
  requireMethods('Connection', connection, CONNECTION);
  return connection as KafkajsConnection;
}
export function checkBroker(broker: unknown): KafkajsBroker {
  requireMethods('Broker', broker, BROKER);
  return broker as KafkajsBroker;
}

/** @throws WireError 'fatal' that names what is missing, and the version. */
function requireMethods(owner: string, object: unknown, paths: readonly string[]): void {
  const missing = paths.filter(path => typeof valueAt(object, path) !== 'function');
  if (missing.length === 0) return;
  throw new WireError(
    'fatal',
    'UNSUPPORTED_KAFKAJS',
    `kafkajs ${installedVersion()} lacks what this consumer builds on: ${missing.map(path => `${owner}.${path}`).join(', ')}. Install kafkajs 2.2.4.`,
  );
}

function valueAt(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined), object);
}

/** For the message only: kafkajs exports no version, and where it is installed is the application's affair. */
function installedVersion(): string {
  try {
    const manifest = createRequire(join(process.cwd(), 'package.json'))('kafkajs/package.json') as { version?: unknown };
    return String(manifest.version);
  } catch {
    return '(of an unknown version)';
  }
}
