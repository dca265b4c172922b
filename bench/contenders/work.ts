import { BLOCKED_CALL, BLOCKED_MS, HANDLER_MS, type RunSettings, type Stamped } from '../run-settings.js';
import { Meter } from './meter.js';

/** What every contender's handler does with a value: bytes, or what they were parsed to. */
export type Work = (value: unknown) => unknown;

const WARM_UP_MS = 1_000;
const WINDOW_MS = 3_000;
/** Whoever needs longer for all records is measured by those that it has handled by then. */
const LONGEST_COUNT_MS = 12_000;

export function workOf({ workload, records }: RunSettings): Work {
  const meter = new Meter();
  switch (workload) {
    case 'sleep':
      return sleeping(meter);
    case 'nothing':
      return counting(meter, records);
    case 'latency':
      return stamping(meter);
    case 'blocked':
      return blocked(meter);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function sleeping(meter: Meter): Work {
  const begin = once(() => {
    meter.begin();
    setTimeout(() => meter.mark(), WARM_UP_MS);
    setTimeout(() => meter.finish(), WARM_UP_MS + WINDOW_MS);
  });
  return async () => {
    begin();
    meter.started();
    await sleep(HANDLER_MS);
    meter.ended();
  };
}

function counting(meter: Meter, records: number): Work {
  return () => {
    const handled = meter.passed();
    if (handled === 1) {
      meter.begin();
      setTimeout(() => meter.finish(), LONGEST_COUNT_MS);
    } else if (handled === records) meter.finish();
  };
}

function stamping(meter: Meter): Work {
  const latencies: number[] = [];
  const begin = once(() => meter.begin());
  return (value) => {
    const now = process.hrtime.bigint();
    const { sentNs, phase } = (Buffer.isBuffer(value) ? JSON.parse(value.toString()) : value) as Stamped;
    begin();
    meter.passed();
    if (phase === 'measured') latencies.push(Number(now - BigInt(sentNs)) / 1e6);
    else if (phase === 'last') {
      latencies.sort((a, b) => a - b);
      meter.finish({ p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) });
    }
  };
}

/** One call blocks; what the others complete meanwhile is measured. */
function blocked(meter: Meter): Work {
  const begin = once(() => meter.begin());
  let calls = 0;
  return async () => {
    begin();
    meter.started();
    if (++calls === BLOCKED_CALL) {
      meter.mark();
      await sleep(BLOCKED_MS);
      meter.finish();
    } else await sleep(HANDLER_MS);
    meter.ended();
  };
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? NaN;
}
