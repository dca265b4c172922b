import { KafkaNotImplementedError } from '../../../lib/index.js';
import { groupOptions } from '../../../lib/options/group-options.js';
import { handlerOptions } from '../../../lib/options/handler-options.js';
import { consumerSchema, handlerSchema, moduleSchema } from '../../../lib/options/option-schemas.js';
import type { OptionSchema } from '../../../lib/options/schema.js';
import { validate } from '../../../lib/options/validate.js';
import { Document } from '../../support/documents.js';
import { interfaceOptions } from '../../support/interface-options.js';

const page = new Document('docs/options.md');

interface Row {
  readonly option: string;
  readonly isOfGroup: boolean;
  readonly meaning: string;
  readonly standard: string;
}

/** Rows of the first table of a section; a row may name several options. */
function rowsOf(heading: string): Row[] {
  const [table = ''] = /^\| option .*(\n\|.*)+/m.exec(page.section(heading)) ?? [];
  const rows = table.split('\n').slice(2).map((line) => line.replace(/\\\|/g, '¦').split('|').slice(1, -1).map((cell) => cell.trim().replace(/¦/g, '|')));
  return rows.flatMap(([names = '', meaning = '', standard = '']) => {
    const options = [...names.matchAll(/`([^`]+)`/g)].map(([, option = '']) => option);
    const standards = options.length > 1 ? standard.split(', ') : [standard];
    return options.map((option, index) => ({ option, isOfGroup: names.endsWith('*'), meaning, standard: standards[index] ?? '' }));
  });
}

const documented = { module: rowsOf('`KafkaManyThreadsModule.forRoot'), group: rowsOf('A group'), handler: rowsOf('A handler') };
const later = rowsOf('Not built yet').map(({ option }) => option);

/** Paths of options and whether anything of them is built. Where an object is one of several forms it is one option. */
function optionsOf(schema: OptionSchema, path = ''): [path: string, isBuilt: boolean][] {
  const isLeaf = schema.kind !== 'object' || schema.or !== undefined || path === 'kafkajs' || ['consumer', 'groups', 'handlers'].includes(path);
  if (isLeaf) return [[path, !(schema.kind === 'value' && schema.expected === 'nothing')]];
  return Object.entries(schema.fields).flatMap(([name, each]) => optionsOf(each, path === '' ? name : `${path}.${name}`));
}

const schemas = { module: moduleSchema, group: consumerSchema, handler: handlerSchema };
const kinds = ['module', 'group', 'handler'] as const;
const interfaces = { module: 'KafkaManyThreadsOptions', group: 'KafkaConsumerOptions', handler: 'KafkaHandlerOptions' } as const;

/** The value that a cell or a `@default` begins with; undefined where it is words. */
function literal(text: string): unknown {
  const [object] = /^`?(\{.*\})/.exec(text)?.slice(1) ?? [];
  if (object !== undefined) return JSON.parse(object.replace(/(\w+):/g, '"$1":').replace(/'/g, '"'));
  const plain = text.replace(/`/g, '');
  const [, quoted, number, flag] = /^(?:'([^']*)'|(\d[\d,]*)|(true|false)\b)/.exec(plain) ?? [];
  if (quoted !== undefined) return quoted;
  if (number !== undefined) return Number(number.replace(/,/g, ''));
  return flag === undefined ? undefined : flag === 'true';
}

const at = (value: unknown, path: string): unknown => path.split('.').reduce<unknown>((each, name) => (each as Record<string, unknown> | undefined)?.[name], value);

describe('the page about options', () => {
  it.each(kinds)('has every option that a %s takes, and no other', (kind) => {
    const own = documented[kind].map(({ option }) => option);
    const shared = kind === 'group' ? documented.handler.filter(({ isOfGroup }) => isOfGroup).map(({ option }) => option) : [];
    const known = optionsOf(schemas[kind]);
    const built = known.filter(([, isBuilt]) => isBuilt).map(([path]) => path);
    const isPartlyLater = (path: string): boolean => later.some((each) => each.startsWith(`${path}:`));
    expect(built.filter((path) => ![...own, ...shared].includes(path) && !isPartlyLater(path))).toEqual([]);
    expect(own.filter((path) => !built.includes(path))).toEqual([]);
    expect(known.filter(([path, isBuilt]) => !isBuilt && !later.includes(path)).map(([path]) => path)).toEqual([]);
  });

  it.each(kinds)('and the types of a %s have the options that are checked at boot', (kind) => {
    const checked = optionsOf(schemas[kind]).map(([path]) => path);
    // What is not built is refused whole.
    const typed = [...interfaceOptions(interfaces[kind]).keys()].map((path) => checked.find((each) => path.startsWith(`${each}.`)) ?? path);
    expect([...new Set(typed)].sort()).toEqual(checked.sort());
  });

  it('names what of kafkajs has a meaning', () => {
    const { kafkajs } = consumerSchema.fields;
    const named = documented.group.find(({ option }) => option === 'kafkajs')?.meaning ?? '';
    expect(kafkajs.kind === 'object' && Object.keys(kafkajs.fields).filter((name) => !named.includes(`\`${name}\``))).toEqual([]);
  });

  it.each(kinds)('gives the defaults that the types of a %s give', (kind) => {
    const types = interfaceOptions(interfaces[kind]);
    const rows = documented[kind].filter(({ option, standard }) => literal(standard) !== undefined || literal(types.get(option) ?? '') !== undefined);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.map(({ option, standard }) => [option, literal(standard)])).toEqual(rows.map(({ option }) => [option, literal(types.get(option) ?? '')]));
  });

  it('gives the defaults that are applied', () => {
    const group = groupOptions({ groupId: 'shop' }, { client: { brokers: [] } }, 'default');
    const handler = handlerOptions({}, () => undefined);
    const rows = [...documented.group.map((row) => ({ ...row, applied: at(group, row.option) })), ...documented.handler.map((row) => ({ ...row, applied: at(handler, row.option) }))];
    const ofValues = rows.filter(({ applied }) => ['string', 'number', 'boolean'].includes(typeof applied) && applied !== Infinity && applied !== 'shop' && applied !== 'default');
    expect(ofValues.length).toBeGreaterThan(20);
    expect(ofValues.map(({ option, standard }) => [option, literal(standard)])).toEqual(ofValues.map(({ option, applied }) => [option, applied]));
  });

  it.each(later.filter((option) => /^[a-z]/.test(option)))('says truly that %s is not built yet', (option) => {
    const [path = '', ...values] = option.split(/: | \| /);
    const found = values.length === 0 ? ['something'] : values.map((each) => (each.startsWith('{') ? { min: 1, max: 2 } : each.replace(/'/g, '')));
    for (const value of found) {
      const options = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
      const refusals = kinds.map((kind) => refusal(schemas[kind], options));
      expect(refusals).toContainEqual(expect.any(KafkaNotImplementedError));
    }
  });
});

function refusal(schema: OptionSchema, options: unknown): unknown {
  try {
    validate(schema, options, '');
    return undefined;
  } catch (error) {
    return error;
  }
}
