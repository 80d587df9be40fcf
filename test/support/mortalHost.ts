import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../src/core/store.js';
import type { Stores } from '../../src/core/stores.js';
import {
  GitCommand,
  type GitCommandOptions,
  type GitOutput,
  type GitRun,
} from '../../src/drivers/git/command/gitCommand.js';
import { realFiles, type FileOperations } from '../../src/drivers/git/worktree/fileOperations.js';

/** What a killed host's own code sees: nothing that it still tries has any effect. */
export class HostKilled extends Error {
  constructor() {
    super('The host was killed');
  }
}

/**
 * Everything by which a host changes the world around worktrees (git commands, file operations, transactions), counted.
 * It dies at operation number `diesAt`: that one and all after it do nothing. With `half`, a folder that was to be removed
 * is half gone then.
 */
export class MortalHost {
  /** What was done, in order. */
  readonly operations: string[] = [];
  /** Resolves when it dies. */
  readonly died: Promise<void>;
  readonly #die: () => void;
  readonly #diesAt: number;
  readonly #half: boolean;

  constructor(diesAt = Number.POSITIVE_INFINITY, half = false) {
    this.#diesAt = diesAt;
    this.#half = half;
    const died = Promise.withResolvers<void>();
    this.died = died.promise;
    this.#die = died.resolve;
  }

  git(options: GitCommandOptions): GitCommand {
    return new MortalGit(options, name => this.#operation(name));
  }

  files(): FileOperations {
    const counted = <A extends readonly unknown[], R>(name: string, work: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        this.#operation(name);
        return work(...args);
      };
    };
    return {
      makeFolder: counted('makeFolder', realFiles.makeFolder),
      rename: counted('rename', realFiles.rename),
      write: counted('write', realFiles.write),
      writeNew: counted('writeNew', realFiles.writeNew),
      create: counted('create', realFiles.create),
      link: counted('link', realFiles.link),
      setMode: counted('setMode', realFiles.setMode),
      removeFile: counted('removeFile', realFiles.removeFile),
      removeEmptyFolder: counted('removeEmptyFolder', realFiles.removeEmptyFolder),
      removeTree: async (path, except) => {
        try {
          this.#operation('removeTree');
        } catch (error) {
          if (this.#half && this.operations.length === this.#diesAt) removeHalf(path);
          throw error;
        }
        return realFiles.removeTree(path, except);
      },
    };
  }

  store(store: Store<Stores>): Store<Stores> {
    return {
      epoch: store.epoch,
      onDidCommit: store.onDidCommit,
      read: work => store.read(work),
      transact: work => {
        this.#operation('transaction');
        return store.transact(work);
      },
    };
  }

  #operation(name: string): void {
    if (this.operations.length >= this.#diesAt) throw new HostKilled();
    this.operations.push(name);
    if (this.operations.length < this.#diesAt) return;
    this.#die();
    throw new HostKilled();
  }
}

class MortalGit extends GitCommand {
  readonly #onRun: (name: string) => void;

  constructor(options: GitCommandOptions, onRun: (name: string) => void) {
    super(options);
    this.#onRun = onRun;
  }

  override async run(command: GitRun): Promise<GitOutput> {
    this.#onRun(`git ${command.args.slice(0, 2).join(' ')}`);
    return super.run(command);
  }
}

function removeHalf(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const names = readdirSync(path);
  for (const name of names.slice(0, Math.ceil(names.length / 2))) rmSync(join(path, name), { recursive: true });
}
