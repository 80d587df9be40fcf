import { join } from 'node:path';
import type { SandboxRef, SandboxSpec } from '../../core/sandboxes/sandboxDriver.js';
import type { Doors } from './doors.js';
import { sandboxFolder } from './guestFolders.js';

/** At which the relay inside leads to the proxy for allowed hosts. */
export const egressPort = 3128;

/** How programs inside find the hosts that they may reach. */
export function proxyVariables({ network }: Pick<SandboxSpec, 'network'>): Readonly<Record<string, string>> {
  if (typeof network === 'string') return {};
  const proxy = `http://127.0.0.1:${egressPort}`;
  const own = '127.0.0.1,localhost';
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: own,
    no_proxy: own,
    // Node's own fetch asks for nothing by itself.
    NODE_USE_ENV_PROXY: '1',
  };
}

/** Where the socket is that leads a sandbox to its allowed hosts. */
export function egressFolder(stateDir: string, { id }: Pick<SandboxRef, 'id'>): string {
  return join(sandboxFolder(stateDir, id), 'egress');
}

/** A port that is listened at inside, and the folder of its socket here. */
export interface Door {
  readonly port: number;
  readonly folder: string;
}

/** Opens what a sandbox reaches of this machine and through it. */
export async function openWays(
  { doors, stateDir }: { readonly doors: Doors; readonly stateDir: string },
  sandbox: Pick<SandboxSpec, 'id'>,
  reached: { readonly ports: readonly number[]; readonly allowed: readonly string[] | undefined },
): Promise<readonly Door[]> {
  const ports = reached.ports.filter(port => port !== egressPort);
  await doors.open(ports);
  const opened: Door[] = ports.map(port => ({ port, folder: doors.folderOf(port) }));
  if (reached.allowed === undefined) return opened;
  const folder = egressFolder(stateDir, sandbox);
  await doors.openEgress(folder, reached.allowed);
  return [...opened, { port: egressPort, folder }];
}

/** The hosts that are decided about one by one; undefined for nothing and for everything. */
export function allowedHosts({ network }: Pick<SandboxSpec, 'network'>): readonly string[] | undefined {
  return typeof network === 'string' ? undefined : network;
}
