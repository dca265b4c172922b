export {
  KafkaAmbiguousTopicError, KafkaConnectionError, KafkaHandlerTimeoutError, KafkaMissingTopicError, KafkaRefusedError, KafkaSeekError, type KafkaSeekProblem, KafkaUnknownPartitionError,
} from '../consumer/errors.js';
export {
  KafkaNotAcknowledgedError,
  KafkaProducerClosedError,
  KafkaProducerFullError,
  KafkaRecordTooLargeError,
  KafkaSendError,
  KafkaUnknownTopicError,
} from '../producer/errors.js';
export { KafkaConfigurationError } from './configuration.error.js';
export { KafkaDecodeError } from './decode.error.js';
export { KafkaDuplicateHandlerError } from './duplicate-handler.error.js';
export { KafkaEncodeError } from './encode.error.js';
export { KafkaNotImplementedError } from './not-implemented.error.js';
export { KafkaProducerDisabledError } from './producer-disabled.error.js';
export { KafkaBatchException, KafkaDeadLetterException, KafkaRetryException, KafkaSkipException } from './record-fate.exceptions.js';
export { KafkaUnknownConnectionError } from './unknown-connection.error.js';
export { KafkaUnknownGroupError } from './unknown-group.error.js';
