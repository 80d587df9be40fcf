import * as vscode from 'vscode';
import { isId } from '../../base/ids.js';
import type { HostConnection } from '../host/hostConnection.js';

/** Scheme of the left side of a review: files as they were at the thread's base. */
export const baseScheme = 'muster-base';

/** Address of a file at a thread's base; `base` makes addresses of different bases differ. */
export function baseFileUri(file: {
  readonly threadId: string;
  readonly path: string;
  readonly base: string;
}): vscode.Uri {
  return vscode.Uri.from({ scheme: baseScheme, authority: file.threadId, path: `/${file.path}`, query: file.base });
}

/** Serves {@link baseScheme} read-only, as bytes, so that VS Code applies its own encodings and shows images. */
export class BaseFiles implements vscode.FileSystemProvider {
  readonly #host: HostConnection;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  /** Contents at a commit never change; a review asks for `stat` and then `readFile`. */
  readonly #read = new Map<string, Promise<Uint8Array>>();

  constructor(host: HostConnection) {
    this.#host = host;
  }

  readonly onDidChangeFile = this.#changed.event;

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const contents = await this.#contents(uri);
    return {
      type: vscode.FileType.File,
      ctime: 0,
      mtime: 0,
      size: contents.byteLength,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return this.#contents(uri);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  async #contents(uri: vscode.Uri): Promise<Uint8Array> {
    const key = uri.toString();
    const known = this.#read.get(key);
    if (known) return known;
    const reading = this.#ask(uri);
    this.#read.set(key, reading);
    try {
      return await reading;
    } catch (error) {
      this.#read.delete(key);
      throw error;
    }
  }

  async #ask(uri: vscode.Uri): Promise<Uint8Array> {
    if (!isId(uri.authority)) throw vscode.FileSystemError.FileNotFound(uri);
    const signal = new AbortController().signal;
    const client = await this.#host.client(signal);
    const request = { threadId: uri.authority, path: uri.path.slice(1) };
    const { exists, contents } = await client.threads.readBaseFile(request, { signal });
    if (!exists) throw vscode.FileSystemError.FileNotFound(uri);
    return contents;
  }
}
