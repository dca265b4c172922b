import eslint from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Import specifiers that a folder may not use, values and (unless `types`) types. */
const refuse = (regex, message, { types = false } = {}) => ({ regex, message, allowTypeImports: types });
const restrict = (...patterns) => ({ '@typescript-eslint/no-restricted-imports': ['error', { patterns }] });

const kafkajsInside = refuse('^kafkajs/', 'Only lib/kafkajs knows how kafkajs works inside.');
/** docs/design.md, "The rooms": which folder may import what. */
const rooms = [
  { files: ['lib/engine/**', 'lib/assignors/**'], rules: restrict(refuse('^(?!\\./)', 'This folder is pure: it imports nothing from outside itself.')) },
  { files: ['lib/consumer/**'], rules: restrict(refuse('^(?!\\./|\\.\\./(engine|assignors)/)', 'lib/consumer imports lib/engine, lib/assignors and itself.')) },
  { files: ['lib/producer/**'], rules: restrict(refuse('^(?!\\./|\\.\\./consumer/)', 'lib/producer imports lib/consumer and itself.')) },
  // What deflates the offset map is handed to the engine from here.
  { files: ['lib/consumer/offset-map-compression.ts'], rules: restrict(refuse('^(?!\\./|\\.\\./engine/|node:zlib$)', 'node:zlib, and nothing else, is allowed here.')) },
  { files: ['lib/kafkajs/**'], rules: restrict(refuse('^(?!\\./|\\.\\./(consumer|engine|producer)/|kafkajs(/|$)|node:)', 'lib/kafkajs implements the wires of lib/consumer and lib/producer, and knows nothing above it.')) },
  // It reads what groups have written: the codecs, and kafkajs's admin client.
  { files: ['lib/cli/**'], rules: restrict(kafkajsInside, refuse('^\\.\\./(?!(engine/offset-map|assignors/user-data|kafkajs/group-codec|consumer/offset-map-compression)\\.js$)', 'The CLI uses codecs, and nothing that consumes.')) },
  { files: ['lib/testing/broker/**'], rules: restrict(refuse('^(?!\\./|\\.\\./|node:)|/(engine|assignors|producer|kafkajs|discovery|runner|options|services)/', 'The embedded broker knows Kafka, Node, and the clock of lib/consumer.')) },
  {
    files: ['lib/**'],
    ignores: ['lib/{engine,assignors,consumer,producer,kafkajs,cli,testing/broker}/**'],
    rules: restrict(
      kafkajsInside,
      refuse('^kafkajs$', 'Values of kafkajs are for lib/kafkajs; its public types are welcome.', { types: true }),
      refuse('/(engine|assignors)/', 'The Nest half speaks to lib/consumer; only types may come from below it.', { types: true }),
    ),
  },
  { files: ['sample-app/**'], rules: restrict(kafkajsInside, refuse('^\\.\\..*/lib/', 'The sample app uses the library as an application does: by its name.')) },
];

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/', '.cache/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.{mjs,cjs}'],
    languageOptions: { globals: { module: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, importX.flatConfigs.typescript],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })] },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true, allowThrowingAny: true }],
      // Off: `async` may stand for the shape of a method; `unknown | Promise<unknown>` tells that a promise is awaited; an unknown
      // error is shown as it says; kafkajs hands out methods that are taken apart.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'import-x/no-cycle': 'error',
    },
  },
  {
    files: ['{lib,sample-app,scripts,bench}/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
    },
  },
  rooms,
);
