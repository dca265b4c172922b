/** The name under which members of this library find each other. Never 'cooperative-sticky': Kafka's own clients mean something else by it. */
export const PROTOCOL = 'kafka-many-threads';

/**
 * The same assignor under the name of kafkajs's default one, so that a group can change over member by member. Which name the
 * group has chosen says nothing about its leader: what its mark says does (`decodeMark`).
 */
export const KAFKAJS_PROTOCOL = 'RoundRobinAssigner';

/** In order of preference, for JoinGroup. */
export const PROTOCOLS = [PROTOCOL, KAFKAJS_PROTOCOL] as const;

/** Version of Kafka's member metadata and assignment around our user data: the one that kafkajs writes and every tool reads. */
export const CONSUMER_PROTOCOL_VERSION = 0;
