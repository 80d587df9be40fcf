import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectory } from '../../../node/privateDirectory.js';
import { shellWord, type OrderShell } from '../../../node/orderShell.js';

/** Made at once, because making them takes a process; enough for a handful of commands. */
const batch = 24;
/** With fewer left the next ones are made, before anybody waits for them. */
const low = 10;

/**
 * Pipes that this process and one that the shell starts can share. Node makes none, so the shell makes named ones: they are
 * opened here for reading and lose their names at once. From then on they are found only through this process
 * (`/proc/<pid>/fd/<number>`), and each is used once, so that nobody who kept one open reaches another command's.
 */
export class PipePool {
  readonly #shell: OrderShell;
  readonly #folder: string;
  readonly #free: number[] = [];
  #filling: Promise<boolean> | undefined;

  constructor(shell: OrderShell, folder: string) {
    this.#shell = shell;
    this.#folder = folder;
  }

  /** Open ends for reading, which whoever takes them closes; undefined when none can be made. */
  async take(count: number): Promise<readonly number[] | undefined> {
    while (this.#free.length < count) if (!(await this.fill())) return undefined;
    const taken = this.#free.splice(0, count);
    if (this.#free.length < low) void this.fill();
    return taken;
  }

  /** Makes more. False when that is not possible. */
  fill(): Promise<boolean> {
    this.#filling ??= this.#make().finally(() => (this.#filling = undefined));
    return this.#filling;
  }

  dispose(): void {
    for (const pipe of this.#free.splice(0)) closeSync(pipe);
  }

  async #make(): Promise<boolean> {
    const paths = Array.from({ length: batch }, () => join(this.#folder, randomBytes(12).toString('hex')));
    try {
      makePrivateDirectory(this.#folder);
    } catch {
      // A state directory that cannot be written to: git is started the other way.
      return false;
    }
    const made = await this.#order(`mkfifo -m 600 ${paths.map(shellWord).join(' ')}`);
    for (const path of paths) this.#open(path);
    return made && this.#free.length > 0;
  }

  #order(command: string): Promise<boolean> {
    return new Promise(resolve => {
      const over = this.#shell.order(
        // In the background, so that no git waits for two dozen files to be made.
        token => `{ ${command} 2>/dev/null && echo ${token} made || echo ${token} failed; } &`,
        words => {
          over();
          resolve(words === 'made');
        },
      );
    });
  }

  #open(path: string): void {
    try {
      const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      unlinkSync(path);
      if (fstatSync(pipe).isFIFO()) this.#free.push(pipe);
      else closeSync(pipe);
    } catch {
      // It was not made, or somebody took it away: the others serve as well.
    }
  }
}
