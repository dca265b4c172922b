import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { OffsetMapCompression } from '../engine/offset-map.js';

/** Raw deflate by Node's zlib. */
export const zlibCompression: OffsetMapCompression = {
  deflate: (bytes) => deflateRawSync(bytes),
  inflate: (bytes, maxBytes) => inflateRawSync(bytes, { maxOutputLength: maxBytes }),
};
