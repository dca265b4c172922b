import { describeErrorCode } from './error-codes.js';

/** An error that an answer says, where it is easier thrown than returned. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';

  constructor(
    readonly code: number,
    message: string,
    /** Of a refused batch: the indices of the records that are wrong; none where the whole is. */
    readonly records: readonly number[] = [],
  ) {
    super(`${describeErrorCode(code)}: ${message}`);
  }
}
