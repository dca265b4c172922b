import { createServer } from 'node:net';

/** Below the range that systems give to outgoing connections: one of those must not take a killed broker's port before it is back. */
const LOWEST = 15_000;
const HIGHEST = 32_000;
const TRIES = 200;

/** Ports that were free a moment ago. Whoever uses them checks that they are still its own. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count && tries < TRIES; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) throw new Error(`No ${count} free ports between ${LOWEST} and ${HIGHEST} on 127.0.0.1.`);
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
