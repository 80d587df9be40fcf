import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reserved, runFiles } from '../../node/runFiles.js';

/** As many runs as start at once without waiting for the disk; more make their folders themselves. */
const kept = 3;

/** What every run's folder has from the start, and what is in it. */
export const firstFiles: readonly (readonly [string, string])[] = [
  [runFiles.spec, ''],
  [runFiles.prompt, ''],
  [runFiles.stdout, ''],
  [runFiles.stderr, ''],
  [runFiles.pid, reserved],
  [runFiles.exit, reserved],
];

/**
 * Folders of runs that are made before anybody wants them: on a disk, half a dozen new files take as long as all the rest of
 * a dispatch. A spare one is filled where it is and gets the run's name when it is whole.
 *
 * States: unused (there are none, and runs make their folders themselves) → begun → disposed. {@link fill} is called when there
 * is time; {@link take} never waits. What is left of an earlier host goes when it is begun.
 */
export class SpareRunFolders {
  readonly #place: string;
  readonly #spare: string[] = [];
  #filling: Promise<void> | undefined;
  #begun: Promise<void> | undefined;
  #disposed = false;

  constructor(stateDir: string) {
    // Beside `runs`, whose names are ids of runs.
    this.#place = join(stateDir, 'spare');
  }

  /** A folder that whoever takes it gives another name, or removes. */
  take(): string | undefined {
    return this.#spare.pop();
  }

  begin(): void {
    this.#begun ??= rm(this.#place, { recursive: true, force: true });
    void this.fill();
  }

  /** Makes those that are missing. Never rejects: without spare ones runs begin a little later. */
  fill(): Promise<void> {
    this.#filling ??= this.#fill()
      .catch(() => undefined)
      .finally(() => (this.#filling = undefined));
    return this.#filling;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#spare.length = 0;
    await this.#filling;
    if (this.#begun) await rm(this.#place, { recursive: true, force: true });
  }

  async #fill(): Promise<void> {
    if (!this.#begun) return;
    await this.#begun;
    while (!this.#disposed && this.#spare.length < kept) {
      await mkdir(this.#place, { mode: 0o700, recursive: true });
      const folder = await mkdtemp(join(this.#place, 'run-'));
      for (const [name, text] of firstFiles) await writeFile(join(folder, name), text, { mode: 0o600, flag: 'wx' });
      this.#spare.push(folder);
    }
  }
}
