/** Between two progress lines where they cannot be overwritten. */
const LINE_EVERY_MS = 2000;
const BAR_WIDTH = 20;

export function say(line = ''): void {
  finishProgress();
  process.stdout.write(`${line}\n`);
}

/** One line that renews itself in a terminal, and a line now and then in a file or a pipe. */
export function progress(line: string): void {
  if (process.stdout.isTTY) {
    const width = process.stdout.columns || 80;
    process.stdout.write(`\r\x1b[2K${line.slice(0, width - 1)}`);
    isProgressOpen = true;
  } else if (performance.now() - lastLineAt > LINE_EVERY_MS) {
    lastLineAt = performance.now();
    process.stdout.write(`${line}\n`);
  }
}

export function bar(done: number, of: number): string {
  const share = of === 0 ? 1 : Math.min(1, done / of);
  const full = Math.round(share * BAR_WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** One decimal where it says something. */
export function rate(perSecond: number): string {
  return perSecond.toLocaleString('en-US', { maximumFractionDigits: perSecond < 100 ? 1 : 0 });
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

let isProgressOpen = false;
let lastLineAt = -Infinity;

function finishProgress(): void {
  if (isProgressOpen) process.stdout.write('\n');
  isProgressOpen = false;
  lastLineAt = -Infinity;
}
