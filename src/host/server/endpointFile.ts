import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Disposable } from '../../base/lifecycle.js';
import { endpointFileSchema, type EndpointFile } from '../../protocol/endpoint.js';
import { productVersion } from '../../protocol/productVersion.js';
import { protocolVersion } from '../../protocol/version.js';

/** The facts of this process for a new endpoint file, with a fresh token. */
export function describeEndpoint(socket: string): EndpointFile {
  return {
    format: 1,
    machine: readTrimmed('/etc/machine-id'),
    boot: readTrimmed('/proc/sys/kernel/random/boot_id'),
    pid: process.pid,
    start_time: startTime(),
    socket,
    version: productVersion,
    protocol: protocolVersion,
    token: randomBytes(32).toString('hex'),
  };
}

/** Writes the file by rename (0600). Disposing removes it, unless another host has written its own meanwhile. */
export function publishEndpoint(file: string, endpoint: EndpointFile): Disposable {
  const temporary = `${file}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(endpoint)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  return {
    dispose() {
      if (isOurs(file, endpoint.token)) rmSync(file, { force: true });
    },
  };
}

function isOurs(file: string, token: string): boolean {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return endpointFileSchema.safeParse(content).data?.token === token;
  } catch {
    return false;
  }
}

/** Field 22 of `/proc/self/stat`; empty on other platforms, where clients check the pid alone. */
function startTime(): string {
  const stat = readTrimmed('/proc/self/stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function readTrimmed(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
