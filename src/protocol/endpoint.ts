import { jsonValue } from '../base/jsonObject.js';
/**
 * `<state>/endpoint.json`: tells clients where to knock, nothing more. Written by rename, 0600 in a 0700 directory.
 * Whoever reads it treats each field as untrusted.
 */
export interface EndpointFile {
  /** Format of this file. */
  readonly format: 1;
  /** `/etc/machine-id` or the platform's like, so that a copied home directory is noticed. */
  readonly machine: string;
  /** Boot id: after a reboot the pid means nothing. */
  readonly boot: string;
  readonly pid: number;
  /** Start time of that pid, as the process table gives it. */
  readonly start_time: string;
  /** Unix socket path, or the name of a Windows pipe. A client of a host elsewhere has its address here; no file does. */
  readonly socket: string;
  readonly version: string;
  readonly protocol: number;
  /** Sent as `Authorization: Bearer …`. */
  readonly token: string;
}

/** The contents of an endpoint file; undefined for whatever is not one. By hand: every command reads it before all else. */
export function parseEndpointFile(text: string): EndpointFile | undefined {
  const value = jsonValue(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Partial<Readonly<Record<keyof EndpointFile, unknown>>> = value;
  const { format, machine, boot, pid, start_time, socket, version, protocol, token } = fields;
  if (format !== 1 || !isText(machine, 200) || !isText(boot, 200) || !isText(start_time, 100)) return undefined;
  if (!isText(socket, 1024) || socket === '' || !isText(version, 100)) return undefined;
  if (!isCount(pid) || pid === 0 || !isCount(protocol)) return undefined;
  if (!isText(token, 64) || !/^[0-9a-f]{64}$/.test(token)) return undefined;
  return { format, machine, boot, pid, start_time, socket, version, protocol, token };
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Name of the file in the state directory. */
export const endpointFileName = 'endpoint.json';

/** Exit status of a host that found another one holding the lock: whoever started it connects to that one. */
export const lockedExitStatus = 75;
