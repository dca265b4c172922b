import { WireError } from '../../../lib/consumer/wire.js';
import { checkBroker, checkCluster, type KafkajsRequestQueue } from '../../../lib/kafkajs/kafkajs-types.js';
import { guard } from '../../../lib/kafkajs/patches.js';

interface RealQueue extends KafkajsRequestQueue {
  push(request: object): void;
  maybeThrottle(ms: number): void;
}

function realQueue(): RealQueue {
  const RequestQueue = jest.requireActual<new (options: object) => RealQueue>('kafkajs/src/network/requestQueue');
  return new RequestQueue({ maxInFlightRequests: null, requestTimeout: 1_000, enforceRequestTimeout: false, clientId: 'c', broker: 'b', logger: { debug() {} } });
}

describe("a request queue of kafkajs's", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('wakes up for ever where nobody guards it, which is why we do', () => {
    const queue = realQueue();
    queue.scheduleCheckPendingRequests();
    jest.advanceTimersByTime(1_000);
    expect(jest.getTimerCount()).toBe(1);
  });

  it('has no timer while nothing waits', () => {
    const queue = realQueue();
    guard({ requestQueue: queue });
    queue.scheduleCheckPendingRequests();
    queue.push({ entry: { correlationId: 1 }, expectResponse: true, sendRequest() {} });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('still sends what has to wait for a broker that asked for quiet', () => {
    const queue = realQueue();
    guard({ requestQueue: queue });
    const sendRequest = jest.fn();
    queue.maybeThrottle(500);
    queue.push({ entry: { correlationId: 1 }, expectResponse: true, sendRequest });
    jest.advanceTimersByTime(400);
    expect(sendRequest).not.toHaveBeenCalled();
    jest.advanceTimersByTime(200);
    expect(sendRequest).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('another kafkajs than the one we build on', () => {
  it('is refused with what it lacks and which version would do', () => {
    const check = (): unknown => checkCluster({ connectionPoolBuilder: { build() {} }, brokerPool: {}, rootLogger: { namespace() {} } });
    expect(check).toThrow(WireError);
    expect(check).toThrow(/kafkajs 2\.2\.4 lacks .*: Cluster\.brokerPool\.createBroker\. Install kafkajs 2\.2\.4\./);
    expect(() => checkBroker(undefined)).toThrow(/Broker\.connect, .*Broker\.offsetFetch/);
  });
});
