/** A name of the public contract that a later version will bring. */
export class KafkaNotImplementedError extends Error {
  override readonly name = 'KafkaNotImplementedError';
  constructor(what = 'This') {
    super(`${what} is not built yet. See "Later" in the README of nestjs-kafka-many-threads.`);
  }
}
