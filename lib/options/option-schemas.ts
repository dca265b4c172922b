import { callback, flag, milliseconds, notBuilt, notBuiltBut, object, type ObjectSchema, oneOf, text, value, whole } from './schema.js';

/** The largest number in a field of Kafka's requests. */
const INT32 = 2 ** 31 - 1;
const LOG_LEVELS = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'];

const isFunction = (each: unknown): boolean => typeof each === 'function';
const isCodec = (each: unknown): boolean => typeof each === 'object' && each !== null && 'decode' in each && isFunction(each.decode);
const codec = value("'json', 'string', 'buffer', or an object with decode and encode", (each) => ['json', 'string', 'buffer'].some((name) => name === each) || isCodec(each));

const retries = value('a whole number of at least 0, −1 or Infinity for ever', (each) => each === Infinity || each === -1 || (Number.isSafeInteger(each) && Number(each) >= 0));
const backoff = object(
  { initialMs: milliseconds(0), factor: value('a number of at least 1', (each) => typeof each === 'number' && each >= 1), maxMs: milliseconds(0), jitter: flag },
  { required: ['initialMs'], or: value('milliseconds, a function', (each) => milliseconds(0).holds(each) || isFunction(each)) },
);

/** Of a group for all its handlers, and of a handler for itself. */
const handlerDefaults: ObjectSchema['fields'] = {
  ordering: oneOf(['key', 'partition', 'none']),
  retry: object({ retries, via: oneOf(['in-place'], ['topic']), topic: notBuilt, backoff, retryable: callback }),
  onExhausted: oneOf(['hold', 'skip', 'stop'], ['dead-letter']),
  maxHeldPerPartition: whole(1),
  deadLetter: notBuiltBut(false),
  timeoutMs: milliseconds(1),
  abortGraceMs: milliseconds(0),
  ack: oneOf(['auto', 'manual']),
  codec,
};

export const handlerSchema = object({
  ...handlerDefaults,
  connection: text,
  groupId: text,
  concurrency: whole(1),
  batch: notBuilt,
  threads: notBuilt,
  transactional: notBuiltBut(false),
  enabled: flag,
});

const ratio = value('a number of at least 0', (each) => typeof each === 'number' && each >= 0);
/** kafkajs's `RetryOptions`. */
const kafkajsRetry = object({
  maxRetryTime: milliseconds(0),
  initialRetryTime: milliseconds(0),
  factor: ratio,
  multiplier: ratio,
  retries: value('a whole number of at least 0, or Infinity', (each) => each === Infinity || whole(0).holds(each)),
  restartOnFailure: notBuilt,
});
const rangeOfConcurrency = (each: unknown): boolean => typeof each === 'object' && each !== null && 'min' in each && 'max' in each;

export const consumerSchema = object(
  {
    ...handlerDefaults,
    groupId: text,
    preset: oneOf(
      ['balanced', 'oneAtATime'],
      ['highThroughput', 'lowLatency', 'reliable', 'streamProcessing', 'strictOrder', 'transactional', 'crossDatacenter'],
    ),
    concurrency: value('a whole number of at least 1', (each) => (Number.isSafeInteger(each) && Number(each) >= 1) || rangeOfConcurrency(each), rangeOfConcurrency),
    mode: oneOf(['shared'], ['consumer-per-topic']),
    members: whole(1, 100),
    buffer: object({ recordsPerPartition: whole(1), recordsPerTopic: notBuilt, bytes: whole(1) }),
    quota: oneOf(['fixed'], ['lag']),
    topicWeights: notBuilt,
    commit: object({
      strategy: oneOf(['auto', 'batch', 'immediate'], ['checkpoint', 'transactional']),
      intervalMs: milliseconds(1),
      records: whole(1),
      store: notBuilt,
      offsetMap: flag,
    }),
    rebalance: object({
      protocol: oneOf(['cooperative', 'eager']),
      assignment: oneOf(['range', 'round-robin', 'sticky'], ['load-balanced', 'affinity']),
      affinity: notBuilt,
      drainTimeoutMs: milliseconds(0),
    }),
    fromBeginning: flag,
    isolation: oneOf(['read_committed', 'read_uncommitted']),
    fetch: object({ minBytes: whole(1, INT32), maxBytes: whole(1, INT32), maxBytesPerPartition: whole(1, INT32), maxWaitMs: milliseconds(0) }),
    sessionTimeoutMs: milliseconds(1),
    heartbeatIntervalMs: milliseconds(1),
    rebalanceTimeoutMs: milliseconds(1),
    transactionTimeoutMs: notBuilt,
    logLevel: oneOf(LOG_LEVELS),
    // What else kafkajs's consumer takes has a name of its own here, or no meaning.
    kafkajs: object({
      metadataMaxAge: milliseconds(1),
      retry: kafkajsRetry,
      maxInFlightRequests: whole(1),
      rackId: text,
    }),
  },
  { required: ['groupId'] },
);

const broker = value("host:port, such as 'localhost:9092'", (each) => typeof each === 'string' && /^[^\s:/]+:\d{1,5}$/.test(each));
/** Otherwise kafkajs's affair. */
const clientSchema = object(
  { brokers: { kind: 'list', of: broker, or: value('a function', isFunction), mustHaveOne: true } },
  { required: ['brokers'], or: value('a function that makes a Kafka', isFunction), isOpen: true },
);

const producerSchema = object(
  {
    createPartitioner: callback,
    retry: kafkajsRetry,
    metadataMaxAge: milliseconds(0),
    allowAutoTopicCreation: flag,
    idempotent: flag,
    transactionalId: notBuilt,
    transactionTimeout: notBuilt,
    maxInFlightRequests: whole(1),
    deliveryTimeoutMs: milliseconds(1),
    bufferBytes: whole(1),
  },
  { or: value('false', (each) => each === false) },
);

export const moduleSchema = object(
  {
    name: text,
    client: clientSchema,
    consumer: consumerSchema,
    groups: { kind: 'list', of: consumerSchema },
    topics: { kind: 'map', of: text },
    handlers: { kind: 'map', of: handlerSchema },
    producer: producerSchema,
    codec,
    missingTopics: oneOf(['throw', 'wait']),
    createTopics: notBuiltBut(false),
    globalEnhancers: object({ pipes: flag, guards: flag, interceptors: flag, filters: flag }, { or: flag }),
    logger: value('a LoggerService of Nest', (each) => typeof each === 'object' && each !== null && 'log' in each && isFunction(each.log)),
    logLevel: oneOf(LOG_LEVELS),
    autoStart: flag,
    startFailure: oneOf(['throw', 'retry']),
    shutdownTimeoutMs: milliseconds(0),
  },
  { required: ['client'] },
);
