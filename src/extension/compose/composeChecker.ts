import { Worker } from 'node:worker_threads';
import { ownValue } from '../../base/ownValue.js';
import type { Disposable } from '../../base/lifecycle.js';
import { envFilesOf, layeredEnv, type EnvFileList } from '../../compose/environment.js';
import { parseCompose, type ComposeResult } from '../../compose/parseCompose.js';

/** What one check needs; it must survive being copied to another thread. */
export interface ComposeQuestion {
  readonly text: string;
  readonly directoryName: string;
  /** Variables of env files, later files last. */
  readonly files: readonly ReadonlyMap<string, string>[];
}

/** What the thread of its own is asked: to check a text, or only which env files it names. */
export type ComposeWork =
  { readonly kind: 'check'; readonly question: ComposeQuestion } | { readonly kind: 'envFiles'; readonly text: string };

/** Longer texts would hold up every extension of the window for more than a moment. Characters. */
const longestHere = 50_000;
/** Nobody's compose file; a thread that needs more is ended, and nothing is marked. */
const heapMegabytes = 1_000;

/** Checks compose files: ordinary ones at once, large ones in a thread of their own, of which a newer text ends the older. */
export class ComposeChecker implements Disposable {
  readonly #worker: string;
  readonly #running = new Map<string, Worker>();

  constructor(options: { /** Path of the bundled worker. */ readonly worker: string }) {
    this.#worker = options.worker;
  }

  /** Undefined when a newer check of the same key, or the end, came before the answer. */
  async check(key: string, question: ComposeQuestion): Promise<ComposeResult | undefined> {
    this.cancel(key);
    const { text, directoryName, files } = question;
    if (text.length > longestHere) return await this.#elsewhere<ComposeResult>(key, { kind: 'check', question });
    return parseCompose(text, { env: layeredEnv(files, name => ownValue(process.env, name)), directoryName });
  }

  /** Which env files a text names; undefined like {@link check}. A text that does not have the word is not read for it. */
  async envFiles(key: string, text: string): Promise<EnvFileList | undefined> {
    this.cancel(key);
    if (!text.includes('env_file')) return { named: [], useDefault: true };
    if (text.length > longestHere) return await this.#elsewhere<EnvFileList>(key, { kind: 'envFiles', text });
    return envFilesOf(text);
  }

  cancel(key: string): void {
    void this.#running.get(key)?.terminate();
    this.#running.delete(key);
  }

  dispose(): void {
    for (const key of [...this.#running.keys()]) this.cancel(key);
  }

  async #elsewhere<Answer>(key: string, work: ComposeWork): Promise<Answer | undefined> {
    const worker = new Worker(this.#worker, { resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
    this.#running.set(key, worker);
    try {
      return await new Promise<Answer | undefined>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () => resolve(undefined));
        worker.postMessage(work);
      });
    } finally {
      if (this.#running.get(key) === worker) this.cancel(key);
    }
  }
}
