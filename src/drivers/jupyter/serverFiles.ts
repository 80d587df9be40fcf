import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.js';
import { isId, type ThreadId } from '../../base/ids.js';
import { jsonValue } from '../../base/jsonObject.js';
import { numberField, textField } from '../../base/unknownFields.js';
import { readForeignFileSync } from '../../node/foreignFile.js';
import { privateSocketPath } from '../../node/privateSocket.js';

/** Files of a server in its directory, besides those of every run directory. */
export const serverFiles = { settings: 'settings.json', configuration: 'config.py', runtime: 'runtime' } as const;

/** Far above what is written there. */
const longestSettings = 64 * 1024;

/** What a server is started with; `serverConfiguration.ts` reads it. */
export interface ServerSettings {
  readonly root: string;
  /** `/jupyter/<thread>/`: the same path on the host's proxy, so that nothing in an answer needs to be rewritten. */
  readonly base: string;
  /** Where it listens: at a socket, or at a port of the loopback interface that it has for itself. */
  readonly socket?: string;
  readonly port?: number;
  readonly token: string;
  readonly idleSeconds: number;
  /** Folder of the journal. */
  readonly cells: string;
  readonly maxCellBytes: number;
  readonly maxCells: number;
  readonly maxFolderBytes: number;
}

/** A place to connect to, as Node has it. */
export type ServerPlace = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** How a server is reached. */
export interface ServerAddress {
  readonly at: ServerPlace;
  readonly base: string;
  readonly token: string;
}

/** `<state>/notebooks/cells/<thread>`. Refuses anything that is not an id. */
export function cellsFolder(stateDir: string, thread: ThreadId): string {
  if (!isId(thread)) throw new AppError('thread.unknown', 'Not the id of a thread.', { thread });
  return join(stateDir, 'cells', thread);
}

/** Where the server of a directory listens. */
export function socketOf(directory: string): string {
  return privateSocketPath(directory, 'sock');
}

/**
 * What the settings of a directory say of how to get in; undefined when they are not there or not ours. A guest can write them: the
 * port is one of its own, and whether there is one at all is not asked here.
 */
export function readSecrets(directory: string): { readonly token: string; readonly port?: number } | undefined {
  const found = readForeignFileSync(join(directory, serverFiles.settings), { maxBytes: longestSettings });
  if (found.kind !== 'file') return undefined;
  const settings = jsonValue(found.bytes.toString('utf8'));
  const token = textField(settings, 'token');
  // One that is damaged: the server is started anew.
  if (!/^[0-9a-f]{64}$/.test(token)) return undefined;
  const port = numberField(settings, 'port');
  return port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 ? { token, port } : { token };
}

/** The token means nothing once the server has ended. */
export function removeSecrets(directory: string): void {
  rmSync(join(directory, serverFiles.settings), { force: true });
  rmSync(socketOf(directory), { force: true });
  rmSync(join(directory, serverFiles.runtime), { force: true, recursive: true });
}
