/** What an option may be, and which of its values are built. */
export type OptionSchema = ValueSchema | ObjectSchema | ListSchema | MapSchema;

export interface ValueSchema {
  readonly kind: 'value';
  /** Follows "expected ": `a whole number above 0`. */
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  /** Values of the public contract that a later version brings. */
  readonly notBuilt?: (value: unknown) => boolean;
}
/** `or` is what may stand there instead of the object. */
export interface ObjectSchema {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly or?: ValueSchema;
  /** What is not among `fields` is somebody else's affair. */
  readonly isOpen?: boolean;
}
export interface ListSchema {
  readonly kind: 'list';
  readonly of: OptionSchema;
  readonly or?: ValueSchema;
  /** @default false */
  readonly mustHaveOne?: boolean;
}
/** Names that the application chooses. */
export interface MapSchema {
  readonly kind: 'map';
  readonly of: OptionSchema;
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

export function value(expected: string, holds: (value: unknown) => boolean, notBuilt?: (value: unknown) => boolean): ValueSchema {
  return { kind: 'value', expected, holds, notBuilt };
}
export function whole(from: number, to = Number.MAX_SAFE_INTEGER): ValueSchema {
  const expected = to === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${from}` : `a whole number from ${from} to ${to}`;
  return value(expected, (each) => isWhole(each) && each >= from && each <= to);
}
/** Timers run at once what is to wait longer than 2³¹ − 1 ms. */
export function milliseconds(from: number): ValueSchema {
  const limit = 2 ** 31 - 1;
  return value(`milliseconds from ${from} to ${limit}`, (each) => typeof each === 'number' && each >= from && each <= limit);
}
export function oneOf(built: readonly string[], later: readonly string[] = []): ValueSchema {
  const all = [...built, ...later];
  return value(
    `one of ${built.map((each) => `'${each}'`).join(', ')}`,
    (each) => typeof each === 'string' && all.includes(each),
    (each) => typeof each === 'string' && later.includes(each),
  );
}
export function object(fields: Readonly<Record<string, OptionSchema>>, options: Omit<ObjectSchema, 'kind' | 'fields'> = {}): ObjectSchema {
  return { kind: 'object', fields, ...options };
}
/** Refused whatever its value. */
export const notBuilt: ValueSchema = value('nothing', () => true, () => true);
/** Refused but for values that ask for nothing. */
export function notBuiltBut(...harmless: readonly unknown[]): ValueSchema {
  return value('nothing', () => true, (each) => !harmless.includes(each));
}

export const text = value('text', (each) => typeof each === 'string' && each !== '');
export const flag = value('true or false', (each) => typeof each === 'boolean');
export const callback = value('a function', (each) => typeof each === 'function');
