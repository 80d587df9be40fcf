import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { endpointFileName, parseEndpointFile, type EndpointFile } from '../protocol/endpoint.js';
import { systemCode } from '../node/systemError.js';
import { unreachable } from './callErrors.js';
import { processExists, readMachineIdentity, readStartTime } from '../node/processIdentity.js';

/**
 * Where to knock, or why there is nowhere to: `absent` no file, `stale` a host that is gone, `deaf` a host that lives and whose
 * socket is gone, `hostile` not to be trusted.
 */
export type Discovery =
  | { readonly kind: 'found'; readonly endpoint: EndpointFile }
  | { readonly kind: 'absent' | 'stale' | 'hostile'; readonly reason: string }
  | { readonly kind: 'deaf'; readonly endpoint: EndpointFile; readonly reason: string };

/** An endpoint file is about 400 bytes. */
const maximumBytes = 16 * 1024;
/** `sun_path` less its NUL: 103 on macOS, 107 on Linux. */
const maximumSocketPath = process.platform === 'darwin' ? 103 : 107;
const pipePrefix = '\\\\.\\pipe\\';

/**
 * Reads `<stateDir>/endpoint.json` without trusting it. Never throws and never blocks on what the file turns out to be.
 */
export async function readEndpoint(stateDir: string): Promise<Discovery> {
  const file = join(stateDir, endpointFileName);
  const text = readOwnFile(file);
  if (text.kind !== 'text') return text;
  const endpoint = parseEndpointFile(text.text);
  if (!endpoint) return hostile(`${file} is not an endpoint file`);
  return findStaleness(endpoint) ?? checkSocket(endpoint);
}

/** Synchronous on purpose: loading what has promises takes longer than a short command's whole look. */
function readOwnFile(file: string): { readonly kind: 'text'; readonly text: string } | Unusable {
  let opened: number;
  try {
    // Not following a link, and not waiting for the writer of a FIFO.
    opened = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent', reason: `there is no ${file}` };
    return hostile(`${file} cannot be opened (${String(code)})`);
  }
  try {
    const stat = fstatSync(opened);
    if (!stat.isFile()) return hostile(`${file} is not a regular file`);
    if (stat.size > maximumBytes) return hostile(`${file} has ${stat.size} bytes`);
    const uid = process.getuid?.();
    if (uid !== undefined && stat.uid !== uid) return hostile(`${file} belongs to another user`);
    if (uid !== undefined && (stat.mode & 0o077) !== 0) return hostile(`${file} is open to other users`);
    const buffer = Buffer.alloc(maximumBytes);
    const bytesRead = readSync(opened, buffer, 0, maximumBytes, 0);
    return { kind: 'text', text: buffer.toString('utf8', 0, bytesRead) };
  } catch (error) {
    return hostile(`${file} cannot be read (${String(error)})`);
  } finally {
    closeSync(opened);
  }
}

/** The endpoint of the running host. Throws `host.unreachable` when there is none. */
export async function requireEndpoint(stateDir: string): Promise<EndpointFile> {
  const discovery = await readEndpoint(stateDir);
  if (discovery.kind === 'found') return discovery.endpoint;
  const socket = discovery.kind === 'deaf' ? discovery.endpoint.socket : '';
  throw unreachable({ socket, reason: discovery.kind === 'absent' ? 'none is running' : discovery.reason });
}

function findStaleness(endpoint: EndpointFile): Unusable | undefined {
  const { machine, boot } = readMachineIdentity();
  if (differs(endpoint.machine, machine)) return stale('the endpoint file was written on another machine');
  if (differs(endpoint.boot, boot)) return stale('the host ran before the last restart of this machine');
  if (!processExists(endpoint.pid)) return stale(`the host's process ${endpoint.pid} is gone`);
  if (differs(endpoint.start_time, readStartTime(endpoint.pid))) {
    return stale(`process ${endpoint.pid} is not the host any more`);
  }
  return undefined;
}

/** Only two known values can contradict each other. */
function differs(written: string, found: string): boolean {
  return written !== '' && found !== '' && written !== found;
}

function checkSocket(endpoint: EndpointFile): Discovery {
  const { socket } = endpoint;
  if (process.platform === 'win32') {
    return socket.startsWith(pipePrefix) ? { kind: 'found', endpoint } : hostile(`${socket} is not a named pipe`);
  }
  if (!socket.startsWith('/') || socket.includes('\0')) return hostile('the socket is not an absolute path');
  if (Buffer.byteLength(socket) > maximumSocketPath) return hostile('the socket path is too long');
  try {
    const stat = lstatSync(socket);
    if (!stat.isSocket()) return hostile(`${socket} is not a socket`);
    if (stat.uid !== process.getuid?.()) return hostile(`${socket} belongs to another user`);
  } catch {
    // Nothing stands there, or not in a place that this user may look into.
    const reason = `the host (process ${endpoint.pid}) lives, but its socket ${socket} is gone`;
    return { kind: 'deaf', endpoint, reason };
  }
  return { kind: 'found', endpoint };
}

type Unusable = Exclude<Discovery, { readonly kind: 'found' }>;

function stale(reason: string): Unusable {
  return { kind: 'stale', reason };
}

function hostile(reason: string): Unusable {
  return { kind: 'hostile', reason };
}
