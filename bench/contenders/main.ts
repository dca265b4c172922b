/** One contender on one workload, in a process of its own; the argument is `RunSettings` as JSON. */
import type { RunSettings } from '../run-settings.js';
import type { Contender } from './contender.js';
import { workOf } from './work.js';

// Each loads only its own libraries, so that the memory it reports is its own.
const contenders: Readonly<Record<string, () => Promise<Contender>>> = {
  timers: async () => (await import('./timers.js')).timers,
  'ten timers': async () => (await import('./timers.js')).tenTimers,
  ours: async () => (await import('./ours.js')).ours,
  'ours, json': async () => (await import('./ours.js')).oursJson,
  'kafkajs eachMessage': async () => (await import('./kafkajs.js')).eachMessage,
  'kafkajs batch + semaphore': async () => (await import('./kafkajs.js')).batchSemaphore,
  'kafkajs never commits': async () => (await import('./kafkajs.js')).noCommit,
  'kafkajs batch + JSON.parse': async () => (await import('./kafkajs.js')).batchJson,
  "Nest's transport": async () => (await import('./nest-transport.js')).nestTransport,
  'our fetch loop': async () => (await import('./fetch-loop.js')).fetchLoop,
  'ours without Nest': async () => (await import('./without-nest.js')).withoutNest,
  'ours without Nest, json': async () => (await import('./without-nest.js')).withoutNestJson,
};

const [argument] = process.argv.slice(2);
const settings = JSON.parse(argument ?? '{}') as RunSettings;
const load = contenders[settings.contender];
if (load === undefined) throw new Error(`No contender '${settings.contender}'. There are ${Object.keys(contenders).join(', ')}.`);
const contender = await load();
process.once('disconnect', () => process.exit(1));
await contender(settings, workOf(settings));
