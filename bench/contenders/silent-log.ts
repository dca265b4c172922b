import type { GroupLog } from '../../lib/consumer/group-consumer.js';

export const silent: GroupLog = { info() {}, warn() {}, error: (message, error) => console.error(message, error), debug: null };
