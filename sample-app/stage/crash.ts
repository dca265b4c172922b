import type { LedgerEntry } from '../ledger-entry.js';
import type { LedgerReader } from './ledger-reader.js';
import { ShopProcess } from './shop-process.js';
import type { Stage } from './stage.js';
import { until } from './until.js';

/** Kills shops and starts them again. */
export class Crash {
  /** Wall clock of the kill, by process. */
  readonly killedAtMs = new Map<number, number>();
  /** From the last kill to the first line that the next process wrote. */
  lastOutageMs = 0;
  private lastKillMs = 0;

  constructor(
    private readonly stage: Stage,
    private readonly ledger: LedgerReader,
    private readonly settings: Readonly<Record<string, string | number>>,
  ) {}

  /** Resolves when the shop has handled its first order. */
  async start(): Promise<ShopProcess> {
    const shop = ShopProcess.start(this.stage, { settings: this.settings });
    await until(this.stage, () => {
      shop.assertRunning();
      return this.ledger.read().at(-1)?.pid === shop.pid;
    });
    if (this.lastKillMs > 0) this.lastOutageMs = Date.now() - this.lastKillMs;
    return shop;
  }

  async kill(shop: ShopProcess): Promise<void> {
    this.lastKillMs = Date.now();
    this.killedAtMs.set(shop.pid, this.lastKillMs);
    await shop.kill();
  }
}

/**
 * Of the records that were handled again: how long before the kill of its process the oldest had been complete. Infinity where
 * no kill excuses the repeat.
 */
export function oldestRepeatMs(entries: readonly LedgerEntry[], killedAtMs: ReadonlyMap<number, number>): number {
  const completedBy = new Map<string, LedgerEntry>();
  let oldestMs = 0;
  for (const entry of entries) {
    if (entry.outcome === 'failed') continue;
    const record = `${entry.groupId}/${entry.topic}/${entry.partition}/${entry.offset}`;
    const before = completedBy.get(record);
    completedBy.set(record, entry);
    if (before === undefined) continue;
    const killed = killedAtMs.get(before.pid) ?? Infinity;
    oldestMs = Math.max(oldestMs, killed - before.endMs);
  }
  return oldestMs;
}
