import { brand } from './branded.js';
import { messageOf } from '../consumer/error-text.js';

/**
 * Thrown by a handler: try the record again, also where `retry.retryable` says no; attempts still count.
 *
 * @example throw new KafkaRetryException(error, Number(response.headers.get('retry-after')) * 1000);
 */
export class KafkaRetryException extends Error {
  override readonly name = 'KafkaRetryException';
  constructor(
    cause?: unknown,
    /** Milliseconds until the next attempt. @default as `retry.backoff` says */
    readonly delayMs?: number,
  ) {
    super(cause === undefined ? 'The handler asked for another attempt' : messageOf(cause), { cause });
  }
}

/** Thrown by a handler: the record is complete, however many attempts are left. */
export class KafkaSkipException extends Error {
  override readonly name = 'KafkaSkipException';
  constructor(reason = 'The handler skipped the record') {
    super(reason);
  }
}

/** Thrown by a handler: no further attempt. Until dead letters are built the record goes to `onExhausted`. */
export class KafkaDeadLetterException extends Error {
  override readonly name = 'KafkaDeadLetterException';
  constructor(cause?: unknown) {
    super(cause === undefined ? 'The handler gave the record up' : messageOf(cause), { cause });
  }
}

/** For batch handlers, which are not built yet: these indices of the batch failed. */
export class KafkaBatchException extends Error {
  override readonly name = 'KafkaBatchException';
  constructor(readonly failures: { index: number; error: unknown }[]) {
    super(`${failures.length} records of the batch failed`);
  }
}

brand(KafkaRetryException, 'KafkaRetryException');
brand(KafkaSkipException, 'KafkaSkipException');
brand(KafkaDeadLetterException, 'KafkaDeadLetterException');
brand(KafkaBatchException, 'KafkaBatchException');
