import { mkdir, open, rm, stat } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { RunDirectory, RunDirectoryContents, RunExit } from '../../core/runs/runDirectory.js';
import type { RunFolderWatches } from './runFolderWatches.js';
import { reserveBytes, runFiles, runPath, systemCode, unwritable, writeWhole } from './runFiles.js';
import { readExitRecord } from './runRecords.js';

const plainName = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const reservedNames = new Set<string>(Object.values(runFiles));

/** The files of runs under `<stateDir>/runs`. */
export class DiskRunDirectory implements RunDirectory {
  readonly #stateDir: string;
  readonly #watches: RunFolderWatches;

  constructor(options: { readonly stateDir: string; readonly watches: RunFolderWatches }) {
    this.#stateDir = options.stateDir;
    this.#watches = options.watches;
  }

  path(run: RunId): string {
    return runPath(this.#stateDir, run);
  }

  async create(run: RunId, contents: RunDirectoryContents): Promise<void> {
    const dir = this.path(run);
    for (const name of Object.keys(contents.files)) {
      if (!plainName.test(name) || reservedNames.has(name))
        throw new AppError(
          'internal',
          `A provider asked for a run file with the impossible name ${JSON.stringify(name)}.`,
          {
            detail: `file name ${name}`,
          },
        );
    }
    const reserve = ' '.repeat(reserveBytes);
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const files: readonly (readonly [string, string])[] = [
        [runFiles.spec, JSON.stringify(contents.spec, undefined, 2)],
        [runFiles.prompt, contents.prompt],
        [runFiles.stdout, ''],
        [runFiles.stderr, ''],
        [runFiles.pidReserve, reserve],
        [runFiles.exitReserve, reserve],
        ...Object.entries(contents.files),
      ];
      await Promise.all(files.map(([name, text]) => writeWhole(join(dir, name), text)));
    } catch (error) {
      throw unwritable(dir, error);
    }
  }

  async exists(run: RunId): Promise<boolean> {
    return stat(this.path(run)).then(
      () => true,
      () => false,
    );
  }

  async claimStart(run: RunId): Promise<'claimed' | 'taken'> {
    const dir = this.path(run);
    try {
      // A wrapper is only ever spawned after its directory was made: without one there is none to race with.
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await mkdir(join(dir, runFiles.started), { mode: 0o700 });
      return 'claimed';
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return 'taken';
      throw unwritable(dir, error);
    }
  }

  async readExit(run: RunId): Promise<RunExit | undefined> {
    return readExitRecord(this.path(run));
  }

  async waitForStart(run: RunId, signal: AbortSignal): Promise<void> {
    const dir = this.path(run);
    await this.#watches.waitFor({
      run,
      files: [runFiles.pid, runFiles.exit],
      signal,
      look: () =>
        [runFiles.pid, runFiles.exit].some(name => statSync(join(dir, name), { throwIfNoEntry: false })) || undefined,
    });
  }

  async waitForExit(run: RunId, signal: AbortSignal): Promise<RunExit> {
    const dir = this.path(run);
    return this.#watches.waitFor({ run, files: [runFiles.exit], signal, look: () => readExitRecord(dir) });
  }

  async stderrTail(run: RunId, maxBytes: number): Promise<string> {
    let file;
    try {
      file = await open(join(this.path(run), runFiles.stderr), 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return '';
      throw error;
    }
    try {
      const { size } = await file.stat();
      const from = Math.max(0, size - maxBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      const text = buffer.subarray(0, bytesRead);
      // A cut in the middle of a character would show as a replacement character that the agent never wrote.
      let start = 0;
      while (from > 0 && start < 3 && ((text[start] ?? 0) & 0xc0) === 0x80) start++;
      return text.toString('utf8', start);
    } finally {
      await file.close();
    }
  }

  async remove(run: RunId): Promise<void> {
    await rm(this.path(run), { recursive: true, force: true, maxRetries: 3 });
  }
}
