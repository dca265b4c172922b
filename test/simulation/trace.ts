/** What happened, line by line: hashed whole, so that two runs can be compared, with the last lines kept for people. */
export class Trace {
  private hash = 0x811c9dc5;
  private lines: string[] = [];

  constructor(
    private readonly nowMs: () => number,
    private readonly kept = 4000,
  ) {}

  note(text: string): void {
    const line = `${this.nowMs().toFixed(1)} ${text}`;
    for (let index = 0; index < line.length; index++) this.hash = Math.imul(this.hash ^ line.charCodeAt(index), 0x01000193);
    if (this.lines.length >= 2 * this.kept) this.lines = this.lines.slice(this.kept);
    this.lines.push(line);
  }

  get digest(): string {
    return (this.hash >>> 0).toString(16);
  }
  last(count: number, about: RegExp = /./): readonly string[] {
    return this.lines.filter((line) => about.test(line)).slice(-count);
  }
}
