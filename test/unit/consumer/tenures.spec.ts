import { decide } from '../../../lib/consumer/decisions.js';
import { HookOrder } from '../../../lib/consumer/hook-order.js';
import { Tenure } from '../../../lib/consumer/tenure.js';
import { settle } from '../../support/fake-fetch-wire.js';

const a = (partition: number): { topic: string; partition: number } => ({ topic: 'a', partition });

describe('what an assignment means', () => {
  const had = [a(0), a(1), a(2)];
  const assigned = new Map([['a', [0, 5, 5]]]);

  it('under a leader that honours claims: withheld partitions are revoked, beaten ones lost', () => {
    const decisions = decide(had, assigned, { honoured: true, lost: new Map([['a', [2]]]) });
    expect(decisions).toEqual({ kept: [a(0)], revoked: [a(1)], lost: [a(2)], added: [a(5)] });
  });

  it('under another leader: what is not assigned is lost', () => {
    expect(decide(had, assigned, { honoured: false, lost: new Map() })).toEqual({ kept: [a(0)], revoked: [], lost: [a(1), a(2)], added: [a(5)] });
  });
});

describe('a tenure', () => {
  it('ends once, and does not come back from its end', async () => {
    const tenure = new Tenure('a', 0);
    let hasEnded = false;
    void tenure.ended.then(() => (hasEnded = true));
    tenure.enter('owned');
    tenure.enter('revoking');
    tenure.enter('owned');
    await settle();
    expect(hasEnded).toBe(false);
    tenure.enter('lost');
    await settle();
    expect(hasEnded).toBe(true);
    expect(() => tenure.enter('owned')).toThrow('a/0 cannot go from lost to owned');
  });

  it('keeps the earlier of two deadlines, and none once it is owned again', () => {
    const tenure = new Tenure('a', 0);
    const timers = new Set<number>();
    const limit = (dueMs: number): void =>
      tenure.limitDrain(dueMs, () => {
        timers.add(dueMs);
        return () => void timers.delete(dueMs);
      });
    tenure.enter('revoking');
    for (const dueMs of [100, 200, 50]) limit(dueMs);
    expect([...timers]).toEqual([50]);
    tenure.enter('owned');
    expect([...timers]).toEqual([]);
  });
});

describe('hooks of a partition', () => {
  it('wait for those that were begun for it before, and for no others', async () => {
    const order = new HookOrder();
    const done: string[] = [];
    let end = (): void => {};
    void order.follow([a(0), a(1)], () => new Promise((resolve) => (end = resolve)));
    void order.follow([a(1)], async () => void done.push('a/1'));
    void order.follow([a(2)], async () => void done.push('a/2'));
    void order.settled([a(0)]).then(() => done.push('settled'));
    await settle();
    expect(done).toEqual(['a/2']);
    end();
    await settle();
    expect(done.sort()).toEqual(['a/1', 'a/2', 'settled']);
  });
});
