import { errorMessage } from '../../base/errors.js';
import { DisposableStore, type Disposable } from '../../base/lifecycle.js';
import type { BoardTab } from '../../protocol/webview/boardTabs/boardTab.js';
import { fromBoardSchema, type FromBoard, type ToBoard } from '../../protocol/webview/boardMessages.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { projectNames } from '../../protocol/projectNames.js';
import { toThreadView, type ThreadView } from '../../protocol/webview/threadView.js';
import type { BoardServices } from './boardServices.js';
import { boardStrip } from './boardStrip.js';
import { RoomFeed } from './roomFeed.js';
import { BoardTabFeed } from './boardTabFeed.js';

/** Changes within so short a time go in one message: live to the eye, and few while fifty agents work. */
const delayMs = 60;

/** The extension's side of the board: sends everything when the page is ready, then only what changes. */
export class BoardController implements Disposable {
  readonly #services: BoardServices;
  readonly #strings: Readonly<Record<string, string>>;
  readonly #post: (message: ToBoard) => void;
  readonly #feed: BoardTabFeed;
  readonly #rooms: RoomFeed;
  #session: DisposableStore | undefined;
  #changed = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sentStrip = '';
  /** The tab that was asked for while nobody looked. */
  #wanted: BoardTab | undefined;

  constructor(options: {
    readonly services: BoardServices;
    readonly strings: Readonly<Record<string, string>>;
    readonly post: (message: ToBoard) => void;
  }) {
    this.#services = options.services;
    this.#strings = options.strings;
    this.#post = options.post;
    this.#feed = new BoardTabFeed({
      sources: options.services.tabs,
      online: () => options.services.live.connection === 'online',
      post: options.post,
    });
    this.#rooms = new RoomFeed({
      ask: (projects, signal) => options.services.rooms(projects, signal),
      projects: () => options.services.live.projects(),
      onChange: () => this.#sendStrip(),
    });
  }

  /** Handles a message of the page; whatever is not one is dropped. */
  receive(raw: unknown): void {
    const parsed = fromBoardSchema.safeParse(raw);
    if (!parsed.success) return;
    if (parsed.data.type === 'ready') this.#start();
    else {
      this.#handle(parsed.data).catch((error: unknown) => this.#post({ type: 'failed', message: errorMessage(error) }));
    }
  }

  /** Brings a tab to the front: now, or when the page is ready. */
  show(tab: BoardTab): void {
    if (this.#session) this.#post({ type: 'show', tab });
    else this.#wanted = tab;
  }

  /** The page is hidden: its document is gone until the next `ready`. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#changed.clear();
    this.#feed.dispose();
    this.#rooms.dispose();
    void this.#session?.dispose();
    this.#session = undefined;
  }

  dispose(): void {
    this.pause();
  }

  async #handle(message: Exclude<FromBoard, { type: 'ready' }>): Promise<void> {
    switch (message.type) {
      case 'act':
        return this.#services.act(message.action, message.threadId);
      case 'show':
        return this.#feed.show(message.tab);
      case 'tabAct': {
        // What a person chose is done to its end, also when the board is hidden meanwhile.
        const { signal } = new AbortController();
        await this.#services.tabs[message.action.tab].act(message.action, signal);
        return this.#feed.changed();
      }
      case 'dispatch':
        return this.#services.dispatch();
      case 'startHost':
        return this.#services.startHost();
    }
  }

  #start(): void {
    this.pause();
    const { live } = this.#services;
    const session = new DisposableStore();
    this.#session = session;
    session.add(live.onDidChangeThreads(ids => this.#schedule(ids)));
    session.add(
      live.onDidChangeConnection(state => {
        this.#post({ type: 'connection', state });
        if (state !== 'online') return this.#rooms.dispose();
        this.#sendEverything();
        this.#feed.changed();
        this.#rooms.begin();
      }),
    );
    this.#post({ type: 'init', strings: this.#strings });
    this.#post({ type: 'connection', state: live.connection });
    if (this.#wanted !== undefined) this.#post({ type: 'show', tab: this.#wanted });
    this.#wanted = undefined;
    // Before the first answer of the host there is nothing to show but the skeleton.
    if (live.connection === 'online' || live.threads().length > 0) this.#sendEverything();
    if (live.connection === 'online') this.#rooms.begin();
  }

  #sendEverything(): void {
    this.#sentStrip = '';
    this.#post({ type: 'snapshot', threads: this.#viewsOf(this.#services.live.threads()) });
    this.#sendStrip();
  }

  #schedule(ids: readonly string[]): void {
    if (!this.#session) return;
    this.#feed.changed();
    for (const id of ids) this.#changed.add(id);
    this.#timer ??= setTimeout(() => this.#sendChanges(), delayMs);
  }

  #sendChanges(): void {
    this.#timer = undefined;
    const ids = this.#changed;
    this.#changed = new Set();
    const known: Thread[] = [];
    const removed: string[] = [];
    // Not `live.thread`: threads of other folders change too, and are not on this board.
    const shown = new Map(this.#services.live.threads().map(thread => [thread.id, thread]));
    for (const id of ids) {
      const thread = shown.get(id);
      if (thread) known.push(thread);
      else removed.push(id);
    }
    if (ids.size > 0) this.#post({ type: 'changes', threads: this.#viewsOf(known), removed });
    this.#sendStrip();
  }

  #viewsOf(threads: readonly Thread[]): ThreadView[] {
    const names = projectNames(this.#services.live.projects());
    return threads.map(thread => toThreadView(thread, names));
  }

  #sendStrip(): void {
    const { live } = this.#services;
    const midnight = new Date().setHours(0, 0, 0, 0);
    const strip = boardStrip({
      projects: live.projects(),
      threads: live.threads(),
      midnight,
      places: this.#rooms.rooms,
    });
    const text = JSON.stringify(strip);
    if (text === this.#sentStrip) return;
    this.#sentStrip = text;
    this.#post(strip);
  }
}
