import { messageOf } from './error-text.js';
import { WireError } from './wire.js';

/** What a person can do about a failure, by its code: Kafka's name of the error, or that of Node or the client library. */
const REMEDIES: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: 'Check `client.sasl`: mechanism, username and password.',
  UNSUPPORTED_SASL_MECHANISM: 'Set `client.sasl.mechanism` to one that the listener of the broker offers.',
  TOPIC_AUTHORIZATION_FAILED: 'Allow the user of `client.sasl` the operations Describe and Read on the topic, or map another one in `topics`.',
  GROUP_AUTHORIZATION_FAILED: 'Allow the user of `client.sasl` the operation Read on the group.',
  CLUSTER_AUTHORIZATION_FAILED: 'Allow the user of `client.sasl` what it asks of the cluster.',
  INVALID_TOPIC_EXCEPTION: 'Correct the name in the decorator, or in `topics`.',
  INVALID_GROUP_ID: 'Correct the `groupId`.',
  INVALID_SESSION_TIMEOUT:
    'Set `sessionTimeoutMs` between group.min.session.timeout.ms and group.max.session.timeout.ms of the broker (6000 and 1800000 unless they were changed).',
  INCONSISTENT_GROUP_PROTOCOL:
    'Other members of the group assign partitions in another way, or are no consumers of the classic protocol: give this application a groupId of its own, or stop those first.',
  INVALID_ASSIGNMENT: 'Give this application a groupId of its own.',
  GROUP_MAX_SIZE_REACHED: 'Run fewer members, or raise group.max.size of the broker.',
  UNSUPPORTED_VERSION: 'Use a broker of version 0.11 or later.',
  MESSAGE_TOO_LARGE: 'Subscribe one group to fewer topics, or raise message.max.bytes of the broker.',

  ENOTFOUND: 'DNS does not know that name. Where it is none of `client.brokers`, a broker has told it: correct its advertised.listeners.',
  EAI_AGAIN: 'DNS does not answer.',
  ECONNREFUSED: 'Nothing listens there. Check `client.brokers`, and whether the broker runs.',
  CONNECTION_CLOSED: 'A listener with TLS ends connections without it, and one with SASL those without credentials: check `client.ssl` and `client.sasl`.',
  EPROTO: 'The listener does not speak TLS, or another version of it: check `client.ssl`, and the port in `client.brokers`.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Give the certificate of the broker, or its CA, in `client.ssl.ca`.',
  SELF_SIGNED_CERT_IN_CHAIN: 'Give the CA of the broker in `client.ssl.ca`.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Give the CA of the broker in `client.ssl.ca`.',
  CERT_HAS_EXPIRED: 'The certificate of the broker has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the broker is for another host: use the name that it has in `client.brokers`.',
};

/** Empty where nothing is known that helps. */
export function remedyOf(code: string): string {
  return Object.hasOwn(REMEDIES, code) ? (REMEDIES[code] ?? '') : '';
}

/** What has failed, and what helps. */
export function explained(error: unknown): string {
  return error instanceof WireError && remedyOf(error.code) !== '' ? sentences(error.message, remedyOf(error.code)) : messageOf(error);
}

/** One sentence after the other, whether or not the first ends as one. */
export function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').map((part) => (/[.?!]$/.test(part) ? part : `${part}.`)).join(' ');
}
