import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { deferred } from '../../../src/base/async.js';
import { Emitter } from '../../../src/base/event.js';
import type { LiveBoard } from '../../../src/pages/board/boardServices.js';
import type { BoardTabSource } from '../../../src/pages/board/boardTabSource.js';
import type { ConnectionState } from '../../../src/pages/threadPage/threadPageServices.js';
import type { Project } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import {
  ReadTranscriptResponseSchema,
  type ReadTranscriptResponse,
  type TranscriptItemSchema,
} from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import type { TabAction, TabContent } from '../../../src/protocol/webview/boardTabs/boardTab.js';
import { ThreadSchema, type Thread } from '../../../src/protocol/gen/muster/v1/threads_pb.js';

/** A live state that a test sets by hand. */
export class FakeLive implements LiveBoard {
  readonly #connectionChanged = new Emitter<ConnectionState>();
  readonly #threadsChanged = new Emitter<readonly string[]>();
  readonly onDidChangeConnection = this.#connectionChanged.event;
  readonly onDidChangeThreads = this.#threadsChanged.event;
  readonly known = new Map<string, Thread>();
  connection: ConnectionState = 'online';
  listed: readonly Project[] = [];

  thread(threadId: string): Thread | undefined {
    return this.known.get(threadId);
  }
  threads(): readonly Thread[] {
    return [...this.known.values()];
  }
  agents(): readonly Project['agents'][number][] {
    return this.listed.flatMap(project => project.agents);
  }
  projects(): readonly Project[] {
    return this.listed;
  }

  connect(state: ConnectionState): void {
    this.connection = state;
    this.#connectionChanged.fire(state);
  }
  change(...threads: readonly Thread[]): void {
    for (const thread of threads) this.known.set(thread.id, thread);
    this.#threadsChanged.fire(threads.map(thread => thread.id));
  }
  remove(threadId: string): void {
    this.known.delete(threadId);
    this.#threadsChanged.fire([threadId]);
  }
  get listeners(): number {
    return this.#connectionChanged.listenerCount + this.#threadsChanged.listenerCount;
  }
}

/** The sides of tabs in the extension; a test can hold up the next read. */
export class FakeTabs {
  /** Tabs in the order in which they were read. */
  readonly read: string[] = [];
  readonly acted: TabAction[] = [];
  finished = 0;
  refuse = false;
  #held: Promise<void> | undefined;

  /** The next read does not end before the result is resolved. */
  hold(): { resolve(): void } {
    const { promise, resolve } = deferred<void>();
    this.#held = promise;
    return { resolve: () => resolve() };
  }

  source(tab: string, content: () => TabContent): BoardTabSource {
    return {
      read: async () => {
        const held = this.#held;
        this.#held = undefined;
        this.read.push(tab);
        await held;
        this.finished++;
        return content();
      },
      act: async action => {
        this.acted.push(action);
        if (this.refuse) throw new Error('Refused.');
      },
    };
  }
}

export function wireThread(init: MessageInitShape<typeof ThreadSchema> = {}): Thread {
  return create(ThreadSchema, {
    id: 'k3v9x2m4q7wz',
    status: 'working',
    outcome: 'open',
    summary: 'Upgrade zod',
    agent: 'dev',
    worktree: '/w/upgrade',
    repository: '/r/shop',
    ...init,
  });
}

/** A transcript of one run that a test writes while it is read. Counts its readers. */
export class FakeTranscript {
  readonly #items: MessageInitShape<typeof TranscriptItemSchema>[] = [];
  #changed = deferred<void>();
  #ended = false;
  #broken = false;
  readers = 0;

  say(text: string): void {
    this.#items.push({ end: BigInt(this.#items.length + 1), item: { case: 'text', value: { text } } });
    this.#wake();
  }
  end(): void {
    this.#ended = true;
    this.#wake();
  }
  /** The next read, or the one that waits, fails once. */
  break(): void {
    this.#broken = true;
    this.#wake();
  }

  async *read(
    options: { readonly from: bigint; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<ReadTranscriptResponse> {
    this.readers++;
    try {
      let at = Number(options.from);
      for (;;) {
        signal.throwIfAborted();
        if (this.#broken) {
          this.#broken = false;
          throw new Error('The stream broke.');
        }
        const items = this.#items.slice(at);
        at = this.#items.length;
        const changed = this.#changed.promise;
        if (items.length > 0) yield create(ReadTranscriptResponseSchema, { items });
        else if (!options.follow || this.#ended) return;
        else await Promise.race([changed, aborted(signal)]);
      }
    } finally {
      this.readers--;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
