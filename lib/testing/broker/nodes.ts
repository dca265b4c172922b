/** One virtual broker. */
export class Node {
  /** 0 until it listened for the first time; kept over stops. */
  port = 0;
  alive = false;

  constructor(
    readonly id: number,
    readonly host: string,
  ) {}

  get address(): string {
    return `${this.host}:${this.port}`;
  }
}
