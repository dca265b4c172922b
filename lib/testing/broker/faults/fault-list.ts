import type { BrokerClock } from '../clock.js';
import { type Fault, PASS, type SeenRequest, type Verdict, type Waits } from './fault.js';

type OnClose = (work: () => void) => () => void;

/** The faults of a cluster, in the order of their injection: the first that has a verdict decides. */
export class FaultList {
  private readonly faults = new Set<Fault>();
  private readonly watchers = new Set<(seen: SeenRequest) => void>();

  constructor(private readonly clock: Pick<BrokerClock, 'later'>) {}

  add(fault: Fault): () => void {
    this.faults.add(fault);
    return () => void this.faults.delete(fault);
  }

  /** `look` sees every request from now on, before its fault does. Answers a function that takes it back. */
  watch(look: (seen: SeenRequest) => void): () => void {
    this.watchers.add(look);
    return () => void this.watchers.delete(look);
  }

  judge(seen: SeenRequest, onClose: OnClose): Verdict | Promise<Verdict> {
    for (const look of [...this.watchers]) look(seen);
    const waits = this.waits(onClose);
    for (const fault of this.faults) {
      const verdict = fault(seen, waits);
      if (verdict !== undefined) return verdict;
    }
    return PASS;
  }

  private waits(onClose: OnClose): Waits {
    return {
      delay: ms => kept(onClose, done => this.clock.later(ms, done)),
      until: matches => kept(onClose, done => this.watch(seen => void (matches(seen) && done()))),
    };
  }
}

/** A promise that is kept when `begin` says so, or when the connection closes. */
function kept(onClose: OnClose, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise(resolve => {
    const undos: (() => void)[] = [];
    const done = () => {
      for (const undo of undos) undo();
      resolve();
    };
    undos.push(begin(done));
    undos.push(onClose(done));
  });
}
