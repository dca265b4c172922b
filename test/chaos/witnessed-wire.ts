import type { Wire } from '../../lib/consumer/wire.js';

/** A wire that tells when the coordinator has proven the membership: when what it answered was sent. */
export function witnessed(wire: Wire, proven: (sentAtMs: number) => void): Wire {
  async function witness<T>(request: () => Promise<T>): Promise<T> {
    const sentAtMs = performance.timeOrigin + performance.now();
    const answer = await request();
    proven(sentAtMs);
    return answer;
  }
  return {
    connect: () => wire.connect(),
    close: () => wire.close(),
    metadata: (topics) => wire.metadata(topics),
    fetch: (request) => wire.fetch(request),
    offsets: (queries) => wire.offsets(queries),
    join: (request) => wire.join(request),
    sync: (request) => witness(() => wire.sync(request)),
    heartbeat: (identity) => witness(() => wire.heartbeat(identity)),
    commit: (identity, offsets) => wire.commit(identity, offsets),
    committed: (partitions) => wire.committed(partitions),
    leave: (identity) => wire.leave(identity),
  };
}
