import { nameOf } from './decisions.js';
import type { TopicPartition } from './wire.js';

/** The hooks of one partition run one after the other, also where it is lost and taken again; those of others go on. */
export class HookOrder {
  private readonly last = new Map<string, Promise<void>>();

  /** Resolves when what was begun for these partitions has ended. */
  async settled(partitions: readonly TopicPartition[]): Promise<void> {
    await Promise.all(partitions.flatMap((partition) => this.last.get(nameOf(partition)) ?? []));
  }

  follow(partitions: readonly TopicPartition[], work: () => Promise<void>): Promise<void> {
    if (partitions.length === 0) return Promise.resolve();
    const names = partitions.map(nameOf);
    const running = this.settled(partitions).then(work);
    for (const name of names) this.last.set(name, running);
    return running.finally(() => {
      for (const name of names) if (this.last.get(name) === running) this.last.delete(name);
    });
  }
}
