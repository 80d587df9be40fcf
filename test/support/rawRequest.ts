import { connect } from 'node:net';

/** Sends these lines as they are, and returns everything that comes back until the host closes the connection. */
export async function rawRequest(url: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', chunk => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(lines.join('\r\n'));
  await new Promise(resolve => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('utf8');
}
