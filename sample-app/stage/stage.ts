import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaOf } from './kafka-of.js';
import { say, seconds } from './screen.js';

const CLEAN_UP_MS = 10_000;

/** What a scenario gets to work with. */
export interface Stage {
  readonly brokers: readonly string[];
  /** A folder that is gone at the end. */
  readonly folder: string;
  /** Aborts when Ctrl-C or the time limit ends the scenario. */
  readonly signal: AbortSignal;
  /** Runs when the scenario ends in whatever way; the latest first. */
  atEnd(cleanUp: () => Promise<void>): void;
  /** Prints a line of the verdict; one that does not hold makes the exit code 1. */
  check(holds: boolean, claim: string): void;
}

export interface Scenario {
  readonly title: string;
  /** What is going to happen, in words for a person. */
  readonly plot: string;
  /** From the moment Kafka answers. @default 60000 */
  readonly limitMs?: number;
  act(stage: Stage): Promise<void>;
}

/** Plays one scenario and ends the process: 0 where every check holds, 1 where not, 130 after Ctrl-C. */
export async function play(scenario: Scenario): Promise<never> {
  const stage = new OpenStage();
  const code = await stage.run(scenario).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    say(stage.signalCode === null ? `\nFAILED: ${message}` : `\n${message}`);
    return 1;
  });
  await stage.close();
  process.exit(stage.signalCode ?? code);
}

class OpenStage implements Stage {
  brokers: readonly string[] = [];
  folder = '';
  signalCode: number | null = null;
  private readonly ending = new AbortController();
  private readonly cleanUps: (() => Promise<void>)[] = [];
  private failures = 0;

  get signal(): AbortSignal {
    return this.ending.signal;
  }

  async run(scenario: Scenario): Promise<number> {
    const stopped = new Promise<never>((_, reject) => this.signal.addEventListener('abort', () => reject(this.signal.reason as Error)));
    stopped.catch(() => undefined);
    this.heedSignals();
    say(`${scenario.title}\n${scenario.plot}\n`);
    const startedAt = performance.now();
    await Promise.race([this.prepare(), stopped]);
    const limitMs = scenario.limitMs ?? 60_000;
    const limit = setTimeout(() => this.end(`Not finished within ${seconds(limitMs)}`), limitMs);
    await Promise.race([scenario.act(this), stopped]);
    clearTimeout(limit);
    const took = seconds(performance.now() - startedAt);
    say(this.failures === 0 ? `\nOK in ${took}` : `\nFAILED in ${took}: ${this.failures} of the claims above ${this.failures === 1 ? 'does' : 'do'} not hold`);
    return this.failures === 0 ? 0 : 1;
  }

  atEnd(cleanUp: () => Promise<void>): void {
    // A scenario that is over may still come to this point in a step that had begun before.
    if (this.signal.aborted) void cleanUp();
    else this.cleanUps.push(cleanUp);
  }

  check(holds: boolean, claim: string): void {
    if (!holds) this.failures++;
    say(`  ${holds ? 'ok    ' : 'FAILED'}  ${claim}`);
  }

  /** Bounded, since a broker that hangs must not keep us: what then is left ends with this process. */
  async close(): Promise<void> {
    const all = async (): Promise<void> => {
      for (const cleanUp of this.cleanUps.splice(0).reverse()) await cleanUp().catch((error: unknown) => say(`While cleaning up: ${String(error)}`));
    };
    await Promise.race([all(), new Promise<void>((resolve) => setTimeout(resolve, CLEAN_UP_MS).unref())]);
  }

  private async prepare(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'shop-'));
    this.atEnd(() => rm(this.folder, { recursive: true, force: true }));
    const kafka = await kafkaOf(process.env['KAFKA_BROKERS'], say);
    this.atEnd(() => kafka.stop());
    this.brokers = kafka.brokers;
  }

  private heedSignals(): void {
    for (const [name, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
      process.on(name, () => {
        // The second Ctrl-C is from somebody who does not want to wait.
        if (this.signalCode !== null) process.exit(code);
        this.signalCode = code;
        this.end(`Stopped by ${name}`);
      });
    }
  }

  private end(reason: string): void {
    this.ending.abort(new Error(reason));
  }
}
