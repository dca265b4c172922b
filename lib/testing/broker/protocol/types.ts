import { ProtocolError } from './protocol.error.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/**
 * How a value is laid out at each version of a message. `T` is what reading gives, `W` what writing takes; where `W` has
 * `undefined` the field may be left out. The layout of a message is composed of these, and both directions come out of it:
 *
 * ```ts
 * const request = struct({
 *   groupId: string,
 *   instanceId: since(3, nullableString, null),      // absent below version 3: reads as null, is not written
 *   topics: array({ name: string, partitions: arrayOf(int32) }),
 *   feature: tagged(0, int32, -1),                   // a tagged field of the flexible versions
 * });
 * type Request = Read<typeof request>;
 * ```
 */
export interface Type<T, W = T> {
  read(from: Reader): T;
  write(to: Writer, value: W): void;
  /** Of a tagged field: it stands at the end of its structure, under this number. */
  readonly tag?: number;
  /** Of a tagged field: what stands for its absence. */
  readonly absent?: T;
}

export type Fields = Readonly<Record<string, Type<unknown, unknown>>>;
/** What reading a layout gives. */
export type Read<S> = S extends Type<infer T, infer _W> ? T : never;
/** What writing a layout takes. */
export type Written<S> = S extends Type<infer _T, infer W> ? W : never;

type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends Written<F[K]> ? K : never }[keyof F];
export type ReadFields<F extends Fields> = { readonly [K in keyof F]: Read<F[K]> };
export type WrittenFields<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Written<F[K]> } & { readonly [K in OptionalKeys<F>]?: Written<F[K]> };

export const int8: Type<number> = { read: from => from.int8(), write: (to, value) => to.int8(value) };
export const int16: Type<number> = { read: from => from.int16(), write: (to, value) => to.int16(value) };
export const int32: Type<number> = { read: from => from.int32(), write: (to, value) => to.int32(value) };
export const int64: Type<number> = { read: from => from.int64(), write: (to, value) => to.int64(value) };
export const float64: Type<number> = { read: from => from.float64(), write: (to, value) => to.float64(value) };
export const bool: Type<boolean> = { read: from => from.int8() !== 0, write: (to, value) => to.int8(value ? 1 : 0) };
export const uuid: Type<string> = { read: from => from.uuid(), write: (to, value) => to.uuid(value) };
export const nullableString: Type<string | null> = { read: from => from.string(), write: (to, value) => to.string(value) };
export const string: Type<string> = { read: from => required(from.string(), 'a string'), write: (to, value) => to.string(value) };
export const nullableBytes: Type<Buffer | null> = { read: from => from.bytes(), write: (to, value) => to.bytes(value) };
export const bytes: Type<Buffer> = { read: from => required(from.bytes(), 'a byte field'), write: (to, value) => to.bytes(value) };
/** Record batches, one behind the other. Written out of as many buffers as there are. */
export const records: Type<Buffer | null, readonly Buffer[] | null> = { read: from => from.bytes(), write: (to, value) => to.pieces(value) };

/** The zero id: "no topic id". */
export const NO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

export function nullableArrayOf<T, W>(element: Type<T, W>): Type<T[] | null, readonly W[] | null> {
  return {
    read(from) {
      const count = from.count();
      if (count === null) return null;
      const values: T[] = [];
      for (let index = 0; index < count; index++) values.push(element.read(from));
      return values;
    },
    write(to, values) {
      to.count(values?.length ?? null);
      for (const value of values ?? []) element.write(to, value);
    },
  };
}

export function arrayOf<T, W>(element: Type<T, W>): Type<T[], readonly W[]> {
  const nullable = nullableArrayOf(element);
  return { read: from => required(nullable.read(from), 'an array'), write: (to, values) => nullable.write(to, values) };
}

export function array<F extends Fields>(fields: F): Type<ReadFields<F>[], readonly WrittenFields<F>[]> {
  return arrayOf(struct(fields));
}

export function nullableArray<F extends Fields>(fields: F): Type<ReadFields<F>[] | null, readonly WrittenFields<F>[] | null> {
  return nullableArrayOf(struct(fields));
}

/** Fields in this order, tagged ones last. */
export function struct<F extends Fields>(fields: F): Type<ReadFields<F>, WrittenFields<F>> {
  const plain = Object.entries(fields).filter(([, type]) => type.tag === undefined);
  const tagged = Object.entries(fields).filter(([, type]) => type.tag !== undefined);
  return {
    read(from) {
      const value: Record<string, unknown> = {};
      for (const [name, type] of plain) value[name] = type.read(from);
      for (const [name, type] of tagged) value[name] = type.absent;
      from.taggedFields((tag, field) => {
        const known = tagged.find(([, type]) => type.tag === tag);
        if (known !== undefined) value[known[0]] = known[1].read(field);
      });
      return value as ReadFields<F>;
    },
    write(to, value) {
      const values = value as Readonly<Record<string, unknown>>;
      for (const [name, type] of plain) type.write(to, values[name]);
      if (!to.flexible) return;
      const present = tagged.filter(([name, type]) => values[name] !== undefined && values[name] !== type.absent);
      to.taggedFields(present.map(([name, type]) => ({ tag: type.tag ?? 0, write: field => type.write(field, values[name]) })));
    },
  };
}

/** There from this version on. Below, `absent` is read, and nothing is written. */
export function since<T, W>(version: number, type: Type<T, W>, absent: T): Type<T, W> {
  return between(version, Infinity, type, absent);
}

/** There up to this version, included. */
export function until<T, W>(version: number, type: Type<T, W>, absent: T): Type<T, W> {
  return between(0, version, type, absent);
}

export function between<T, W>(first: number, last: number, type: Type<T, W>, absent: T): Type<T, W> {
  return {
    read: from => (from.version >= first && from.version <= last ? type.read(from) : absent),
    write: (to, value) => void (to.version >= first && to.version <= last && type.write(to, value)),
  };
}

/** May be left out when it is written. */
export function defaulted<T, W>(type: Type<T, W>, value: W): Type<T, W | undefined> {
  return { read: from => type.read(from), write: (to, written) => type.write(to, written === undefined ? value : written) };
}

/** A tagged field of the flexible versions; not written where it is `absent`. Its numbers must rise within a structure. */
export function tagged<T, W>(tag: number, type: Type<T, W>, absent: T): Type<T, W | undefined> {
  return { read: from => type.read(from), write: (to, value) => void (value !== undefined && type.write(to, value)), tag, absent };
}

/** A tagged structure; null is not written. */
export function taggedStruct<F extends Fields>(tag: number, fields: F): Type<ReadFields<F> | null, WrittenFields<F> | null | undefined> {
  const type = struct(fields);
  return { read: from => type.read(from), write: (to, value) => void (value != null && type.write(to, value)), tag, absent: null };
}

/** `throttleTimeMs` of a response from this version on: nobody is throttled here. */
export function throttleTime(version: number): Type<number, number | undefined> {
  return defaulted(since(version, int32, 0), 0);
}

function required<T>(value: T | null, what: string): T {
  if (value === null) throw new ProtocolError(`${what} is null where it must not be`);
  return value;
}
