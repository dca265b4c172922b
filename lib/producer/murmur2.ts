const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** MurmurHash2 as Kafka's clients take it for keys: all of them put a key into the same partition. */
export function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  const blocksEnd = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < blocksEnd; at += 4) {
    let block = Math.imul(bytes.readInt32LE(at), M);
    block ^= block >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(block, M);
  }
  if (length > blocksEnd) {
    for (let at = length - 1; at >= blocksEnd; at--) hash ^= (bytes[at] ?? 0) << (8 * (at - blocksEnd));
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}
