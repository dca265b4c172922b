import type { CommittedOffset, MemberIdentity } from './wire.js';

type Commit = Pick<CommittedOffset, 'offset' | 'metadata'>;

/**
 * Commits of one partition whose connection was given up before the answer. A broker that was frozen, or a proxy on the way, may
 * still bring them to the coordinator, behind a newer one that has been acknowledged: Kafka then has the older offset. Only
 * another commit mends that, so the partition's newest state is repeated until nothing old is to be expected any more. A newer
 * generation ends the doubt at once: the coordinator refuses what was sent under an older one.
 */
export class UnansweredCommits {
  private readonly commits = new Set<string>();
  private identity: MemberIdentity | null = null;
  private untilMs = Infinity;

  get isAny(): boolean {
    return this.identity !== null;
  }

  has(commit: Commit): boolean {
    return this.commits.has(textOf(commit));
  }

  add(identity: MemberIdentity, commit: Commit): void {
    this.identity = identity;
    this.untilMs = Infinity;
    this.commits.add(textOf(commit));
  }

  /** A newer commit is acknowledged: whether an old one may still be stored over it. That is believed for `patienceMs`. */
  mayFollow(identity: MemberIdentity, nowMs: number, patienceMs: number): boolean {
    if (this.identity === null) return false;
    this.untilMs = Math.min(this.untilMs, nowMs + patienceMs);
    const isFenced = identity.memberId !== this.identity.memberId || identity.generation !== this.identity.generation;
    if (isFenced || nowMs >= this.untilMs) this.clear();
    return this.isAny;
  }

  private clear(): void {
    this.identity = null;
    this.untilMs = Infinity;
    this.commits.clear();
  }
}

function textOf({ offset, metadata }: Commit): string {
  return `${offset} ${metadata}`;
}
