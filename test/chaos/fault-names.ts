export const FAULTS = {
  kill: 'SIGKILL, and another process instead',
  freeze: 'SIGSTOP for longer than the session',
  stall: 'SIGSTOP for less than the session',
  term: 'SIGTERM, and another process instead',
  churn: 'a member leaves, or one that has left joins again',
  rolling: 'every process is replaced, one after the other',
  cut: "a process's connections are reset, and refused for up to one and a half sessions",
  'half-open': "a process's connections stay and carry nothing for up to one and a half sessions; then everything arrives",
  latency: 'what a process sends and gets arrives 0.2 to 1.5 s later, for two sessions',
  lag: 'what a process sends and gets arrives later than its session lasts, for two sessions',
  broker: 'kill -9 of a broker, and its return',
  coordinator: "kill -9 of the group's coordinator, and its return",
  'frozen-broker': 'SIGSTOP of a broker for 5 to 15 s',
  cluster: 'kill -9 of all brokers, and their return',
} as const;

export type FaultName = keyof typeof FAULTS;

/** Those for which the cluster must be our own. */
export const STRIKES_BROKERS: ReadonlySet<FaultName> = new Set(['broker', 'coordinator', 'frozen-broker', 'cluster']);

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(FAULTS, text);
}
