import type { HandlerQueue } from '../engine/handler-queue.js';
import { KafkaAmbiguousTopicError } from './errors.js';

/** What a handler reads: topics that it names, and those that its patterns match. */
export interface Route {
  readonly handler: HandlerQueue;
  readonly topics: readonly string[];
  readonly patterns: readonly RegExp[];
}

export interface TopicRoutesDependencies {
  readonly groupId: string;
  /** Topics that no pattern matches. */
  readonly isReserved: (topic: string) => boolean;
  /** Told of a topic that patterns of two handlers match, whenever it is asked about. Nobody reads it. */
  readonly ambiguous: (error: KafkaAmbiguousTopicError) => void;
}

/** Which handler of a group reads a topic. */
export class TopicRoutes {
  /** The topics that are named. */
  readonly named: readonly string[];
  private readonly byTopic = new Map<string, HandlerQueue>();
  private readonly patterns: readonly { readonly pattern: RegExp; readonly handler: HandlerQueue }[];

  constructor(
    routes: readonly Route[],
    private readonly deps: TopicRoutesDependencies,
  ) {
    for (const { topics, handler } of routes) for (const topic of topics) this.byTopic.set(topic, handler);
    this.named = [...this.byTopic.keys()];
    this.patterns = routes.flatMap(({ patterns, handler }) => patterns.map((pattern) => ({ pattern, handler })));
  }

  get hasPatterns(): boolean {
    return this.patterns.length > 0;
  }
  has(topic: string): boolean {
    return this.get(topic) !== undefined;
  }
  get(topic: string): HandlerQueue | undefined {
    const found = this.byTopic.get(topic) ?? this.match(topic);
    if (found !== undefined) this.byTopic.set(topic, found);
    return found;
  }

  /** What the patterns have found among these topics, a line for each, for the log. */
  describe(topics: Iterable<string>): string[] {
    const all = [...topics].sort();
    return this.patterns.map(({ pattern, handler }) => {
      const found = all.filter((topic) => this.get(topic) === handler && matches(pattern, topic));
      const shown = found.length > MOST_SHOWN ? `${found.slice(0, MOST_SHOWN).join(', ')} and ${found.length - MOST_SHOWN} more` : found.join(', ');
      return `${handler.handler.name}: ${String(pattern)} matches ${found.length === 0 ? 'no topic yet' : shown}`;
    });
  }

  private match(topic: string): HandlerQueue | undefined {
    if (!this.hasPatterns || this.deps.isReserved(topic)) return undefined;
    const found = [...new Set(this.patterns.filter(({ pattern }) => matches(pattern, topic)).map(({ handler }) => handler))];
    if (found.length < 2) return found[0];
    this.deps.ambiguous(new KafkaAmbiguousTopicError(topic, this.deps.groupId, found.map(({ handler }) => handler.name)));
    return undefined;
  }
}

const MOST_SHOWN = 20;

/** Unlike `test`, this leaves a pattern with the flag g or y where it was. */
export function matches(pattern: RegExp, topic: string): boolean {
  return topic.search(pattern) >= 0;
}
