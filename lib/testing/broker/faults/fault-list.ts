import { type Fault, PASS, type SeenRequest, type Verdict } from './fault.js';

/** The faults of a cluster, in the order of their injection: the first that has a verdict decides. */
export class FaultList {
  readonly #faults = new Set<Fault>();

  add(fault: Fault): () => void {
    this.#faults.add(fault);
    return () => void this.#faults.delete(fault);
  }

  judge(seen: SeenRequest, _remembered: unknown, _onClose: (work: () => void) => () => void): Verdict | Promise<Verdict> {
    for (const fault of this.#faults) {
      const verdict = fault(seen);
      if (verdict !== undefined) return verdict;
    }
    return PASS;
  }
}
