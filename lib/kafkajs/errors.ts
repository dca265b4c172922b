import { types } from 'node:util';
import { type FetchFault, WireError, type WireErrorKind } from '../consumer/wire.js';
import type { BatchFault } from '../producer/produce-wire.js';
import { CorruptError } from './byte-reader.js';

/** What a Kafka error code is called, what it means for a group member and, where it occurs in a fetch, for a partition. */
interface KafkaErrorCode {
  readonly name: string;
  readonly kind: WireErrorKind;
  readonly fault?: FetchFault;
}

export const ErrorCode = {
  NONE: 0,
  UNKNOWN_SERVER_ERROR: -1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  REBALANCE_IN_PROGRESS: 27,
  UNKNOWN_MEMBER_ID: 25,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  MEMBER_ID_REQUIRED: 79,
} as const;

const CODES: ReadonlyMap<number, KafkaErrorCode> = new Map<number, KafkaErrorCode>([
  [-1, { name: 'UNKNOWN_SERVER_ERROR', kind: 'unavailable', fault: 'unavailable' }],
  [1, { name: 'OFFSET_OUT_OF_RANGE', kind: 'unavailable', fault: 'out-of-range' }],
  [2, { name: 'CORRUPT_MESSAGE', kind: 'unavailable', fault: 'corrupt' }],
  [3, { name: 'UNKNOWN_TOPIC_OR_PARTITION', kind: 'moved', fault: 'moved' }],
  [5, { name: 'LEADER_NOT_AVAILABLE', kind: 'moved', fault: 'moved' }],
  [6, { name: 'NOT_LEADER_OR_FOLLOWER', kind: 'moved', fault: 'moved' }],
  [7, { name: 'REQUEST_TIMED_OUT', kind: 'unavailable', fault: 'unavailable' }],
  [9, { name: 'REPLICA_NOT_AVAILABLE', kind: 'moved', fault: 'moved' }],
  [10, { name: 'MESSAGE_TOO_LARGE', kind: 'too-large' }],
  [12, { name: 'OFFSET_METADATA_TOO_LARGE', kind: 'metadata-too-large' }],
  [13, { name: 'NETWORK_EXCEPTION', kind: 'unavailable' }],
  [14, { name: 'COORDINATOR_LOAD_IN_PROGRESS', kind: 'unavailable' }],
  [15, { name: 'COORDINATOR_NOT_AVAILABLE', kind: 'unavailable' }],
  [16, { name: 'NOT_COORDINATOR', kind: 'moved' }],
  [17, { name: 'INVALID_TOPIC_EXCEPTION', kind: 'fatal', fault: 'unauthorized' }],
  [18, { name: 'RECORD_LIST_TOO_LARGE', kind: 'too-large' }],
  [19, { name: 'NOT_ENOUGH_REPLICAS', kind: 'unavailable' }],
  [20, { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', kind: 'unavailable' }],
  [21, { name: 'INVALID_REQUIRED_ACKS', kind: 'fatal' }],
  [22, { name: 'ILLEGAL_GENERATION', kind: 'fenced' }],
  [23, { name: 'INCONSISTENT_GROUP_PROTOCOL', kind: 'fatal' }],
  [24, { name: 'INVALID_GROUP_ID', kind: 'fatal' }],
  [25, { name: 'UNKNOWN_MEMBER_ID', kind: 'unknown-member' }],
  [26, { name: 'INVALID_SESSION_TIMEOUT', kind: 'fatal' }],
  [27, { name: 'REBALANCE_IN_PROGRESS', kind: 'rebalancing' }],
  [28, { name: 'INVALID_COMMIT_OFFSET_SIZE', kind: 'too-large' }],
  [29, { name: 'TOPIC_AUTHORIZATION_FAILED', kind: 'fatal', fault: 'unauthorized' }],
  [30, { name: 'GROUP_AUTHORIZATION_FAILED', kind: 'fatal' }],
  [31, { name: 'CLUSTER_AUTHORIZATION_FAILED', kind: 'fatal', fault: 'unauthorized' }],
  [32, { name: 'INVALID_TIMESTAMP', kind: 'fatal' }],
  [33, { name: 'UNSUPPORTED_SASL_MECHANISM', kind: 'fatal' }],
  [34, { name: 'ILLEGAL_SASL_STATE', kind: 'unavailable' }],
  [35, { name: 'UNSUPPORTED_VERSION', kind: 'fatal', fault: 'corrupt' }],
  [42, { name: 'INVALID_REQUEST', kind: 'fatal', fault: 'corrupt' }],
  [43, { name: 'UNSUPPORTED_FOR_MESSAGE_FORMAT', kind: 'fatal', fault: 'corrupt' }],
  [44, { name: 'POLICY_VIOLATION', kind: 'fatal' }],
  [45, { name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', kind: 'unavailable' }],
  [46, { name: 'DUPLICATE_SEQUENCE_NUMBER', kind: 'unavailable' }],
  [47, { name: 'INVALID_PRODUCER_EPOCH', kind: 'unavailable' }],
  [49, { name: 'INVALID_PRODUCER_ID_MAPPING', kind: 'unavailable' }],
  [56, { name: 'KAFKA_STORAGE_ERROR', kind: 'moved', fault: 'moved' }],
  [58, { name: 'SASL_AUTHENTICATION_FAILED', kind: 'fatal' }],
  [59, { name: 'UNKNOWN_PRODUCER_ID', kind: 'unavailable' }],
  [69, { name: 'GROUP_ID_NOT_FOUND', kind: 'unknown-member' }],
  [72, { name: 'LISTENER_NOT_FOUND', kind: 'moved', fault: 'moved' }],
  [74, { name: 'FENCED_LEADER_EPOCH', kind: 'moved', fault: 'moved' }],
  [75, { name: 'UNKNOWN_LEADER_EPOCH', kind: 'moved', fault: 'moved' }],
  [76, { name: 'UNSUPPORTED_COMPRESSION_TYPE', kind: 'fatal', fault: 'corrupt' }],
  [78, { name: 'OFFSET_NOT_AVAILABLE', kind: 'moved', fault: 'unavailable' }],
  [79, { name: 'MEMBER_ID_REQUIRED', kind: 'unknown-member' }],
  [81, { name: 'GROUP_MAX_SIZE_REACHED', kind: 'fatal' }],
  [82, { name: 'FENCED_INSTANCE_ID', kind: 'fatal' }],
  [87, { name: 'INVALID_RECORD', kind: 'fatal' }],
  [88, { name: 'UNSTABLE_OFFSET_COMMIT', kind: 'unavailable' }],
  [100, { name: 'UNKNOWN_TOPIC_ID', kind: 'moved', fault: 'moved' }],
  [103, { name: 'INCONSISTENT_TOPIC_ID', kind: 'moved', fault: 'moved' }],
]);

export function errorName(code: number): string {
  return CODES.get(code)?.name ?? `ERROR_${code}`;
}

/** An error of the broker about one partition of a fetch. Codes of a later Kafka count as passing. */
export function fetchFault(code: number): FetchFault {
  return CODES.get(code)?.fault ?? 'unavailable';
}

/** The broker does not know the identity, or not what it has written: OUT_OF_ORDER_SEQUENCE_NUMBER and its like. */
const UNSEQUENCED: ReadonlySet<number> = new Set([45, 47, 49, 59]);

/** An error of the broker about one batch. Codes of a later Kafka count as passing. */
export function produceFault(code: number): Pick<BatchFault, 'kind' | 'code'> {
  const kind = CODES.get(code)?.kind;
  const isPassing = kind !== 'fatal' && kind !== 'moved' && kind !== 'too-large';
  return { code: errorName(code), kind: UNSEQUENCED.has(code) ? 'unsequenced' : isPassing ? 'unavailable' : kind === 'fatal' ? 'refused' : kind };
}

/** An error code that a broker has answered; `what` says which request and about what. */
export function protocolError(code: number, what: string, hint = ''): WireError {
  const kind = CODES.get(code)?.kind ?? 'unavailable';
  return new WireError(kind, errorName(code), `${what}: the broker answered ${errorName(code)} (${code}).${hint === '' ? '' : ` ${hint}`}`);
}

/** Names that kafkajs gives to failures of a connection, or of the search for one. */
const CONNECTION_FAILURES: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
]);

/** Follows `cause`, which kafkajs nests up to three deep, at most this far: a cycle must not hang the member. */
const MAX_CAUSES = 10;

/** Also of an error that Node has made outside of the context (a worker, a test) in which this runs. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

/** Turns whatever kafkajs, Node or a codec has thrown into a `WireError`; `what` says what was tried. */
export function toWireError(error: unknown, what: string): WireError {
  let cause: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && isError(cause); depth++, cause = cause.cause) {
    if (cause instanceof WireError) return cause;
    const known = fromKafkajs(cause);
    if (known !== null) return new WireError(known.kind, known.code, `${what}: ${cause.message}`, { cause: error });
  }
  return new WireError('fatal', isError(error) ? error.name : 'UNKNOWN', `${what}: ${messageOf(error)}`, { cause: error });
}

function fromKafkajs(error: Error): { kind: WireErrorKind; code: string } | null {
  const { type, code } = error as { type?: unknown; code?: unknown };
  if (error.name === 'KafkaJSSASLAuthenticationError') return { kind: 'fatal', code: 'SASL_AUTHENTICATION_FAILED' };
  if (typeof type === 'string' && typeof code === 'number') {
    return { kind: CODES.get(code)?.kind ?? 'unavailable', code: CODES.get(code)?.name ?? type };
  }
  const system = typeof code === 'string' ? code : null;
  if (error.name === 'KafkaJSConnectionClosedError') return { kind: 'unavailable', code: 'CONNECTION_CLOSED' };
  if (CONNECTION_FAILURES.has(error.name)) return { kind: 'unavailable', code: system ?? 'CONNECTION_FAILED' };
  // A reply that ends before it should. The connection is given up, and another one may do better.
  if (error instanceof CorruptError || error.name === 'RangeError') return { kind: 'unavailable', code: 'INVALID_RESPONSE' };
  if (system !== null && 'syscall' in error) return { kind: 'unavailable', code: system };
  return null;
}
