import { KafkaConfigurationError } from '../errors/configuration.error.js';
import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';
import type { ListSchema, ObjectSchema, OptionSchema, ValueSchema } from './schema.js';

/** Path of the options of forRoot themselves. */
export const ROOT = 'forRoot(options)';

/**
 * Checks options against their schema. Undefined counts as absent.
 *
 * @throws KafkaConfigurationError that says which option, what was found, and what is expected.
 * @throws KafkaNotImplementedError for an option, or a value of one, that is not built yet.
 */
export function validate(schema: OptionSchema, found: unknown, path: string): void {
  if (found === undefined) return;
  switch (schema.kind) {
    case 'value':
      return validateValue(schema, found, path);
    case 'list':
      if (schema.or?.holds(found)) return validateValue(schema.or, found, path);
      return validateList(schema, found, path);
    case 'map':
      return Object.entries(asObject(found, path)).forEach(([name, each]) => validate(schema.of, each, `${path}.${name}`));
    case 'object':
      if (schema.or?.holds(found)) return validateValue(schema.or, found, path);
      return validateObject(schema, found, path);
  }
}

function validateValue({ expected, holds, notBuilt }: ValueSchema, found: unknown, path: string): void {
  if (!holds(found)) throw new KafkaConfigurationError(path, `expected ${expected}, found ${show(found)}.`);
  if (notBuilt?.(found)) throw new KafkaNotImplementedError(`${path}: ${show(found)}`);
}

function validateList({ of, or, mustHaveOne }: ListSchema, found: unknown, path: string): void {
  if (!Array.isArray(found)) throw new KafkaConfigurationError(path, `expected ${alternatives('a list', or)}, found ${show(found)}.`);
  if (mustHaveOne && found.length === 0) throw new KafkaConfigurationError(path, 'expected a list with at least one entry, found an empty one.');
  found.forEach((each: unknown, index) => {
    const at = `${path}[${index}]`;
    if (each === undefined && of.kind === 'value') validateValue(of, each, at);
    validate(of, each, at);
  });
}

function validateObject(schema: ObjectSchema, found: unknown, path: string): void {
  const options = asObject(found, path, schema.or);
  for (const [name, each] of Object.entries(options)) {
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    if (field === undefined && schema.isOpen) continue;
    if (field === undefined) throw new KafkaConfigurationError(path, `there is no option ${name}${suggestion(name, Object.keys(schema.fields))}`);
    validate(field, each, below(path, name));
  }
  const missing = schema.required?.find((name) => options[name] === undefined);
  if (missing !== undefined) throw new KafkaConfigurationError(path, `${missing} is missing.`);
}

/** `consumer.buffer.bytes`; below a name of something else `OrdersHandler.handle, option buffer.bytes`. */
function below(path: string, name: string): string {
  if (path === ROOT) return name;
  return path.startsWith('@') && !path.includes(', option ') ? `${path}, option ${name}` : `${path}.${name}`;
}

function alternatives(expected: string, or: ValueSchema | undefined): string {
  return or === undefined ? expected : `${or.expected}, or ${expected}`;
}

function asObject(found: unknown, path: string, or?: ValueSchema): Readonly<Record<string, unknown>> {
  const isObject = typeof found === 'object' && found !== null && !Array.isArray(found);
  if (!isObject) throw new KafkaConfigurationError(path, `expected ${alternatives('an object', or)}, found ${show(found)}.`);
  return found as Record<string, unknown>;
}

function suggestion(name: string, known: readonly string[]): string {
  const [closest] = known.map((each) => ({ each, distance: distance(name.toLowerCase(), each.toLowerCase()) })).sort((a, b) => a.distance - b.distance);
  return closest !== undefined && closest.distance <= 3 ? `. Did you mean ${closest.each}?` : ` (there are ${known.join(', ')}).`;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function show(found: unknown): string {
  if (typeof found === 'string') return `'${found}'`;
  if (typeof found === 'function') return 'a function';
  if (Array.isArray(found)) return 'a list';
  if (typeof found === 'object' && found !== null) return `{ ${Object.keys(found).join(', ')} }`;
  return String(found);
}
