import type { Figures, Report } from '../run-settings.js';

/** Counts what is handled, from the first record or from the end of a warm-up on, and reports it once. */
export class Meter {
  private handled = 0;
  private handledBefore = 0;
  private beganMs = 0;
  private cpu = process.cpuUsage();
  private inFlight = 0;
  private mostInFlight = 0;
  private isOver = false;

  /** Starts the clock, at the first record. */
  begin(): void {
    report({ kind: 'first' });
    this.mark();
  }
  /** What was handled until now was warm-up. */
  mark(): void {
    this.beganMs = performance.now();
    this.cpu = process.cpuUsage();
    this.handledBefore = this.handled;
  }

  started(): void {
    if (++this.inFlight > this.mostInFlight) this.mostInFlight = this.inFlight;
  }
  ended(): void {
    this.inFlight--;
    this.handled++;
  }
  /** A record that took no time. */
  passed(): number {
    return ++this.handled;
  }

  finish(extra: Partial<Figures> = {}): void {
    if (this.isOver) return;
    this.isOver = true;
    const seconds = (performance.now() - this.beganMs) / 1000;
    const { user, system } = process.cpuUsage(this.cpu);
    const records = this.handled - this.handledBefore;
    const figures: Figures = {
      rate: records / seconds,
      records,
      seconds,
      cpuUs: (user + system) / records,
      peakRssMb: process.resourceUsage().maxRSS / 1024,
      mostInFlight: this.mostInFlight,
      ...extra,
    };
    report({ kind: 'figures', figures }, () => process.exit(0));
  }
}

function report(message: Report, sent: () => void = () => {}): void {
  if (process.send) process.send(message, undefined, {}, sent);
  else {
    console.log(JSON.stringify(message));
    sent();
  }
}
