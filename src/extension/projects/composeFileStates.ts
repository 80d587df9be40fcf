import { sep } from 'node:path';
import * as vscode from 'vscode';
import { isAppError } from '../../base/errors.js';
import { Emitter, type Event } from '../../base/event.js';
import type { Log } from '../../base/log.js';
import type { Change, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { interpolatedVariables } from './interpolatedVariables.js';
import { problemText } from './problemText.js';

/** A compose file on disk against what is applied of it. */
export type ComposeFileState =
  | { readonly kind: 'applied' }
  | { readonly kind: 'changed'; readonly changes: readonly Change[] }
  | { readonly kind: 'notApplied' }
  /** What is applied of it, if anything, stays as it is. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** More compose files than this in one window are not looked at. */
const maximumFiles = 50;
const pattern = '**/agent-compose.{yml,yaml}';

/** Asks the host, without applying anything, what applying each compose file of this window would change. */
export class ComposeFileStates implements vscode.Disposable {
  readonly #host: HostConnection;
  readonly #log: Log;
  readonly #changed = new Emitter<string>();
  readonly #states = new Map<string, ComposeFileState>();
  /** The host knows a file by its real path; this window may know it by a link. */
  readonly #projectIds = new Map<string, string>();
  /** The newest question about each file; an answer to an older one is dropped. */
  readonly #asked = new Map<string, AbortController>();
  readonly #newest = new Map<string, Promise<ComposeFileState | undefined>>();
  readonly #savedToApply = new Set<string>();
  /** The host was asked about these and had no answer. */
  readonly #unanswered = new Set<string>();
  readonly #subscriptions: readonly { dispose(): void | Promise<void> }[];
  #revisions = '';

  constructor(host: HostConnection, log: Log) {
    this.#host = host;
    this.#log = log;
    const files = vscode.workspace.createFileSystemWatcher(pattern);
    this.#subscriptions = [
      files,
      files.onDidCreate(uri => void this.check(uri.fsPath)),
      files.onDidChange(uri => void this.check(uri.fsPath)),
      files.onDidDelete(uri => this.#forget(uri.fsPath)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.refresh()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.refresh()),
      host.onDidChangeState(() => void this.refresh()),
      host.onDidChange(({ projects }) => {
        if (projects.length > 0) this.#followProjects();
      }),
    ];
    void this.refresh();
  }

  /** Fires with the path of a file whose state may be another. */
  readonly onDidChange: Event<string> = listener => this.#changed.event(listener);

  /** Undefined while nobody knows: no host runs, or the folder is not trusted. */
  get(file: string): ComposeFileState | undefined {
    return this.#states.get(file);
  }

  /** The project that was applied from a file, also when the file is reached through a link. */
  projectOf(file: string): Project | undefined {
    const id = this.#projectIds.get(file);
    if (id !== undefined) return this.#host.projects.get(id);
    return [...this.#host.projects.values()].find(project => project.file === file);
  }

  /** The thread in whose worktree a file lies: that copy is not for applying, the thread's project is. */
  threadOf(file: string): Thread | undefined {
    return [...this.#host.threads.values()].find(({ worktree }) => worktree !== '' && file.startsWith(worktree + sep));
  }

  /** The state of the file that a project was applied from. */
  stateOf(project: Project): ComposeFileState | undefined {
    const linked = [...this.#projectIds].find(([, id]) => id === project.id);
    return this.#states.get(linked ? linked[0] : project.file);
  }

  /** Files of this window that no project was applied from, shortest path first. */
  notApplied(): readonly string[] {
    return [...this.#states]
      .filter(([file, { kind }]) => kind === 'notApplied' || (kind === 'invalid' && !this.projectOf(file)))
      .map(([file]) => file)
      .sort((a, b) => a.length - b.length || a.localeCompare(b));
  }

  /** True when some file waits for being applied, or nobody can say that none does. False while that is still being asked. */
  get hasMoreToApply(): boolean {
    return [...this.notApplied(), ...this.#unanswered].some(file => this.threadOf(file) === undefined);
  }

  /** Asks anew. Undefined when nobody can tell. */
  check(file: string): Promise<ComposeFileState | undefined> {
    const answer = this.#compare(file);
    this.#newest.set(file, answer);
    return answer;
  }

  /** The next save of this file is part of applying it: nobody needs to be asked whether to. */
  savesToApply(file: string): void {
    this.#savedToApply.add(file);
  }

  /** True once after {@link savesToApply}. */
  wasSavedToApply(file: string): boolean {
    return this.#savedToApply.delete(file);
  }

  async refresh(): Promise<void> {
    const askedBefore = new Map(this.#newest);
    const found = await vscode.workspace.findFiles(pattern, '**/node_modules/**', maximumFiles);
    const present = new Set(found.map(({ fsPath }) => fsPath));
    for (const file of [...this.#states.keys()]) {
      // A file that was asked about meanwhile may have come after the search had passed its folder.
      const isNewer = this.#newest.get(file) !== askedBefore.get(file);
      if (!present.has(file) && !isNewer) this.#forget(file);
    }
    await Promise.all([...present].map(file => this.check(file)));
  }

  dispose(): void {
    this.#newest.clear();
    for (const controller of this.#asked.values()) controller.abort();
    for (const subscription of this.#subscriptions) void subscription.dispose();
    this.#changed.dispose();
  }

  /** Projects change with every run; files are compared again only when something was applied or removed. */
  #followProjects(): void {
    const revisions = [...this.#host.projects.values()].map(({ id, revision, specHash }) => [id, revision, specHash]);
    const written = JSON.stringify(revisions);
    if (written === this.#revisions) return;
    this.#revisions = written;
    void this.refresh();
  }

  async #compare(file: string): Promise<ComposeFileState | undefined> {
    this.#asked.get(file)?.abort();
    // Asking starts no host: whoever only looks at a file needs none.
    if (this.#host.state !== 'connected' || !vscode.workspace.isTrusted) return undefined;
    const controller = new AbortController();
    this.#asked.set(file, controller);
    const state = await this.#ask(file, controller.signal);
    if (controller.signal.aborted) return this.#newest.get(file);
    this.#asked.delete(file);
    if (state) {
      this.#states.set(file, state);
      this.#unanswered.delete(file);
    } else {
      this.#states.delete(file);
      this.#unanswered.add(file);
    }
    this.#changed.fire(file);
    return state;
  }

  async #ask(file: string, signal: AbortSignal): Promise<ComposeFileState | undefined> {
    try {
      const environment = await interpolatedVariables(file);
      const client = await this.#host.client(signal);
      const answer = await client.projects.applyProject({ file, environment, dryRun: true }, { signal });
      const projectId = answer.project?.id;
      if (projectId === undefined || !this.#host.projects.has(projectId)) return { kind: 'notApplied' };
      this.#projectIds.set(file, projectId);
      if (answer.unchanged) return { kind: 'applied' };
      return { kind: 'changed', changes: answer.changes.filter(({ action }) => action !== 'unchanged') };
    } catch (error) {
      if (isAppError(error, 'compose.invalid')) {
        return { kind: 'invalid', problems: error.data.problems.map(problem => problemText(problem, file)) };
      }
      if (!signal.aborted) this.#log.warn('A compose file could not be compared', { file, reason: String(error) });
      return undefined;
    }
  }

  #forget(file: string): void {
    this.#newest.delete(file);
    this.#unanswered.delete(file);
    this.#asked.get(file)?.abort();
    this.#asked.delete(file);
    if (this.#states.delete(file)) this.#changed.fire(file);
  }
}
