import type { SeenRequest } from './fault.js';

/** A request that was seen, for a test to look at afterwards. */
export interface RecordedRequest extends SeenRequest {
  /** When it arrived, in milliseconds since 1970. */
  readonly atMs: number;
}

const REMEMBERED = 10_000;

/** The last 10,000 requests, the oldest first. */
export class RequestHistory {
  private recorded: RecordedRequest[] = [];

  add(request: RecordedRequest): void {
    // Half at a time: moving the rest for every request would be what a busy broker does most.
    if (this.recorded.length === 2 * REMEMBERED) this.recorded = this.recorded.slice(REMEMBERED);
    this.recorded.push(request);
  }

  get all(): readonly RecordedRequest[] {
    return this.recorded.slice(-REMEMBERED);
  }
}
