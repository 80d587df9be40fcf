import { randomBytes } from 'node:crypto';
import { privateSocketPath } from '../../node/privateSocket.js';

/**
 * Where the host listens: `<state>/host.sock` or, when that path is too long, a private directory elsewhere; a random pipe name
 * on Windows. Clients learn it from the endpoint file and never reconstruct it.
 */
export function chooseSocketPath(stateDir: string, env: NodeJS.ProcessEnv = process.env): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\muster-${randomBytes(16).toString('hex')}`;
  return privateSocketPath(stateDir, 'host.sock', env);
}
