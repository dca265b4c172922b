/** The bytes, or what they ask for, are not Kafka's protocol. The connection they came over is closed, as Kafka's broker does. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
