import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { errorMessage } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { GuestGit } from '../../core/sandboxes/sandboxDriver.js';
import type { HistoryDriver, HistoryPack, OpenHistory } from '../../core/workspaces/historyDriver.js';
import type { ThereAlready } from '../guests/runArchive.js';
import { unchangedFiles } from '../guests/unchangedFiles.js';
import {
  contentsOf,
  fillCommand,
  filesCommand,
  forgetCommand,
  lookCommand,
  ownCommand,
  proveCommand,
  restoreCommand,
  verifyCommand,
  type CacheContents,
} from './cacheScripts.js';
import { runInside } from './insidePod.js';
import { keeperOf, type PodPlace, type RunPod } from './podContainer.js';

/** Of commits that the cluster says it has: more than it keeps of them, and few enough for a command. */
const mostNegatives = 100;

export interface HistoryPlace extends PodPlace {
  readonly histories: HistoryDriver;
  readonly log: Log;
}

interface Sending {
  readonly pod: RunPod;
  readonly git: GuestGit;
  /** The worktree. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface SentHistory {
  /** Missing: the pod is as it was. */
  readonly there?: ThereAlready | undefined;
  /** Of packs. */
  readonly bytes: number;
  /** What a person is told about the cache: why it was not used, or not filled. */
  readonly trouble?: string | undefined;
}

/**
 * Sends what a pod lacks of the history that its guest needs, and has git there make the files that are as in a commit. Into the volume goes what the branch has that a thread began from, and
 * nothing of a thread; that is sent to the pod alone. What the volume says of itself is looked up here, and believed where it is complete.
 * Whatever fails with the volume leaves the pod as it was. Errors: the signal's reason.
 */
export async function sendHistory(place: HistoryPlace, sending: Sending): Promise<SentHistory> {
  const { pod, git, signal } = sending;
  let history: OpenHistory | undefined;
  try {
    history = await place.histories.open(git);
    return await new HistorySender(place, sending, history).send();
  } catch (error) {
    signal.throwIfAborted();
    await runInside(keeperOf(place, pod), forgetCommand, { signal });
    return { bytes: 0, trouble: errorMessage(error) };
  } finally {
    await history?.dispose();
  }
}

/** What of the volume can be relied on. */
interface Believed {
  readonly generation: number;
  readonly tips: readonly string[];
}

class HistorySender {
  readonly #place: HistoryPlace;
  readonly #sending: Sending;
  readonly #history: OpenHistory;
  #bytes = 0;
  #trouble: string | undefined;

  constructor(place: HistoryPlace, sending: Sending, history: OpenHistory) {
    this.#place = place;
    this.#sending = sending;
    this.#history = history;
  }

  async send(): Promise<SentHistory> {
    const { signal } = this.#sending;
    const believed = await this.#filled();
    try {
      return await this.#sendBeside(believed);
    } catch (error) {
      signal.throwIfAborted();
      const { base } = this.#sending.git.commits;
      // That a file's bytes are damaged is seen when they are read, which costs too much to be done before each run.
      if (!believed || base === undefined || (await this.#isReadable(believed.generation))) throw error;
      await this.#run(forgetCommand);
      return await this.#sendBeside(await this.#renewed(believed.generation, base));
    }
  }

  async #sendBeside(believed: Believed | undefined): Promise<SentHistory> {
    const { format, wanted } = this.#history;
    const { signal } = this.#sending;
    const proven = believed?.tips ?? [];
    const pack = await this.#history.pack(wanted, proven, signal);
    const generation = believed?.generation;
    await this.#run(ownCommand(format, { generation, hasPack: pack !== undefined, commits: wanted, proven }), pack);
    return { there: await this.#makeFiles(), bytes: this.#bytes, trouble: this.#trouble };
  }

  /** What is not in the commit, or is not the same here, is left for a tar. */
  async #makeFiles(): Promise<ThereAlready> {
    const { folder, signal } = this.#sending;
    const { format } = this.#history;
    const commitFiles = await this.#history.files(signal);
    const { commit, regular, isIndex } = commitFiles;
    const { paths, umask } = await unchangedFiles(folder, regular, signal);
    const others = commitFiles.without(paths);
    const made = filesCommand(format, { commit, umask, hasOthers: others !== undefined });
    await this.#run(made, others && { bytes: others.removed });
    if (isIndex && others) await this.#run(restoreCommand(format), { bytes: others.restored });
    return { files: paths, index: isIndex };
  }

  /** The volume with the branch that the thread began from, as far as that can be had. Undefined: nothing of it is to be used. */
  async #filled(): Promise<Believed | undefined> {
    const contents = contentsOf(await this.#run(lookCommand));
    const known = (await this.#history.known(contents.tips)).slice(0, mostNegatives);
    const { base } = this.#sending.git.commits;
    const { generation } = contents;
    const isMarked = base !== undefined && known.includes(base);
    if (isMarked && (await this.#isProven(generation, [base]))) return { generation, tips: [base] };
    if (base !== undefined && !isMarked && (await this.#fill(contents, base, known)))
      return { generation, tips: [base] };
    if (known.length === 0) return undefined;
    // There may be no room for more, or no need; or what is there is damaged.
    if (!isMarked && (await this.#isProven(generation, known))) return { generation, tips: known };
    return base === undefined ? undefined : await this.#renewed(generation, base);
  }

  /** Begins anew beside what is damaged. */
  async #renewed(generation: number, base: string): Promise<Believed | undefined> {
    const { pod } = this.#sending;
    this.#place.log.warn('The cache of a repository is damaged, and filled anew', { run: pod.run });
    const next = { generation: generation + 1, tips: [], outdated: [generation - 1].filter(number => number > 0) };
    return (await this.#fill(next, base, [])) ? { generation: next.generation, tips: [base] } : undefined;
  }

  async #fill({ generation, outdated }: CacheContents, tip: string, known: readonly string[]): Promise<boolean> {
    const { pod, signal } = this.#sending;
    try {
      const pack = await this.#history.pack([tip], known, signal);
      // What it has already needs no mark.
      if (!pack) return false;
      await this.#run(fillCommand(this.#history.format, { generation, run: pod.run, tip, outdated }), pack);
      this.#trouble = undefined;
      return true;
    } catch (error) {
      signal.throwIfAborted();
      this.#trouble = errorMessage(error);
      return false;
    }
  }

  async #isProven(generation: number, tips: readonly string[]): Promise<boolean> {
    try {
      await this.#run(proveCommand(this.#history.format, generation, tips));
      return true;
    } catch (error) {
      this.#sending.signal.throwIfAborted();
      this.#trouble = errorMessage(error);
      return false;
    }
  }

  /** All bytes of all objects. */
  async #isReadable(generation: number): Promise<boolean> {
    return await this.#run(verifyCommand(this.#history.format, generation)).then(
      () => true,
      () => false,
    );
  }

  async #run(command: readonly string[], input?: HistoryPack | { readonly bytes: Uint8Array }): Promise<string> {
    const { pod, signal } = this.#sending;
    const keeper = keeperOf(this.#place, pod);
    if (!input) return await runInside(keeper, command, { signal });
    if (!('path' in input)) return await runInside(keeper, command, { input: Readable.from([input.bytes]), signal });
    this.#bytes += input.bytes;
    return await runInside(keeper, command, { input: createReadStream(input.path, { start: input.start }), signal });
  }
}
