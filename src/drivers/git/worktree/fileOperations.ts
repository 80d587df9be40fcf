import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, open, rename, rm, unlink, type FileHandle } from 'node:fs/promises';
import { systemCode } from '../../../node/systemError.js';
import { removeIfEmpty } from '../../../node/looks.js';
import { removeTree } from '../../../node/removeTree.js';

/** A path as text, or as bytes where it may not be UTF-8. */
export type FilePath = string | Buffer;

/**
 * Everything that making, putting away and bringing back worktrees changes in the file system. One seam, so that a test can
 * end the host at each of these operations.
 */
export interface FileOperations {
  /** Makes a folder and its parents; returns the outermost that was made. */
  makeFolder(path: FilePath, mode?: number): Promise<string | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** Writes a small file of ours whole, replacing one that is there. */
  write(path: FilePath, text: string): Promise<void>;
  /** A file that must not be there yet, with all its bytes. */
  writeNew(path: FilePath, bytes: Uint8Array, mode: number): Promise<void>;
  /** A file that must not be there yet, to be written piece by piece. */
  create(path: FilePath, mode: number): Promise<FileHandle>;
  link(path: FilePath, target: Buffer): Promise<void>;
  setMode(path: FilePath, mode: number): Promise<void>;
  /** One that is not there is fine. */
  removeFile(path: FilePath): Promise<void>;
  /** One that is not empty, or not there, is left alone. */
  removeEmptyFolder(path: string): Promise<void>;
  /**
   * Removes a folder with everything in it that the system lets go, read-only folders included. Answers what is left:
   * `except` (absolute paths, as `binary` text) and what could not be removed.
   */
  removeTree(path: string, except?: ReadonlySet<string>): Promise<Buffer[]>;
}

/** On the real file system. */
export const realFiles: FileOperations = {
  makeFolder: (path, mode) => mkdir(path, { recursive: true, ...(mode === undefined ? {} : { mode }) }),
  rename,
  async write(path, text) {
    // Never through a link that somebody put there.
    await rm(path, { force: true });
    writeFileSync(path, text, { flag: 'wx', mode: 0o644, flush: true });
  },
  // Small files are written at once: handing each to a thread takes several times as long as writing it.
  async writeNew(path, bytes, mode) {
    writeFileSync(path, bytes, { flag: 'wx', mode });
  },
  create: (path, mode) => open(path, 'wx', mode),
  async link(path, target) {
    symlinkSync(target, path);
  },
  async setMode(path, mode) {
    chmodSync(path, mode);
  },
  async removeFile(path) {
    await unlink(path).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
  },
  async removeEmptyFolder(path) {
    await removeIfEmpty(path);
  },
  removeTree,
};
