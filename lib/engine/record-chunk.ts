/** Header values as they travel: bytes, or several values under one name. */
export type RecordHeaders = Record<string, Buffer | string | (Buffer | string)[] | undefined>;

/** What `keyHash` answers for a record without a key. */
export const NO_KEY = -1;

/**
 * The records of one partition out of one fetch, and the unit in which fetch buffers are retained.
 *
 * ```
 *   from                                   to
 *    |  record . record [marker] record     |      offsets that are absent between `from` and `to`
 *    +--------------------------------------+      (compaction, control records, aborted records) are complete
 * ```
 *
 * Nothing is decoded before it is asked for: a record costs no more than what its handler reads of it.
 */
export interface RecordChunk {
  readonly topic: string;
  readonly partition: number;
  /** The position that was fetched from. */
  readonly from: number;
  /** The position after the last offset that this chunk covers. */
  readonly to: number;
  /** Records to deliver, in offset order. */
  readonly count: number;
  /** Bytes of buffer that live as long as one of the records does. */
  readonly bytes: number;

  offset(index: number): number;
  /** 31 bits of a hash over the key's bytes, or `NO_KEY`. */
  keyHash(index: number): number;
  key(index: number): Buffer | null;
  value(index: number): Buffer | null;
  /** The value as text, without a view of its bytes. @throws TypeError where they are not UTF-8. */
  text(index: number): string | null;
  headers(index: number): RecordHeaders;
  timestampMs(index: number): number;
  /** Attributes byte of the record, as kafkajs reports it. */
  attributes(index: number): number;
  /** A chunk of this one record in bytes of its own, so that it keeps nothing else alive. */
  copy(index: number): RecordChunk;
}
