import { filter, map, Subject } from 'rxjs';
import { EventStream } from '../../../lib/runner/event-stream.js';

describe('a stream of events for the application', () => {
  const fail = (): never => {
    throw new Error('of the application');
  };

  function setUp(): { source: Subject<number>; stream: EventStream<number>; reported: string[] } {
    const source = new Subject<number>();
    const reported: string[] = [];
    return { source, stream: new EventStream((error) => void reported.push(String(error)), (subscriber) => source.subscribe(subscriber)), reported };
  }

  it('reports what a subscriber throws, and goes on with the next event, for it and for the others', () => {
    const { source, stream, reported } = setUp();
    const [seen, others]: number[][] = [[], []];
    stream.subscribe((event) => {
      seen.push(event);
      fail();
    });
    stream.subscribe({ next: (event) => others.push(event), complete: fail });
    source.next(1);
    source.next(2);
    source.complete();
    expect([seen, others]).toEqual([[1, 2], [1, 2]]);
    expect(reported).toEqual(Array(3).fill('Error: of the application'));
  });

  it('does so behind operators, where one that throws ends its own subscription', () => {
    const { source, stream, reported } = setUp();
    const seen: number[] = [];
    stream.pipe(filter((event) => event > 1)).subscribe((event) => {
      seen.push(event);
      fail();
    });
    const doomed = stream.pipe(map(fail)).subscribe();
    for (const event of [1, 2, 3]) source.next(event);
    expect(seen).toEqual([2, 3]);
    expect(doomed.closed).toBe(true);
    expect(reported).toHaveLength(3);
  });

  it('ends for who unsubscribes', () => {
    const { source, stream } = setUp();
    const subscription = stream.pipe(filter(() => true)).subscribe();
    expect(source.observed).toBe(true);
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
  });
});
