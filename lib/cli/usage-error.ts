/** Something that the person at the terminal can mend: printed without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(
    message: string,
    /** 1: it could not be done. 2: it was not understood. */
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}
