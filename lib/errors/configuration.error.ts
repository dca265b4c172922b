/** An option, a decorator or a combination of them that cannot work. The application does not boot. */
export class KafkaConfigurationError extends Error {
  override readonly name: string = 'KafkaConfigurationError';
  constructor(
    /** Where it stands: `consumer.buffer.bytes`, `OrdersHandler.handle`. */
    readonly where: string,
    problem: string,
  ) {
    super(`${where}: ${problem}`);
  }
}
