import type * as vscode from 'vscode';
import { Emitter, type Event } from '../../base/event.js';

const stateKey = 'mutedThreads';
/** Enough for every thread that can still need someone; the oldest is forgotten first. */
const maximum = 500;

/** Threads a person does not want to be notified about; remembered per workspace. */
export class MutedThreads {
  readonly #memento: vscode.Memento;
  readonly #changed = new Emitter<string>();
  readonly #muted: Set<string>;

  constructor(memento: vscode.Memento) {
    this.#memento = memento;
    const stored = memento.get<unknown>(stateKey);
    this.#muted = new Set(Array.isArray(stored) ? stored.filter(id => typeof id === 'string') : []);
  }

  /** Fires with the id of a thread that was muted or unmuted. */
  readonly onDidChange: Event<string> = listener => this.#changed.event(listener);

  has(threadId: string): boolean {
    return this.#muted.has(threadId);
  }

  async mute(threadId: string): Promise<void> {
    this.#muted.add(threadId);
    await this.#store(threadId);
  }

  async unmute(threadId: string): Promise<void> {
    this.#muted.delete(threadId);
    await this.#store(threadId);
  }

  async #store(threadId: string): Promise<void> {
    this.#changed.fire(threadId);
    await this.#memento.update(stateKey, [...this.#muted].slice(-maximum));
  }
}
