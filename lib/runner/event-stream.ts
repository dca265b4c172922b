import { Observable, type Observer, type Operator, Subscriber, type Subscription, type TeardownLogic } from 'rxjs';

/**
 * Events for code of the application. RxJS throws what a subscriber throws as an uncaught exception, which would end the process
 * and the handlers in flight with it: here it is reported, and the subscriber gets the next event. So it is behind operators.
 */
export class EventStream<T> extends Observable<T> {
  constructor(
    private readonly report: (error: unknown) => void,
    connect?: (subscriber: Subscriber<T>) => TeardownLogic,
  ) {
    super(connect);
  }

  override subscribe(listener?: Partial<Observer<T>> | ((value: T) => void) | null): Subscription {
    // An operator, which hands what it cannot handle on to its own subscriber.
    if (listener instanceof Subscriber) return super.subscribe(listener);
    const observer = typeof listener === 'function' ? { next: listener } : (listener ?? {});
    return super.subscribe({
      next: (value) => this.guarded(() => observer.next?.(value)),
      error: (error: unknown) => this.guarded(() => (observer.error ? observer.error(error) : this.report(error))),
      complete: () => this.guarded(() => observer.complete?.()),
    });
  }

  /* eslint-disable @typescript-eslint/no-deprecated -- the one way to stay in charge behind `pipe`; meant for classes like this one */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new EventStream<R>(this.report);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }
  /* eslint-enable @typescript-eslint/no-deprecated */

  private guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.report(error);
    }
  }
}
