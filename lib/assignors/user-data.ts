import { NO_CLAIMS, type Claims, type TopicPartitions } from './claims.js';
import { UserDataReader, UserDataWriter } from './user-data-bytes.js';

/**
 * The user data of a join (claims) and of an assignment (the leader's mark), version 1:
 *
 * ```
 *  "kmtc" 1 | flags: 1 leaving  | generation + 1 | owned | draining | preferred | counts
 *  "kmta" 1 | flags: 1 honoured | lost
 * ```
 *
 * Later releases may append: what follows the known fields is skipped. Only a change of what is here is a new version.
 */
const CLAIMS_HEADER = Buffer.from('kmtc\u0001', 'latin1');
const MARK_HEADER = Buffer.from('kmta\u0001', 'latin1');

export interface DecodedClaims extends Claims {
  /** Whether the member has written claims that this release can read. Otherwise it is another client, and claims nothing. */
  readonly understands: boolean;
}

/** What the leader tells a member beside its partitions. */
export interface AssignmentMark {
  /** Whether partitions that others claim were withheld. Otherwise what a member no longer has may already run elsewhere. */
  readonly honoured: boolean;
  /** Claims of this member that a better one has beaten: given up at once, without a commit. */
  readonly lost: TopicPartitions;
}

/** The mark of a leader of another client: it has left none, and knows nothing of claims. */
export const NO_MARK: AssignmentMark = { honoured: false, lost: new Map() };

/** Throws a RangeError where a number is negative or no safe integer. */
export function encodeClaims(claims: Claims): Buffer {
  return new UserDataWriter(CLAIMS_HEADER)
    .number(claims.leaving ? 1 : 0)
    .number(claims.generation + 1)
    .partitions(claims.owned)
    .partitions(claims.draining)
    .partitions(claims.preferred)
    .counts(claims.counts)
    .finish();
}

/** Never throws, whoever has written it: what is not well formed from its first byte to its last field claims nothing. */
export function decodeClaims(userData: Uint8Array | null): DecodedClaims {
  const claims = read(userData, CLAIMS_HEADER, (reader) => ({
    leaving: reader.number() % 2 === 1,
    generation: reader.number() - 1,
    owned: reader.partitions(),
    draining: reader.partitions(),
    preferred: reader.partitions(),
    counts: reader.counts(),
  }));
  return claims === null ? { ...NO_CLAIMS, understands: false } : { ...claims, understands: true };
}

/** Throws a RangeError where a partition is negative or no safe integer. */
export function encodeMark(mark: AssignmentMark): Buffer {
  return new UserDataWriter(MARK_HEADER).number(mark.honoured ? 1 : 0).partitions(mark.lost).finish();
}

/** Never throws: what is no mark is `NO_MARK`. */
export function decodeMark(userData: Uint8Array | null): AssignmentMark {
  const mark = read(userData, MARK_HEADER, (reader) => ({ honoured: reader.number() % 2 === 1, lost: reader.partitions() }));
  return mark ?? NO_MARK;
}

function read<T>(userData: Uint8Array | null, header: Buffer, fields: (reader: UserDataReader) => T): T | null {
  if (userData === null || !header.equals(userData.subarray(0, header.length))) return null;
  try {
    return fields(new UserDataReader(userData, header.length));
  } catch {
    return null;
  }
}
