import { createServer, type Server } from 'node:net';
import { Connection, type ConnectionHost } from './connection.js';

/** The listener of one virtual broker. */
export class BrokerServer {
  private readonly connections = new Set<Connection>();
  private server: Server | null = null;

  constructor(readonly host: ConnectionHost) {}

  /** @throws where the port is taken. */
  async listen(port: number): Promise<void> {
    const { node } = this.host;
    const server = createServer(socket => {
      const connection = new Connection(socket, this.host);
      this.connections.add(connection);
      socket.on('close', () => this.connections.delete(connection));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, node.host, resolve);
    });
    const address = server.address();
    if (address !== null && typeof address !== 'string') node.port = address.port;
    node.alive = true;
    this.server = server;
  }

  /** Cuts every connection; done when nothing of it is left. */
  async close(): Promise<void> {
    const server = this.server;
    if (server === null) return;
    this.server = null;
    this.host.node.alive = false;
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    for (const connection of this.connections) connection.cut();
    await closed;
  }
}
