import * as vscode from 'vscode';
import { errorMessage } from '../../base/errors.js';
import { collectProviderEnvironment } from '../../client/providerEnvironment.js';
import type { GuestContents, GuestEntry } from '../../client/notebooks/guestContents.js';
import { windowClosing } from '../windowClosing.js';
import type { NotebookServices } from './notebookServices.js';

/** `muster-guest://<thread>/path`: below the root of the thread's guest server. */
export const guestScheme = 'muster-guest';

/** Contents servers tell nobody of changes; this is how late one is seen. */
const lookMs = 2_000;

/**
 * Files of guests, over their own servers: for those that are not on this machine. What is asked for first starts the server.
 *
 * A file that is written is written whole; what it replaces is not read before.
 */
export class GuestFiles implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #services: Pick<NotebookServices, 'host' | 'log'>;
  readonly #changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #contents = new Map<string, Promise<GuestContents>>();
  readonly #watches = new Set<vscode.Disposable>();
  readonly #subscription: vscode.Disposable;
  readonly onDidChangeFile = this.#changes.event;

  constructor(services: Pick<NotebookServices, 'host' | 'log'>) {
    this.#services = services;
    // Another host has another address, and a server that was ended comes back when it is needed.
    this.#subscription = services.host.onDidChangeState(() => this.#contents.clear());
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    return statOf(await this.#on(uri, async (contents, path) => await contents.stat(path)));
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const entries = await this.#on(uri, async (contents, path) => await contents.list(path));
    return entries.map(entry => [entry.name, typeOf(entry)]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return await this.#on(uri, async (contents, path) => await contents.read(path));
  }

  async writeFile(
    uri: vscode.Uri,
    bytes: Uint8Array,
    { create, overwrite }: { readonly create: boolean; readonly overwrite: boolean },
  ): Promise<void> {
    const before = await this.#found(uri);
    if (!before && !create) throw vscode.FileSystemError.FileNotFound(uri);
    if (before && !overwrite) throw vscode.FileSystemError.FileExists(uri);
    if (before?.type === vscode.FileType.Directory) throw vscode.FileSystemError.FileIsADirectory(uri);
    await this.#on(uri, async (contents, path) => await contents.write(path, bytes));
    this.#tell(before ? vscode.FileChangeType.Changed : vscode.FileChangeType.Created, uri);
  }

  async createDirectory(uri: vscode.Uri): Promise<void> {
    if (await this.#found(uri)) throw vscode.FileSystemError.FileExists(uri);
    await this.#on(uri, async (contents, path) => await contents.makeFolder(path));
    this.#tell(vscode.FileChangeType.Created, uri);
  }

  async delete(uri: vscode.Uri, { recursive }: { readonly recursive: boolean }): Promise<void> {
    const { type } = await this.stat(uri);
    if (type === vscode.FileType.Directory) {
      const inside = await this.readDirectory(uri);
      if (inside.length > 0 && !recursive)
        throw vscode.FileSystemError.NoPermissions(vscode.l10n.t('{0} is not empty.', uri.path));
      for (const [name] of inside) await this.delete(vscode.Uri.joinPath(uri, name), { recursive: true });
    }
    await this.#on(uri, async (contents, path) => await contents.remove(path));
    this.#tell(vscode.FileChangeType.Deleted, uri);
  }

  async rename(from: vscode.Uri, to: vscode.Uri, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    if (from.authority !== to.authority) throw vscode.FileSystemError.NoPermissions(to);
    await this.stat(from);
    const there = await this.#found(to);
    if (there && !overwrite) throw vscode.FileSystemError.FileExists(to);
    if (there) await this.delete(to, { recursive: true });
    await this.#on(from, async (contents, path) => await contents.rename(path, pathOf(to)));
    this.#tell(vscode.FileChangeType.Deleted, from);
    this.#tell(vscode.FileChangeType.Created, to);
  }

  /** A file, or the names in a folder. */
  watch(uri: vscode.Uri): vscode.Disposable {
    let last: string | undefined;
    const look = async (): Promise<void> => {
      const now = await this.#stateOf(uri);
      if (last !== undefined && now !== last)
        this.#tell(now === '' ? vscode.FileChangeType.Deleted : vscode.FileChangeType.Changed, uri);
      last = now;
    };
    let isLooking = false;
    const timer = setInterval(() => {
      if (isLooking || this.#services.host.state !== 'connected') return;
      isLooking = true;
      void look()
        .catch((error: unknown) =>
          this.#services.log.debug('A guest’s file is not watched', { reason: errorMessage(error) }),
        )
        .finally(() => (isLooking = false));
    }, lookMs);
    const watching = {
      dispose: () => {
        clearInterval(timer);
        this.#watches.delete(watching);
      },
    };
    this.#watches.add(watching);
    return watching;
  }

  dispose(): void {
    for (const watching of this.#watches) watching.dispose();
    this.#subscription.dispose();
    this.#changes.dispose();
  }

  /** What tells a change; empty for what is not there. */
  async #stateOf(uri: vscode.Uri): Promise<string> {
    const found = await this.#found(uri);
    if (!found) return '';
    if (found.type !== vscode.FileType.Directory) return `${found.mtime} ${found.size}`;
    return JSON.stringify(await this.readDirectory(uri));
  }

  async #found(uri: vscode.Uri): Promise<vscode.FileStat | undefined> {
    try {
      return await this.stat(uri);
    } catch (error) {
      if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return undefined;
      throw error;
    }
  }

  async #on<T>(uri: vscode.Uri, act: (contents: GuestContents, path: string) => Promise<T>): Promise<T> {
    const contents = await this.#contentsOf(uri.authority);
    try {
      return await act(contents, pathOf(uri));
    } catch (error) {
      throw fileError(error, uri);
    }
  }

  #contentsOf(threadId: string): Promise<GuestContents> {
    const made = this.#contents.get(threadId) ?? this.#connect(threadId);
    this.#contents.set(threadId, made);
    // Thrown to whoever asked; the next one tries again.
    made.catch(() => this.#contents.delete(threadId));
    return made;
  }

  async #connect(threadId: string): Promise<GuestContents> {
    const signal = windowClosing;
    const host = await this.#services.host.client(signal);
    const environment = collectProviderEnvironment(process.env);
    const { server } = await host.notebooks.startNotebookServer({ threadId, environment }, { signal });
    const { GuestContents: Contents } = await import('../../client/notebooks/guestContents.js');
    const { socket, token } = host.endpoint;
    return new Contents({ socket, token }, server?.path ?? '');
  }

  #tell(type: vscode.FileChangeType, uri: vscode.Uri): void {
    this.#changes.fire([{ type, uri }]);
  }
}

function pathOf({ path }: vscode.Uri): string {
  return path.replace(/^\/+|\/+$/g, '');
}

function typeOf({ isFolder }: GuestEntry): vscode.FileType {
  return isFolder ? vscode.FileType.Directory : vscode.FileType.File;
}

function statOf(entry: GuestEntry): vscode.FileStat {
  return {
    type: typeOf(entry),
    ctime: entry.createdAt,
    mtime: entry.modifiedAt,
    size: entry.size,
    ...(entry.isWritable ? {} : { permissions: vscode.FilePermission.Readonly }),
  };
}

/** What VS Code makes decisions by. */
function fileError(error: unknown, uri: vscode.Uri): Error {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  switch (status) {
    case 404:
      return vscode.FileSystemError.FileNotFound(uri);
    case 403:
      return vscode.FileSystemError.NoPermissions(uri);
    case 409:
      return vscode.FileSystemError.FileExists(uri);
    default:
      return vscode.FileSystemError.Unavailable(errorMessage(error));
  }
}
