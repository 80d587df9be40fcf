import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isBranchPrefix } from '../../base/branchPrefix.js';
import { isAppError } from '../../base/errors.js';

/** What `dist/host.js` gives to whoever loads it into its own process. */
interface HostBundle {
  startHost(options: {
    readonly stateDir: string;
    readonly mode: 'embedded';
    readonly distDir: string;
    readonly maxRuns?: number;
    readonly branchPrefix?: string;
    readonly warmWorktrees: number;
    readonly retention: RetentionSettings;
  }): Promise<RunningHost>;
}

/** For how long the host keeps things: the values of `muster.retention.*`. */
interface RetentionSettings {
  readonly runDays: number;
  readonly runGigabytes: number;
  readonly rescueDays: number;
}

interface RunningHost {
  shutdown(reason: string): void;
  readonly ended: Promise<void>;
}

/** A host inside this process: same lock, same endpoint; the other windows are its clients. */
export class EmbeddedHost {
  readonly #stateDir: string;
  readonly #distDir: string;
  readonly #maxRuns: number;
  readonly #branchPrefix: string;
  readonly #warmWorktrees: number;
  readonly #retention: RetentionSettings;
  #host: Promise<RunningHost> | undefined;

  /** `maxRuns`: 0 leaves it to the host, as an empty or impossible `branchPrefix` does. */
  constructor(options: {
    readonly stateDir: string;
    readonly distDir: string;
    readonly maxRuns: number;
    readonly branchPrefix: string;
    readonly warmWorktrees: number;
    readonly retention: RetentionSettings;
  }) {
    this.#stateDir = options.stateDir;
    this.#distDir = options.distDir;
    this.#maxRuns = options.maxRuns;
    this.#branchPrefix = isBranchPrefix(options.branchPrefix) ? options.branchPrefix : '';
    this.#warmWorktrees = options.warmWorktrees;
    this.#retention = options.retention;
  }

  /** Makes sure that a host runs: this one, or the one that already has the state directory. */
  async start(): Promise<void> {
    this.#host ??= this.#begin();
    try {
      await this.#host;
    } catch (error) {
      this.#host = undefined;
      if (!isAppError(error, 'host.locked')) throw error;
    }
  }

  /** Ends the host of this process; agents go on and the next host adopts them. */
  async stop(): Promise<void> {
    const host = await this.#host?.catch(() => undefined);
    host?.shutdown('the window closed');
    await host?.ended;
  }

  async #begin(): Promise<RunningHost> {
    const bundle: unknown = await import(pathToFileURL(join(this.#distDir, 'host.js')).href);
    if (!isHostBundle(bundle)) throw new Error('dist/host.js does not export startHost.');
    const host = await bundle.startHost({
      stateDir: this.#stateDir,
      mode: 'embedded',
      distDir: this.#distDir,
      ...(this.#maxRuns > 0 ? { maxRuns: this.#maxRuns } : {}),
      ...(this.#branchPrefix === '' ? {} : { branchPrefix: this.#branchPrefix }),
      warmWorktrees: this.#warmWorktrees,
      retention: this.#retention,
    });
    void host.ended.then(() => {
      this.#host = undefined;
    });
    return host;
  }
}

function isHostBundle(module: unknown): module is HostBundle {
  return (
    typeof module === 'object' && module !== null && 'startHost' in module && typeof module.startHost === 'function'
  );
}
