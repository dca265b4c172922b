import type { ProduceWire, ProducerIdentity } from './produce-wire.js';

/** The identity under which partitions begin. One that an error has made doubtful is given to nobody any more. */
export class Identities {
  private newest: ProducerIdentity | null = null;
  private asking: Promise<ProducerIdentity> | null = null;

  constructor(private readonly wire: Pick<ProduceWire, 'newIdentity'>) {}

  /** @throws WireError */
  current(): Promise<ProducerIdentity> {
    if (this.newest !== null) return Promise.resolve(this.newest);
    this.asking ??= this.ask();
    return this.asking;
  }

  /** At once: a partition that began again under the same identity would have its records taken for repetitions. */
  retire(identity: ProducerIdentity): void {
    if (this.newest === identity) this.newest = null;
  }

  private async ask(): Promise<ProducerIdentity> {
    try {
      this.newest = await this.wire.newIdentity();
      return this.newest;
    } finally {
      this.asking = null;
    }
  }
}
