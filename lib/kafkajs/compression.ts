import { promisify } from 'node:util';
import { gzip, unzip } from 'node:zlib';
import kafkajs from 'kafkajs';
import { WireError } from '../consumer/wire.js';
import { CorruptError } from './byte-reader.js';
import { isError, messageOf } from './errors.js';

/** What one batch may unpack to. A megabyte of zeros packs to a kilobyte, so that the size of a fetch is no limit. */
export const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

const NONE = 0;
const GZIP = 1;
const NAMES: readonly string[] = ['None', 'GZIP', 'Snappy', 'LZ4', 'ZSTD'];
const gunzip = promisify(unzip);
const deflate = promisify(gzip);

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/**
 * Unpacks the records of one batch. GZIP is Node's, with a limit on what it unpacks to; all others are those that the
 * application has registered with kafkajs, whose size only they can limit.
 * @throws CorruptError that names the codec, where it is missing or fails.
 */
export async function unpack(type: number, bytes: Buffer): Promise<Buffer> {
  const name = NAMES[type] ?? `type ${type}`;
  const codec = type === GZIP ? null : registeredCodec(type, name);
  try {
    const unpacked = codec === null ? await gunzip(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) : await codec.decompress(bytes);
    if (unpacked.length <= MAX_UNPACKED_BYTES) return unpacked;
  } catch (error) {
    if (!isTooLarge(error)) throw new CorruptError(`a batch does not unpack with ${name}: ${messageOf(error)}`);
  }
  throw new CorruptError(`a batch unpacks with ${name} to more than ${MAX_UNPACKED_BYTES} bytes`);
}

/** @throws WireError 'fatal' for a compression that kafkajs has no codec for */
export function requireCodec(type: number): void {
  if (type === NONE || type === GZIP) return;
  try {
    registeredCodec(type, NAMES[type] ?? `type ${type}`);
  } catch (error) {
    throw new WireError('fatal', 'UNSUPPORTED_COMPRESSION_TYPE', messageOf(error), { cause: error });
  }
}

/** Packs the records of one batch. @throws WireError 'fatal' where the codec fails */
export async function pack(type: number, bytes: Buffer): Promise<Buffer> {
  const name = NAMES[type] ?? `type ${type}`;
  try {
    return type === GZIP ? await deflate(bytes) : await registeredCodec(type, name).compress({ buffer: bytes });
  } catch (error) {
    throw new WireError('fatal', 'UNSUPPORTED_COMPRESSION_TYPE', `records cannot be packed with ${name}: ${messageOf(error)}`, { cause: error });
  }
}

function registeredCodec(type: number, name: string): Codec {
  const make = (kafkajs.CompressionCodecs as Record<number, () => Codec>)[type];
  try {
    if (make !== undefined) return make();
  } catch {
    // kafkajs fills the places of codecs that it lacks with functions that throw.
  }
  throw new CorruptError(
    `records are packed with ${name}, and kafkajs has no codec for it. Register one: CompressionCodecs[CompressionTypes.${name}] = () => codec`,
  );
}

function isTooLarge(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
