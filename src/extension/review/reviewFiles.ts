import { watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { RecentBytes } from '../../base/recentBytes.js';
import type { HostConnection } from '../host/hostConnection.js';
import type { ReviewEdits } from './reviewEdits.js';
import type { UnresolvedFiles } from './unresolvedFiles.js';
import { emptyCommit, reviewFileOf, type ReviewFile } from './reviewUris.js';
import { readWorktreeFile, writeWorktreeFile } from './worktreeFile.js';
import { windowClosing } from '../windowClosing.js';

/** Between `stat` and `readFile`, and for reviews that are opened again: not for the life of the window. */
const keptBytes = 16 * 1024 * 1024;

interface Contents {
  readonly bytes: Uint8Array;
  readonly modifiedAt: number;
  readonly isReadonly: boolean;
}

/**
 * Both sides of reviewed files, as bytes, so that VS Code applies its own encodings and shows images. With a scheme of our own
 * the worktree is no repository that Source Control lists, and no path of the state directory is on screen.
 */
export class ReviewFiles implements vscode.FileSystemProvider {
  readonly #host: HostConnection;
  readonly #edits: ReviewEdits;
  readonly #unresolved: Pick<UnresolvedFiles, 'toWrite'>;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  /** Contents at a commit never change; a review asks for `stat` and then `readFile`. */
  readonly #committed = new RecentBytes(keptBytes);

  constructor(
    host: HostConnection,
    { edits, unresolved }: { readonly edits: ReviewEdits; readonly unresolved: Pick<UnresolvedFiles, 'toWrite'> },
  ) {
    this.#host = host;
    this.#edits = edits;
    this.#unresolved = unresolved;
  }

  readonly onDidChangeFile = this.#changed.event;

  /**
   * Watches every document that a window has open: VS Code does so for what is in an editor of its own, and not for the files of
   * a multi-diff editor.
   */
  keepCurrent(): vscode.Disposable {
    const watchers = new Map<string, vscode.Disposable>();
    const opened = ({ uri }: vscode.TextDocument): void => {
      const key = uri.toString();
      if (reviewFileOf(uri)?.side.kind === 'work' && !watchers.has(key)) watchers.set(key, this.watch(uri));
    };
    const closed = ({ uri }: vscode.TextDocument): void => {
      watchers.get(uri.toString())?.dispose();
      watchers.delete(uri.toString());
    };
    for (const document of vscode.workspace.textDocuments) opened(document);
    return vscode.Disposable.from(
      vscode.workspace.onDidOpenTextDocument(opened),
      vscode.workspace.onDidCloseTextDocument(closed),
      new vscode.Disposable(() => watchers.forEach(watcher => watcher.dispose())),
    );
  }

  /** The folder is watched, not the file: many programs write a new file and put it in the old one's place. */
  watch(uri: vscode.Uri): vscode.Disposable {
    const file = reviewFileOf(uri);
    const worktree = file?.side.kind === 'work' ? this.#host.thread(file.threadId)?.worktree : undefined;
    if (file === undefined || worktree === undefined || worktree === '' || this.#host.elsewhere !== '')
      return new vscode.Disposable(() => {});
    const path = join(worktree, file.path);
    try {
      const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
        if (name === null || name === basename(path)) this.#tell(uri);
      });
      watcher.on('error', () => watcher.close());
      return new vscode.Disposable(() => watcher.close());
    } catch {
      // The folder is gone: what is shown stays.
      return new vscode.Disposable(() => {});
    }
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { bytes, modifiedAt, isReadonly } = await this.#read(uri);
    return {
      type: vscode.FileType.File,
      ctime: 0,
      mtime: modifiedAt,
      size: bytes.byteLength,
      ...(isReadonly && { permissions: vscode.FilePermission.Readonly }),
    };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.#read(uri)).bytes;
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const file = reviewFileOf(uri);
    if (file?.side.kind !== 'work') throw vscode.FileSystemError.NoPermissions(uri);
    if (this.#host.elsewhere !== '') throw vscode.FileSystemError.NoPermissions(uri);
    const worktree = await this.#worktreeOf(file);
    const written = this.#unresolved.toWrite(uri, content);
    if (worktree === '' || !(await writeWorktreeFile(worktree, file.path, written))) {
      throw vscode.FileSystemError.NoPermissions(uri);
    }
    this.#edits.record(file.threadId, file.path, written);
    this.#tell(uri);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  #tell(uri: vscode.Uri): void {
    this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  async #read(uri: vscode.Uri): Promise<Contents> {
    const file = reviewFileOf(uri);
    if (!file) throw vscode.FileSystemError.FileNotFound(uri);
    if (file.side.kind === 'commit') {
      const bytes = await this.#atCommit(file, file.side.commit);
      if (!bytes) throw vscode.FileSystemError.FileNotFound(uri);
      return { bytes, modifiedAt: 0, isReadonly: true };
    }
    if (this.#host.elsewhere !== '') return await this.#committedWork(uri, file);
    const worktree = await this.#worktreeOf(file);
    const found = worktree === '' ? undefined : await readWorktreeFile(worktree, file.path);
    if (!found) throw vscode.FileSystemError.FileNotFound(uri);
    return { bytes: found.content, modifiedAt: found.modifiedAt, isReadonly: found.isLink };
  }

  /** On another machine the work is what was committed of it, and is only looked at. */
  async #committedWork(uri: vscode.Uri, file: ReviewFile): Promise<Contents> {
    const { head, updatedAt } = await this.#threadOf(file);
    const bytes = await this.#atCommit(file, head);
    if (!bytes) throw vscode.FileSystemError.FileNotFound(uri);
    return { bytes, modifiedAt: updatedAt, isReadonly: true };
  }

  async #worktreeOf(file: ReviewFile): Promise<string> {
    return (await this.#threadOf(file)).worktree;
  }

  async #threadOf({ threadId }: ReviewFile) {
    const signal = windowClosing;
    const thread =
      this.#host.thread(threadId) ??
      (await (await this.#host.client(signal)).threads.getThread({ threadId }, { signal })).thread;
    const { worktree = '', head = '', updatedAt = 0n } = thread ?? {};
    return { worktree, head, updatedAt: Number(updatedAt) };
  }

  async #atCommit({ threadId, path }: ReviewFile, commit: string): Promise<Uint8Array | undefined> {
    if (commit === emptyCommit) return new Uint8Array();
    const key = `${threadId} ${commit} ${path}`;
    return await this.#committed.get(key, async () => {
      const signal = windowClosing;
      const client = await this.#host.client(signal);
      const { exists, contents } = await client.threads.readBaseFile({ threadId, path, commit }, { signal });
      return exists ? contents : undefined;
    });
  }
}
