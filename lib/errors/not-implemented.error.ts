/** A name of the public contract that a later version will bring. */
export class KafkaNotImplementedError extends Error {
  override readonly name = 'KafkaNotImplementedError';
  constructor(what = 'This') {
    super(`${what} is not built yet. See "Not built yet" in docs/options.md of nestjs-kafka-many-threads.`);
  }
}
