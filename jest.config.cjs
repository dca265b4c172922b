/** Sources are CommonJS in tests: jest on Node 20 cannot require the ES modules of Nest 12, so @nestjs is transformed, too. */
const swc = [
  '@swc/jest',
  {
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2022',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
  },
];

/** Suites that take long run where CI is set, and always there. */
const inCi = Boolean(process.env.CI);
const long = '\\.long\\.spec\\.ts$';

const base = {
  testEnvironment: 'node',
  // jest would warn of a property of its own that a matcher reads between two suites.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  transform: { '^.+\\.(t|j)s$': swc },
  transformIgnorePatterns: ['/node_modules/(?!@nestjs/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/sample-app/dist/'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nestjs-kafka-many-threads$': '<rootDir>/lib/index.ts',
    '^nestjs-kafka-many-threads/(terminus|testing)$': '<rootDir>/lib/$1/index.ts',
  },
};

const onKafka = {
  ...base,
  globalSetup: '<rootDir>/test/support/start-kafka.ts',
  globalTeardown: '<rootDir>/test/support/stop-kafka.ts',
};

const unit = {
  ...base,
  displayName: 'unit',
  testMatch: ['unit', 'simulation', 'embedded', 'examples'].map((folder) => `<rootDir>/test/${folder}/**/*.spec.ts`),
  testPathIgnorePatterns: inCi ? [] : [long],
};
const integration = {
  ...onKafka,
  displayName: 'integration',
  testMatch: ['integration', 'chaos'].map((folder) => `<rootDir>/test/${folder}/**/*.spec.ts`),
  testPathIgnorePatterns: inCi ? [] : [long],
};
/** The same suites on EmbeddedKafka, but for the long ones: those break brokers and networks of their own, or take more time than another run is worth. */
const embedded = {
  ...base,
  displayName: 'embedded',
  globalSetup: '<rootDir>/test/support/start-embedded-kafka.ts',
  globalTeardown: '<rootDir>/test/support/stop-embedded-kafka.ts',
  setupFiles: ['<rootDir>/test/support/use-embedded-kafka.ts'],
  testMatch: ['<rootDir>/test/integration/**/*.spec.ts'],
  testPathIgnorePatterns: [long],
};
/** The packed package in fresh applications. */
const packed = { ...onKafka, displayName: 'package', testMatch: ['<rootDir>/test/package/**/*.spec.ts'] };

/** Without CI one broker will do: that of KAFKA_BROKERS, else the embedded one, which needs nothing but Node. */
const defaults = inCi ? [unit, integration, embedded, packed] : [unit, process.env.KAFKA_BROKERS ? integration : embedded];
const asked = [integration, embedded, packed].filter((project) => process.argv.includes(project.displayName) && !defaults.includes(project));

module.exports = {
  // Suites mostly wait for a broker: two of them share two cores well.
  maxWorkers: 2,
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/support/totals-reporter.cjs'],
  projects: [...defaults, ...asked],
};
