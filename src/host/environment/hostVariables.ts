import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { AppError, errorMessage } from '../../base/errors.js';
import type { HostVariable, HostVariables } from '../../core/access/hostVariable.js';
import { systemCode } from '../../node/systemError.js';

const fileSchema = z.object({
  variables: z.array(z.object({ name: z.string(), value: z.string(), secret: z.boolean() })),
});

/**
 * A file of the state directory (0600), not the database: that is copied, put aside when it is damaged, and holds no text of a secret.
 */
export class FileHostVariables implements HostVariables {
  readonly #file: string;
  #known: ReadonlyMap<string, HostVariable> | undefined;

  constructor(stateDir: string) {
    this.#file = join(stateDir, 'variables.json');
  }

  list(): readonly HostVariable[] {
    return [...this.#read().values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  put(variable: HostVariable): void {
    this.#write(new Map(this.#read()).set(variable.name, variable));
  }

  remove(name: string): boolean {
    const variables = new Map(this.#read());
    const had = variables.delete(name);
    if (had) this.#write(variables);
    return had;
  }

  /** Nothing where there is no file. One that cannot be read is not written over. */
  #read(): ReadonlyMap<string, HostVariable> {
    if (this.#known) return this.#known;
    let text = '{"variables": []}';
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw this.#unreadable(errorMessage(error), error);
    }
    try {
      const { variables } = fileSchema.parse(JSON.parse(text));
      return (this.#known = new Map(variables.map(variable => [variable.name, variable])));
    } catch (error) {
      throw this.#unreadable('it is not what Muster writes', error);
    }
  }

  #unreadable(reason: string, cause: unknown): AppError<'state.unwritable'> {
    const text = `${this.#file} cannot be read: ${reason}. Mend it or move it away.`;
    return new AppError('state.unwritable', text, { path: this.#file, reason }, { cause });
  }

  /** Whole or not at all. */
  #write(variables: ReadonlyMap<string, HostVariable>): void {
    const beside = `${this.#file}.new`;
    writeFileSync(beside, `${JSON.stringify({ variables: [...variables.values()] }, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(beside, this.#file);
    this.#known = variables;
  }
}
