export type { Fault, SeenRequest, Verdict, Waits } from './broker/faults/fault.js';
export type { FaultOptions, FaultState } from './broker/faults/injected-fault.js';
export type { RecordedRequest } from './broker/faults/request-history.js';
export { createKafkaContext } from './create-kafka-context.js';
export { EmbeddedKafka, type EmbeddedKafkaOptions } from './embedded-kafka.js';
export type { StoredRecord } from './stored-records.js';
export { KafkaTestContext, type KafkaTestContextOptions, type SentMessage } from './kafka-test-context.js';
export { useEmbeddedKafka } from './use-embedded-kafka.js';
export type { WaitOptions } from './wait-for.js';
