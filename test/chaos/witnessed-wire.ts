import type { OffsetCommit, Wire } from '../../lib/consumer/wire.js';

export interface Witness {
  /** The coordinator has answered, so the member was known when it was asked. */
  readonly proven: (sentAtMs: number) => void;
  /** Nobody knows what became of these, and they may still arrive. */
  readonly unanswered: (offsets: readonly OffsetCommit[]) => void;
}

/** A wire that tells what the ledger needs to know of the coordinator's answers. */
export function witnessed(wire: Wire, { proven, unanswered }: Witness): Wire {
  async function witness<T>(request: () => Promise<T>): Promise<T> {
    const sentAtMs = performance.timeOrigin + performance.now();
    const answer = await request();
    proven(sentAtMs);
    return answer;
  }
  return {
    connect: () => wire.connect(),
    close: () => wire.close(),
    topics: () => wire.topics(),
    metadata: (topics) => wire.metadata(topics),
    fetch: (request) => wire.fetch(request),
    offsets: (queries) => wire.offsets(queries),
    join: (request) => wire.join(request),
    sync: (request) => witness(() => wire.sync(request)),
    heartbeat: (identity) => witness(() => wire.heartbeat(identity)),
    commit: async (identity, offsets) => {
      try {
        return await wire.commit(identity, offsets);
      } catch (error) {
        unanswered(offsets);
        throw error;
      }
    },
    committed: (partitions) => wire.committed(partitions),
    leave: (identity) => wire.leave(identity),
  };
}
