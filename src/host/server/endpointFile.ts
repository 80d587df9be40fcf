import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Disposable } from '../../base/lifecycle.js';
import { readForeignFileSync } from '../../node/foreignFile.js';
import { readMachineIdentity, readStartTime } from '../../node/processIdentity.js';
import { parseEndpointFile, type EndpointFile } from '../../protocol/endpoint.js';
import { productVersion } from '../../protocol/productVersion.js';
import { protocolVersion } from '../../protocol/version.js';

/** Ours has about 400 bytes. */
const longestEndpoint = 16 * 1024;

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

export interface Published extends Disposable {
  /** Writes the file again when it is gone or damaged: whoever holds the lock says where to knock. */
  renew(): 'there' | 'renewed';
}

/** Writes the file by rename (0600). Disposing removes it, unless another host has written its own meanwhile. */
export function publishEndpoint(file: string, endpoint: EndpointFile): Published {
  write(file, endpoint);
  return {
    renew() {
      if (isOurs(file, endpoint.token)) return 'there';
      write(file, endpoint);
      return 'renewed';
    },
    dispose() {
      if (isOurs(file, endpoint.token)) rmSync(file, { force: true });
    },
  };
}

function write(file: string, endpoint: EndpointFile): void {
  const temporary = `${file}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(endpoint)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  // A folder in its place would keep the new file out.
  if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) renameSync(file, `${file}.${process.pid}.moved`);
  renameSync(temporary, file);
}

/** False for one that cannot be read: then it is written again. */
function isOurs(file: string, token: string): boolean {
  try {
    const found = readForeignFileSync(file, { maxBytes: longestEndpoint });
    return found.kind === 'file' && parseEndpointFile(found.bytes.toString('utf8'))?.token === token;
  } catch {
    return false;
  }
}
