import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Disposable } from '../../base/lifecycle.js';
import { readMachineIdentity, readStartTime } from '../../node/processIdentity.js';
import { parseEndpointFile, type EndpointFile } from '../../protocol/endpoint.js';
import { productVersion } from '../../protocol/productVersion.js';
import { protocolVersion } from '../../protocol/version.js';

/** The facts of this process for a new endpoint file, with a fresh token. */
export function describeEndpoint(socket: string): EndpointFile {
  return {
    format: 1,
    ...readMachineIdentity(),
    pid: process.pid,
    start_time: readStartTime(process.pid),
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
    return parseEndpointFile(readFileSync(file, 'utf8'))?.token === token;
  } catch {
    return false;
  }
}
