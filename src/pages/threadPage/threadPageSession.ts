import { errorMessage } from '../../base/errors.js';
import { DisposableStore, type Disposable } from '../../base/lifecycle.js';
import type { DiffThreadResponse, GetThreadResponse, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { modeChange } from '../../protocol/webview/modeChange.js';
import type { ToThreadPage } from '../../protocol/webview/threadPageMessages.js';
import {
  toAgentView,
  toMergeView,
  toMessageView,
  toRunView,
  toThreadView,
  type RunView,
} from '../../protocol/webview/threadView.js';
import { projectNames } from '../../protocol/projectNames.js';
import { byPath } from '../../protocol/fileOrder.js';
import { isThreadActive, parseThreadStatus } from '../../protocol/threadDisplay.js';
import { EntryBatcher } from './entryBatcher.js';
import type { ThreadPageServices } from './threadPageServices.js';
import { TranscriptFollower } from './transcriptFollower.js';

/** How often the files are asked for while an agent works and says something. */
const filesEveryMs = 3_000;

/** From one `ready` to the next: loads, follows, and keeps the page current. */
export class ThreadPageSession implements Disposable {
  readonly #threadId: string;
  readonly #services: ThreadPageServices;
  readonly #post: (message: ToThreadPage) => void;
  readonly #onThread: (thread: Thread) => void;
  readonly #ended = new AbortController();
  readonly #resources = new DisposableStore();
  readonly #batcher: EntryBatcher;
  readonly #follower: TranscriptFollower;
  #loading: Promise<void> | undefined;
  #loadAgain = false;
  #caughtUp = false;
  /** What was true at the last load; a difference means that the conversation has changed. */
  #loadedShape = '';
  #diffShape = '';
  #filesTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    readonly threadId: string;
    readonly services: ThreadPageServices;
    readonly post: (message: ToThreadPage) => void;
    readonly onThread: (thread: Thread) => void;
  }) {
    this.#threadId = options.threadId;
    this.#services = options.services;
    this.#onThread = options.onThread;
    this.#post = message => {
      if (!this.#ended.signal.aborted) options.post(message);
    };
    const { live } = this.#services;
    this.#batcher = this.#resources.add(
      new EntryBatcher((runId, entries) => this.#post({ type: 'transcript', runId, entries: [...entries] })),
    );
    this.#follower = new TranscriptFollower({
      read: this.#services.readTranscript.bind(this.#services),
      onEntries: (runId, entries) => this.#batcher.add(runId, entries),
      onFailed: message => {
        if (live.connection === 'online') this.#post({ type: 'failed', what: 'transcript', message });
      },
      signal: this.#ended.signal,
    });
    this.#post({ type: 'connection', state: live.connection });
    this.#resources.add(
      live.onDidChangeConnection(state => {
        this.#post({ type: 'connection', state });
        if (state === 'online') void this.load();
      }),
    );
    this.#resources.add(
      live.onDidChangeThreads(ids => {
        if (ids.includes(this.#threadId)) this.#refresh();
      }),
    );
    const thread = live.thread(this.#threadId);
    if (thread) this.#showThread(thread);
    void this.load();
  }

  /** Fetches the conversation; a call during a fetch makes one more after it. */
  load(): Promise<void> {
    if (this.#loading) {
      this.#loadAgain = true;
      return this.#loading;
    }
    this.#loading = this.#loadUntilCurrent().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#filesTimer);
    this.#ended.abort();
    await this.#resources.dispose();
  }

  async #loadUntilCurrent(): Promise<void> {
    do {
      this.#loadAgain = false;
      try {
        await this.#loadOnce(await this.#services.getThread(this.#threadId, this.#ended.signal));
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        if (this.#services.live.connection !== 'offline') {
          this.#post({ type: 'failed', what: 'load', message: errorMessage(error) });
        }
      }
    } while (this.#loadAgain && !this.#ended.signal.aborted);
  }

  async #loadOnce(loaded: GetThreadResponse): Promise<void> {
    const thread = loaded.thread;
    if (!thread || this.#ended.signal.aborted) return;
    this.#loadedShape = conversationShape(thread);
    this.#showThread(thread);
    const runs: RunView[] = loaded.runs.map(toRunView);
    this.#post({
      type: 'conversation',
      messages: loaded.messages.map(toMessageView),
      runs,
      merges: loaded.merges.map(toMergeView),
    });
    void this.#loadFiles(thread);
    if (!this.#caughtUp) {
      await this.#follower.readBacklog(runs);
      if (this.#ended.signal.aborted) return;
      this.#batcher.flush();
      this.#caughtUp = true;
      this.#post({ type: 'caughtUp' });
    }
    this.#follower.sync(runs);
  }

  #refresh(): void {
    const thread = this.#services.live.thread(this.#threadId);
    if (!thread) return;
    this.#showThread(thread);
    if (conversationShape(thread) !== this.#loadedShape) void this.load();
    else void this.#loadFiles(thread);
    if (isThreadActive(parseThreadStatus(thread.status))) this.#loadFilesSoon();
  }

  /** What an agent writes changes nothing that the host tells of before the run ends: the page asks, now and then. */
  #loadFilesSoon(): void {
    this.#filesTimer ??= setTimeout(() => {
      this.#filesTimer = undefined;
      const thread = this.#services.live.thread(this.#threadId);
      if (!thread || thread.worktree === '') return;
      this.#diffShape = '';
      void this.#loadFiles(thread);
    }, filesEveryMs);
  }

  #showThread(thread: Thread): void {
    this.#onThread(thread);
    this.#post({
      type: 'thread',
      thread: toThreadView(thread, projectNames(this.#services.live.projects())),
      agents: this.#services.live.agents(thread.projectId).map(toAgentView),
    });
  }

  async #loadFiles(thread: Thread): Promise<void> {
    const shape = diffShape(thread);
    if (shape === this.#diffShape) return;
    this.#diffShape = shape;
    try {
      const diff = await this.#services.diffThread(this.#threadId, this.#ended.signal);
      this.#post({ type: 'files', ...toFiles(diff) });
    } catch (error) {
      this.#diffShape = '';
      if (!this.#ended.signal.aborted && this.#services.live.connection === 'online') {
        this.#post({ type: 'failed', what: 'files', message: errorMessage(error) });
      }
    }
  }
}

function toFiles(diff: DiffThreadResponse): Pick<Extract<ToThreadPage, { type: 'files' }>, 'files' | 'uncommitted'> {
  return {
    files: diff.files.toSorted(byPath).map(file => {
      const { path, oldPath, status, binary, additions, deletions } = file;
      const mode = modeChange(file);
      return { path, oldPath, status, binary, additions, deletions, ...(mode && { mode }) };
    }),
    uncommitted: diff.uncommitted.length,
  };
}

/** Changes when messages, runs or merges have changed; growing transcripts and costs leave it alone. */
function conversationShape({ status, outcome, latestRun, latestMerge }: Thread): string {
  const merge = latestMerge ? `${latestMerge.id} ${latestMerge.status}` : '';
  return [status, outcome, latestRun?.id, latestRun?.status, merge].join(' ');
}

/** Changes when the list of changed files may have. */
function diffShape({ head, status, worktree, filesChanged, additions, deletions }: Thread): string {
  return [head, status, worktree, filesChanged, additions, deletions].join(' ');
}
