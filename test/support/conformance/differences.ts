/**
 * Where the embedded broker answers otherwise than Kafka 4.1, on purpose. The suites hold both sides to what is written here, and
 * each line stands in docs/embedded-kafka.md.
 */
export const differences = {
  packedGarbage: {
    what: 'a batch that is packed, and whose content cannot be unpacked',
    kafka: 'UNKNOWN_SERVER_ERROR',
    embedded: 'NONE',
  },
  unknownCodec: {
    what: 'a batch packed with a codec that does not exist',
    kafka: 'UNKNOWN_SERVER_ERROR',
    embedded: 'INVALID_RECORD',
  },
  garbledRecords: {
    what: 'a batch whose records cannot be read',
    kafka: 'UNKNOWN_SERVER_ERROR',
    embedded: 'INVALID_RECORD',
  },
  wrongDelta: {
    what: 'a record whose offset delta is not its place in the batch',
    kafka: 'NONE',
    embedded: 'INVALID_RECORD',
  },
  transactionalWithoutProducer: {
    what: 'a transactional batch without a producer id',
    kafka: 'NONE',
    embedded: 'INVALID_RECORD',
  },
  producerWithoutEpoch: {
    what: 'a producer id without an epoch',
    kafka: 'NONE',
    embedded: 'INVALID_RECORD',
  },
  logStart: {
    what: 'the log start offset beside OUT_OF_ORDER_SEQUENCE_NUMBER and INVALID_TIMESTAMP of Produce',
    kafka: 'of the log',
    embedded: '−1',
  },
  settings: {
    what: 'settings of topics that have to do with tiers, throttling and levels of compression',
    kafka: 'there',
    embedded: 'not known',
  },
  fetchSession: {
    what: 'a fetch that asks for a session',
    kafka: 'a session',
    embedded: 'no session',
  },
} as const;
