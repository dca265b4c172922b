import type { KafkajsConnection } from './kafkajs-types.js';

/**
 * Guards against defects of kafkajs 2.2 that reach a consumer, on the connections of this consumer only: what else the
 * application does with kafkajs stays as it is. The rest of them cannot occur here, by construction:
 *
 * - a request that times out leaves a half-open connection in place: a `BrokerLink` gives it up;
 * - two requests on a connection that is down open two sockets, one of which nobody closes: a link connects once;
 * - an error during SASL leaves `connect` pending for ever: it has a deadline;
 * - closing waits for requests under way, a parked join among them: a link rejects them first;
 * - timeouts are looked for every 100 ms, by the wall clock: requests have a timer each;
 * - aborted records that are delivered, and batches too large for the stack: the decoder is ours.
 */
export function guard(connection: Pick<KafkajsConnection, 'requestQueue'>): void {
  quietWhenIdle(connection);
}

/**
 * A request queue asks itself every millisecond, for ever, whether a request waits: 1,700 wake-ups a second and 2.6 % of a
 * core for an idle connection. The question is worth a timer only while one does wait.
 */
function quietWhenIdle({ requestQueue }: Pick<KafkajsConnection, 'requestQueue'>): void {
  const schedule = requestQueue.scheduleCheckPendingRequests.bind(requestQueue);
  requestQueue.scheduleCheckPendingRequests = () => {
    if (requestQueue.pending.length > 0) schedule();
  };
}
