import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import {
  fromThreadPageSchema,
  type FromThreadPage,
  type ToThreadPage,
} from '../../protocol/webview/threadPageMessages.js';
import type { ThreadPageServices } from './threadPageServices.js';
import { ThreadPageSession } from './threadPageSession.js';

/** What the page asks of the editor itself. */
export interface PageEditor {
  /** `thread`: whose page it is, so that files of its worktree open as its own. */
  openFile(
    target: { readonly path: string; readonly line?: number; readonly roots: readonly string[] },
    thread: Thread | undefined,
  ): Promise<void>;
  openLink(url: string): Promise<void>;
}

/**
 * The extension's side of one thread page. Each `ready` of the page starts a session: everything is sent again, then
 * kept current; the next `ready`, {@link pause} or {@link dispose} ends it, and with it every call to the host.
 */
export class ThreadPageController implements Disposable {
  readonly #threadId: string;
  readonly #services: ThreadPageServices;
  readonly #strings: Readonly<Record<string, string>>;
  readonly #editor: PageEditor;
  readonly #post: (message: ToThreadPage) => void;
  readonly #onThread: (thread: Thread) => void;
  /** The last known state; kept over sessions for paths and titles. */
  #thread: Thread | undefined;
  #session: ThreadPageSession | undefined;
  #focusWhenReady = false;

  constructor(options: {
    readonly threadId: string;
    readonly services: ThreadPageServices;
    readonly strings: Readonly<Record<string, string>>;
    readonly editor: PageEditor;
    readonly post: (message: ToThreadPage) => void;
    /** The thread's state changed; for the panel's title. */
    readonly onThread: (thread: Thread) => void;
  }) {
    this.#threadId = options.threadId;
    this.#services = options.services;
    this.#strings = options.strings;
    this.#editor = options.editor;
    this.#post = options.post;
    this.#onThread = options.onThread;
  }

  /** Handles a message of the page; whatever is not one is dropped. */
  receive(raw: unknown): void {
    const parsed = fromThreadPageSchema.safeParse(raw);
    if (!parsed.success) return;
    const message = parsed.data;
    if (message.type === 'ready') this.#start();
    else void this.#handle(message).catch((error: unknown) => this.#fail('action', error));
  }

  /** Puts the cursor into the follow-up box, now or as soon as the page is there. */
  focusFollowUp(): void {
    if (this.#session) this.#post({ type: 'focusFollowUp' });
    else this.#focusWhenReady = true;
  }

  /** Opens the page's *Find*. */
  find(): void {
    this.#post({ type: 'find' });
  }

  /** The page is hidden: its document is gone until the next `ready`. */
  pause(): void {
    void this.#session?.dispose();
    this.#session = undefined;
  }

  dispose(): void {
    this.pause();
  }

  async #handle(message: Exclude<FromThreadPage, { type: 'ready' }>): Promise<void> {
    const services = this.#services;
    switch (message.type) {
      case 'act':
        return services.act(message.action, this.#threadId);
      case 'followUp':
        return this.#followUp(message);
      case 'openFile': {
        const { path, line } = message;
        const target = { path, roots: this.#roots(), ...(line !== undefined && { line }) };
        return this.#editor.openFile(target, this.#thread);
      }
      case 'openDiff':
        return services.openDiff(this.#threadId, message.path);
      case 'openLink':
        return this.#editor.openLink(message.url);
      case 'openRunLog':
        return services.openRunLog(this.#threadId, message.runId);
      case 'startHost':
        return services.startHost();
      case 'draft':
        return services.drafts.set(this.#threadId, message.text);
      case 'reload':
        return this.#session?.load();
    }
  }

  async #followUp({ text, agent, key }: Extract<FromThreadPage, { type: 'followUp' }>): Promise<void> {
    // Not the session's signal: a task that was sent stays sent when the person looks elsewhere.
    const signal = this.#services.closing;
    try {
      await this.#services.followUp({ threadId: this.#threadId, text, agent, key }, signal);
      await this.#services.drafts.set(this.#threadId, '');
      this.#post({ type: 'followUpDone', key });
      await this.#session?.load();
    } catch (error) {
      this.#post({ type: 'followUpDone', key, error: errorMessage(error) });
    }
  }

  /** Folders that the paths of an agent may lead into, the worktree first. */
  #roots(): readonly string[] {
    const thread = this.#thread;
    return thread ? [thread.worktree, thread.repository].filter(root => root !== '') : [];
  }

  #start(): void {
    this.pause();
    this.#post({ type: 'init', threadId: this.#threadId, strings: this.#strings });
    const draft = this.#services.drafts.get(this.#threadId);
    if (draft !== '') this.#post({ type: 'draft', text: draft });
    if (this.#focusWhenReady) this.#post({ type: 'focusFollowUp' });
    this.#focusWhenReady = false;
    this.#session = new ThreadPageSession({
      threadId: this.#threadId,
      services: this.#services,
      post: this.#post,
      onThread: thread => {
        this.#thread = thread;
        this.#onThread(thread);
      },
    });
  }

  #fail(what: 'action', error: unknown): void {
    this.#post({ type: 'failed', what, message: errorMessage(error) });
  }
}
