import { Ledger } from '../support/ledger.js';
import { ChaosMember, type MemberConfig } from './member.js';

/** A process of the group. It joins at once; told 'leave' and 'join' it does so; it ends with a SIGTERM, or with its parent. */
const config = JSON.parse(process.env['CHAOS_WORKER'] ?? '') as MemberConfig;
const ledger = new Ledger(config.ledger);
let member: ChaosMember | null = null;
let turns: Promise<void> = Promise.resolve();

async function join(): Promise<void> {
  member ??= new ChaosMember(config, ledger);
  await member.start();
  ledger.write({ event: 'ready' });
  process.send?.('joined');
}
async function leave(): Promise<void> {
  const leaving = member;
  member = null;
  if (leaving !== null) {
    ledger.write({ event: 'stopping' });
    await leaving.stop();
    ledger.write({ event: 'stopped' });
  }
  process.send?.('left');
}
/** One after the other, whatever comes meanwhile. */
function queue(turn: () => Promise<void>): void {
  turns = turns.then(turn).catch((error: unknown) => {
    ledger.write({ event: 'complaint', text: `the process has failed: ${String(error)}` });
    process.exit(1);
  });
}

process.on('message', (what) => queue(what === 'join' ? join : leave));
process.on('disconnect', () => process.exit(2));
process.once('SIGTERM', () =>
  queue(async () => {
    await leave();
    process.exit(0);
  }),
);
queue(join);
