import type { GroupHooks } from '../consumer/group-consumer.js';
import type { HookDeclaration } from '../decorators/hooks.decorator.js';
import type { HandlerPlace } from '../discovery/handler-context.js';
import type { DiscoveredMethod } from '../discovery/discovered-method.js';
import { messageOf } from '../consumer/error-text.js';
import type { KafkaPartitions } from '../interfaces/index.js';
import { settled } from '../discovery/observable-result.js';
import { inOwnContext } from './detached.js';

type Call = (partitions: KafkaPartitions) => unknown;

/** The hooks of one group, in the order of their discovery: all are called, also where one throws. */
export function groupHooks(place: HandlerPlace, hooks: readonly DiscoveredMethod<HookDeclaration>[]): GroupHooks {
  const own = hooks.filter(({ declaration }) => declaration.groupId === undefined || declaration.groupId === place.groupId);
  const callsOf = (kind: HookDeclaration['kind']): Call[] => own.filter(({ declaration }) => declaration.kind === kind).map(callOf);
  const [assigned, revoked] = [callsOf('assigned'), callsOf('revoked')];
  return {
    assigned: (partitions) => callAll(assigned, { ...place, partitions: partitions.map((each) => ({ ...each })), reason: 'assigned' }),
    revoked: (partitions, reason) => callAll(revoked, { ...place, partitions: partitions.map((each) => ({ ...each })), reason }),
  };
}

function callOf({ wrapper, method }: DiscoveredMethod<unknown>): Call {
  const instance = wrapper.instance as Record<string, Call>;
  return (partitions) => instance[method](partitions);
}

async function callAll(calls: readonly Call[], partitions: KafkaPartitions): Promise<void> {
  const outcomes = await Promise.allSettled(calls.map((call) => inOwnContext(async () => settled(call(partitions)))));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join('; '));
  if (errors.length === 1) throw errors[0];
}
