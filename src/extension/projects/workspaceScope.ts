import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import * as vscode from 'vscode';
import { Emitter, type Event } from '../../base/event.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { taskTitle, tellApart } from '../threads/threadTitles.js';

/** Which of the user's projects and threads this window shows: those of its folders, or all of them on request. */
export class WorkspaceScope implements vscode.Disposable {
  readonly #host: HostConnection;
  readonly #changed = new Emitter<void>();
  readonly #subscriptions: readonly { dispose(): void | Promise<void> }[];
  /** What the threads were called when they were told apart last. */
  readonly #titles = new Map<string, string>();
  #folders: readonly string[] = [];
  #all = false;

  constructor(host: HostConnection) {
    this.#host = host;
    this.#subscriptions = [
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.#readFolders()),
      // Before whoever shows them: what comes later hears of it later.
      host.onDidChange(({ threads, projects }) => {
        if (projects.length > 0 || threads.some(id => this.#isRenamed(id))) this.#tellApart();
      }),
    ];
    void this.#readFolders();
  }

  readonly onDidChange: Event<void> = listener => this.#changed.event(listener);

  /** Show the projects of every folder, not only of this window's. */
  get all(): boolean {
    return this.#all;
  }

  set all(value: boolean) {
    this.#all = value;
    this.#tellApart();
    this.#changed.fire();
  }

  /** Folders of another machine are none of this window's. */
  get #isAll(): boolean {
    return this.#all || this.#host.elsewhere !== '';
  }

  /** By name. */
  projects(): readonly Project[] {
    return [...this.#host.projects.values()]
      .filter(project => this.includesProject(project))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  threads(): readonly Thread[] {
    return [...this.#host.threads.values()].filter(thread => this.includesThread(thread));
  }

  includesProject(project: Project): boolean {
    return (
      this.#isAll || this.#folders.some(folder => isInside(project.folder, folder) || isInside(folder, project.folder))
    );
  }

  includesThread(thread: Thread): boolean {
    if (this.#isAll) return true;
    const project = this.#host.projects.get(thread.projectId);
    if (project && this.includesProject(project)) return true;
    // The window may have been opened on the thread's own worktree; a removed project leaves its threads behind.
    const places = [thread.worktree, ...(project ? [] : [thread.repository])].filter(place => place !== '');
    return this.#folders.some(folder => places.some(place => isInside(folder, place)));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) void subscription.dispose();
    this.#changed.dispose();
  }

  #isRenamed(id: string): boolean {
    const thread = this.#host.threads.get(id);
    return (thread && taskTitle(thread)) !== this.#titles.get(id);
  }

  #tellApart(): void {
    this.#titles.clear();
    for (const thread of this.#host.threads.values()) this.#titles.set(thread.id, taskTitle(thread));
    tellApart(this.threads(), this.projects());
  }

  /** The host stores real paths, so links are resolved before they are compared. */
  async #readFolders(): Promise<void> {
    const open = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
    const real = await Promise.all(open.map(path => realpath(path).catch(() => path)));
    this.#folders = [...new Set([...open, ...real])];
    this.#tellApart();
    this.#changed.fire();
  }
}

/** True when `inner` is `outer` or lies below it. */
function isInside(inner: string, outer: string): boolean {
  if (outer === '') return false;
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}
