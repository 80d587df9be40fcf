import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** No key is longer. */
const maxBytes = 64 * 1024;
/** How long a file that somebody exchanged may go unnoticed. */
const keepsMs = 5_000;

type Variables = Readonly<Record<string, string>>;

/** Keys of upstreams by the names of their variables: those of the environment, and on top of them the files of a mounted Secret. */
export class MountedKeys {
  readonly #environment: Variables;
  readonly #folder: string | undefined;
  /** Milliseconds of a clock that never jumps. */
  readonly #now: () => number;
  #read: { readonly at: number; readonly variables: Variables } | undefined;

  constructor(options: {
    readonly environment: Variables;
    readonly folder: string | undefined;
    readonly now: () => number;
  }) {
    this.#environment = options.environment;
    this.#folder = options.folder;
    this.#now = options.now;
  }

  /** As they are now: a Secret that changes changes its files. */
  get variables(): Variables {
    if (this.#folder === undefined) return this.#environment;
    const before = this.#read;
    if (before && this.#now() - before.at <= keepsMs) return before.variables;
    try {
      this.#read = { at: this.#now(), variables: { ...this.#environment, ...filesIn(this.#folder) } };
    } catch (error) {
      // Just being exchanged; what is never there is said.
      if (!before) throw error;
      this.#read = { ...before, at: this.#now() };
    }
    return this.#read.variables;
  }
}

/** Kubernetes keeps its own files beside them, which begin with a dot. */
function filesIn(folder: string): Variables {
  const names = readdirSync(folder).filter(name => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  const files = names.map(name => ({ name, path: join(folder, name), about: statSync(join(folder, name)) }));
  return Object.fromEntries(
    files
      .filter(({ about }) => about.isFile() && about.size <= maxBytes)
      .map(({ name, path }) => [name, readFileSync(path, 'utf8').trim()]),
  );
}
