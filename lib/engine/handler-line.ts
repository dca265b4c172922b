import type { HandlerQueue } from './handler-queue.js';

/**
 * Handlers with ready records, first in, first out. Linked through the handlers themselves: they get in line again for every
 * record, and an array that runs empty each time would be allocated anew for each.
 */
export class HandlerLine {
  private head: HandlerQueue | null = null;
  private tail: HandlerQueue | null = null;

  push(queue: HandlerQueue): void {
    if (this.tail === null) this.head = queue;
    else this.tail.lineNext = queue;
    this.tail = queue;
  }

  shift(): HandlerQueue | null {
    const first = this.head;
    if (first === null) return null;
    this.head = first.lineNext;
    if (this.head === null) this.tail = null;
    first.lineNext = null;
    return first;
  }
}
