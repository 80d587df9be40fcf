import type * as vscode from 'vscode';
import { Emitter } from '../../base/event.js';
import { inPart } from '../../base/partPath.js';
import type { FileChange, Hunk } from '../../protocol/gen/muster/v1/reviews_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { HostConnection } from '../host/hostConnection.js';
import { windowClosing } from '../windowClosing.js';
import type { ReviewFile } from './reviewUris.js';

/** A piece of a thread's changes: a file, or one hunk of it. */
export interface ChangePlace {
  readonly path: string;
  readonly hunk: Hunk;
}

/** What the review in front changed, with what of it the person has looked at. */
export class ReviewedChanges implements vscode.Disposable {
  readonly #host: HostConnection;
  readonly #changed = new Emitter<void>();
  readonly #subscription: { dispose(): void };
  #threadId: string | undefined;
  #earlier = '';
  #version = '';
  /** Of the thread, what no reading of its changes tells. */
  #told = '';
  #files: readonly FileChange[] = [];
  #loading: Promise<void> | undefined;
  /** Words that a path must contain, in lower case. */
  #filter: readonly string[] = [];

  constructor(host: HostConnection) {
    this.#host = host;
    this.#subscription = host.onDidChange(({ threads }) => {
      if (this.#threadId === undefined || !threads.includes(this.#threadId)) return;
      this.#tell();
      this.#refresh();
    });
  }

  readonly onDidChange = this.#changed.event;

  /** The thread whose review is shown. */
  get thread(): Thread | undefined {
    return this.#threadId === undefined ? undefined : this.#host.threads.get(this.#threadId);
  }

  /** The commit that is compared with, when it is not the base. */
  get earlier(): string {
    return this.#earlier;
  }

  /** By path, as people read it. */
  get files(): readonly FileChange[] {
    return this.#files;
  }

  /** Those that the filter lets through. */
  get shown(): readonly FileChange[] {
    return this.#files.filter(({ file }) => {
      const path = (file?.path ?? '').toLowerCase();
      return this.#filter.every(word => path.includes(word));
    });
  }

  /** How the list names a file of the review; undefined for one of another. */
  pathOf({ threadId, path }: Pick<ReviewFile, 'threadId' | 'path'>): string | undefined {
    if (threadId === this.#threadId) return path;
    const part = this.thread?.parts.find(each => each.threadId === threadId);
    return part && inPart(part.name, path);
  }

  get filter(): string {
    return this.#filter.join(' ');
  }

  /** Only files whose path contains each of the words are shown, and gone through; none shows all. */
  setFilter(words: string): void {
    this.#filter = words
      .toLowerCase()
      .split(/\s+/)
      .filter(word => word !== '');
    this.#changed.fire();
  }

  /** Shows another thread, or the same compared with something else. */
  async show(threadId: string, { earlier = '' }: { readonly earlier?: string } = {}): Promise<void> {
    const isAnother = this.#threadId !== threadId;
    if (!isAnother && this.#earlier === earlier && this.#files.length > 0) return this.#refresh();
    this.#threadId = threadId;
    this.#earlier = earlier;
    this.#version = '';
    if (isAnother) {
      this.#files = [];
      this.#filter = [];
    }
    await this.load(windowClosing);
  }

  /** Nothing is reviewed any more. */
  close(): void {
    if (this.#threadId === undefined) return;
    this.#threadId = undefined;
    this.#files = [];
    this.#changed.fire();
  }

  async load(signal: AbortSignal): Promise<void> {
    const threadId = this.#threadId;
    const thread = this.thread;
    const earlierCommit = this.#earlier;
    if (threadId === undefined) return;
    const client = await this.#host.client(signal);
    const { files } = await client.reviews.listChanges({ threadId, earlierCommit, allRepositories: true }, { signal });
    if (this.#threadId !== threadId || this.#earlier !== earlierCommit) return;
    this.#version = versionOf(thread);
    this.#told = toldOf(thread);
    this.#files = [...files].sort((a, b) => comparePaths(a.file?.path ?? '', b.file?.path ?? ''));
    this.#changed.fire();
  }

  /** Remembers that hunks were looked at, or were not. */
  async setReviewed(hunks: readonly Hunk[], reviewed: boolean, signal: AbortSignal): Promise<void> {
    const threadId = this.#threadId;
    if (threadId === undefined || hunks.length === 0) return;
    const client = await this.#host.client(signal);
    await client.reviews.setReviewed({ threadId, hunks: hunks.map(({ key }) => key), reviewed }, { signal });
    await this.load(signal);
  }

  /** Chooses hunks to be committed, or not to be. */
  async setStaged(hunks: readonly Hunk[], staged: boolean, signal: AbortSignal): Promise<void> {
    const threadId = this.#threadId;
    if (threadId === undefined || hunks.length === 0) return;
    const { reviews } = await this.#host.client(signal);
    const request = { threadId, hunks: hunks.map(({ key }) => key) };
    if (staged) await reviews.stageChanges(request, { signal });
    else await reviews.unstageChanges(request, { signal });
    await this.load(signal);
  }

  /** The next hunk, or the one before, that was not looked at; around the end to the other one. */
  unreviewed(
    from: { readonly path: string; readonly line: number } | undefined,
    step: 1 | -1,
  ): ChangePlace | undefined {
    const all = this.shown.flatMap(({ file, hunks }) => hunks.map(hunk => ({ path: file?.path ?? '', hunk })));
    const left = all.filter(({ hunk }) => !hunk.reviewed);
    if (from === undefined) return step === 1 ? left[0] : left.at(-1);
    const isAfter = ({ path, hunk }: ChangePlace): number => comparePaths(path, from.path) || lineOf(hunk) - from.line;
    return step === 1
      ? (left.find(place => isAfter(place) > 0) ?? left[0])
      : (left.findLast(place => isAfter(place) < 0) ?? left.at(-1));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  /** What is said about lines changes no file, and so does a merge. */
  #tell(): void {
    const told = toldOf(this.thread);
    if (told === this.#told) return;
    this.#told = told;
    this.#changed.fire();
  }

  /** Once at a time; what changes meanwhile is seen by the version. Nothing is looked for when the review was closed meanwhile. */
  #refresh(): void {
    const { thread } = this;
    if (this.#loading !== undefined || thread === undefined || this.#version === versionOf(thread)) return;
    this.#loading = this.load(windowClosing)
      .then(
        () => true,
        () => false,
      )
      .then(loaded => {
        this.#loading = undefined;
        if (loaded) this.#refresh();
      });
  }
}

/** Where the cursor goes for a hunk: its first line on the right, or the line where something was removed. */
export function lineOf({ newStart }: Hunk): number {
  return Math.max(1, newStart);
}

/** Folders before what comes after them, numbers as numbers. */
function comparePaths(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true });
}

function versionOf(thread: Thread | undefined): string {
  return thread === undefined ? '' : [thread.head, thread.baseCommit, thread.updatedAt].join(' ');
}

function toldOf(thread: Thread | undefined): string {
  return thread === undefined ? '' : [thread.draftComments, thread.openComments, thread.status].join(' ');
}
