import { decodeCompleteBits, encodeCompleteBits } from './complete-bits.js';
import { CompletedRanges } from './completed-ranges.js';
import { crc32 } from './crc32.js';
import type { IncompleteRuns } from './incomplete-runs.js';
import { packText, packedCapacity, unpackText } from './packed-text.js';
import { decodeRunLengths, encodeRunLengths, type Carried } from './run-lengths.js';

/**
 * The offset map: which offsets above a committed one are complete, as text for the commit's metadata (docs/offset-map.md).
 *
 * ```
 *  k m t 1 | form | payload ........................... | CRC-32 over base, form, payload |
 *  4 units |<------------------ packed, 15 bits to a unit ------------------------------->|
 * ```
 *
 * The committed offset itself is the base. It is not written: it is part of what is checked, so a map that has come apart
 * from its offset is no map.
 */
const MARK = 'kmt';
const VERSION = '1';
const HEADER = MARK + VERSION;

const Form = { runLengths: 0, bits: 1, deflatedRunLengths: 2 } as const;

/** Kafka's requests cannot carry a longer string: 32,767 bytes, three to a unit. */
const MAX_CHARS = 10_922;
const FORM_BYTES = 1;
const CRC_BYTES = 4;
/** Run lengths before deflating and after inflating, at most. */
const MAX_RUN_LENGTH_BYTES = 65_536;
/** A complete stretch and the gap before it take at least two bits: what is behind so many of them fits into no form. */
const MAX_STRETCHES = 4 * packedCapacity(MAX_CHARS);
/** Deflating less than this saves no more than a few units, and costs more time than all the rest. */
const WORTH_DEFLATING_BYTES = 512;
const DEFLATE_ATTEMPTS = 5;
/** A prefix that fills its room to this share is long enough. */
const FILLED = 0.98;

/** Raw deflate (RFC 1951), handed in because the engine imports nothing. */
export interface OffsetMapCompression {
  deflate(bytes: Uint8Array): Uint8Array;
  /** Throws where the bytes are not deflated or would become more than `maxBytes`. */
  inflate(bytes: Uint8Array, maxBytes: number): Uint8Array;
}

export interface EncodedOffsetMap {
  /** Empty when nothing above the watermark is complete, or when not even the first complete offset fits. */
  readonly metadata: string;
  /** The offset after the last complete one that is carried; the watermark where none is. What is complete from here on will be repeated. */
  readonly end: number;
}

export interface DecodedOffsetMap {
  readonly completed: CompletedRanges;
  /** For the log: why the metadata is not used, and with what consequence. Null where it is, and where there is none. */
  readonly problem: string | null;
}

/**
 * Writes down what is complete from `watermark` (the offset to commit) to `end`: everything that `runs` does not name.
 * `limit.chars` is what the broker takes, in UTF-16 units (`offset.metadata.max.bytes`, 4096 by default). Where the whole does
 * not fit, the longest prefix does: exactly so without `compression`, at least that with it. Never throws.
 */
export function encodeOffsetMap(
  watermark: number,
  runs: IncompleteRuns,
  end: number,
  limit: { readonly chars: number },
  compression?: OffsetMapCompression,
): EncodedOffsetMap {
  const complete = completeStretches(watermark, runs, end);
  const units = Math.min(limit.chars, MAX_CHARS) - HEADER.length;
  const room = packedCapacity(units) - FORM_BYTES - CRC_BYTES;
  if (complete.length === 0 || !(room > 0)) return { metadata: '', end: watermark };

  const { form, carried } = chooseForm(complete, room, compression);
  if (carried.span === 0) return { metadata: '', end: watermark };
  return { metadata: HEADER + packText(frame(form, carried.bytes, watermark)), end: watermark + carried.span };
}

/**
 * Reads what `encodeOffsetMap` has written for the committed offset `watermark`. Anything else, whatever it is, is no map: the
 * records that it would have spared are repeated. Never throws, and its work is bounded by the length of a Kafka string.
 */
export function decodeOffsetMap(watermark: number, metadata: string | null, compression?: OffsetMapCompression): DecodedOffsetMap {
  if (metadata === null || metadata === '') return { completed: CompletedRanges.NONE, problem: null };
  if (!metadata.startsWith(MARK)) return unusable(`does not begin with "${MARK}": another program has written it`);
  if (!metadata.startsWith(HEADER)) {
    return unusable(`has version ${JSON.stringify(metadata.charAt(MARK.length))}, this member reads ${VERSION}: run the newer release on all members`);
  }
  if (metadata.length > MAX_CHARS) return unusable(`has ${metadata.length} characters, more than ${MAX_CHARS}`);
  const framed = unpackText(metadata, HEADER.length);
  if (framed === null || framed.length < FORM_BYTES + CRC_BYTES) return unusable('is cut off or altered');
  if (readUint32(framed, framed.length - CRC_BYTES) !== checksum(framed.subarray(0, -CRC_BYTES), watermark)) {
    return unusable(`is damaged, or was written for another offset than ${watermark}`);
  }
  return decodePayload(framed[0], framed.subarray(FORM_BYTES, -CRC_BYTES), watermark, compression);
}

function decodePayload(form: number, payload: Uint8Array, base: number, compression: OffsetMapCompression | undefined): DecodedOffsetMap {
  let bounds: Float64Array | null;
  if (form === Form.runLengths) bounds = decodeRunLengths(payload, base);
  else if (form === Form.bits) bounds = decodeCompleteBits(payload, base);
  else if (form === Form.deflatedRunLengths) {
    if (compression === undefined) return unusable('is deflated, and this member was given nothing to inflate it with');
    const inflated = inflate(payload, compression);
    if (inflated === null) return unusable(`does not inflate to at most ${MAX_RUN_LENGTH_BYTES} bytes`);
    bounds = decodeRunLengths(inflated, base);
  } else return unusable(`has the unknown form ${form}`);
  return bounds === null ? unusable('announces stretches that are empty or too long') : { completed: new CompletedRanges(bounds), problem: null };
}

function inflate(payload: Uint8Array, compression: OffsetMapCompression): Uint8Array | null {
  try {
    const inflated = compression.inflate(payload, MAX_RUN_LENGTH_BYTES);
    return inflated.length <= MAX_RUN_LENGTH_BYTES ? inflated : null;
  } catch {
    return null;
  }
}

function unusable(fault: string): DecodedOffsetMap {
  return { completed: CompletedRanges.NONE, problem: `The commit's metadata ${fault}. It is ignored: what it says is complete will be repeated.` };
}

/** The bounds of the complete stretches between the runs, as distances from the base. */
function completeStretches(base: number, runs: IncompleteRuns, end: number): Float64Array {
  const bounds = new Float64Array(2 * Math.min(runs.count + 1, MAX_STRETCHES));
  let used = 0;
  let open = base;
  for (let run = 0; run <= runs.count && used < bounds.length; run++) {
    const from = run < runs.count ? Math.min(runs.from(run), end) : end;
    if (from > open) {
      bounds[used++] = open - base;
      bounds[used++] = from - base;
    }
    if (run < runs.count) open = Math.max(open, runs.to(run));
  }
  return bounds.subarray(0, used);
}

interface Choice {
  readonly form: number;
  readonly carried: Carried;
}

/** Whichever carries most; of several that carry the same, the shortest. */
function chooseForm(complete: Float64Array, room: number, compression: OffsetMapCompression | undefined): Choice {
  const lengths: Choice = { form: Form.runLengths, carried: encodeRunLengths(complete, room) };
  const bits: Choice = { form: Form.bits, carried: encodeCompleteBits(complete, room) };
  const plain = isBetter(bits.carried, lengths.carried) ? bits : lengths;
  if (compression === undefined || plain.carried.bytes.length < WORTH_DEFLATING_BYTES) return plain;
  const deflated = deflateLongest(complete, room, compression);
  return deflated !== null && isBetter(deflated, plain.carried) ? { form: Form.deflatedRunLengths, carried: deflated } : plain;
}

function isBetter(one: Carried, other: Carried): boolean {
  return one.span > other.span || (one.span === other.span && one.bytes.length < other.bytes.length);
}

/**
 * A long prefix of the run lengths that fits when deflated. How much deflating saves hardly changes along the map, so the
 * result of one attempt tells the length of the next; the number of attempts bounds the time.
 */
function deflateLongest(complete: Float64Array, room: number, compression: OffsetMapCompression): Carried | null {
  const whole = complete[complete.length - 1];
  let best: Carried | null = null;
  let fits = 0;
  let tooLong = MAX_RUN_LENGTH_BYTES + 1;
  let length = Math.min(4 * room, MAX_RUN_LENGTH_BYTES);
  for (let attempt = 0; attempt < DEFLATE_ATTEMPTS && length > fits && length < tooLong; attempt++) {
    const plain = encodeRunLengths(complete, length);
    const bytes = compression.deflate(plain.bytes);
    if (bytes.length <= room) {
      best = { bytes, span: plain.span };
      fits = length;
      if (plain.span === whole || bytes.length >= FILLED * room) break;
    } else tooLong = length;
    const estimate = Math.floor((plain.bytes.length * room * (1 + FILLED)) / 2 / bytes.length);
    length = Math.min(estimate, tooLong - 1);
  }
  return best;
}

function frame(form: number, payload: Uint8Array, base: number): Uint8Array {
  const framed = new Uint8Array(FORM_BYTES + payload.length + CRC_BYTES);
  framed[0] = form;
  framed.set(payload, FORM_BYTES);
  const sum = checksum(framed.subarray(0, -CRC_BYTES), base);
  for (let index = 0; index < CRC_BYTES; index++) framed[FORM_BYTES + payload.length + index] = sum >>> (8 * index);
  return framed;
}

function checksum(formAndPayload: Uint8Array, base: number): number {
  const baseBytes = new Uint8Array(8);
  for (let index = 0, rest = base; index < baseBytes.length; index++, rest = Math.floor(rest / 256)) baseBytes[index] = rest % 256;
  return crc32(formAndPayload, crc32(baseBytes));
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
