import type { Group } from './group.js';

/** The topics that some member of a consumer group has subscribed to. Null where they cannot be known: then it may be any. */
export function subscribedTopics({ members, protocolName }: Pick<Group, 'members' | 'protocolName'>): ReadonlySet<string> | null {
  const topics = new Set<string>();
  for (const member of members.all) {
    const found = topicsOf(member.metadata(protocolName ?? ''));
    if (found === null) return null;
    for (const topic of found) topics.add(topic);
  }
  return topics;
}

/** Every version of the consumer protocol begins with its version and the topics. */
export function topicsOf(metadata: Buffer): string[] | null {
  if (metadata.length < 6) return null;
  const topics: string[] = [];
  let position = 6;
  for (let left = metadata.readInt32BE(2); left > 0; left--) {
    if (position + 2 > metadata.length) return null;
    const start = position + 2;
    position = start + metadata.readUInt16BE(position);
    if (position > metadata.length) return null;
    topics.push(metadata.toString('utf8', start, position));
  }
  return topics;
}
