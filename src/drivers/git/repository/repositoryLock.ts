import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedQueue } from '../../../base/async.js';
import type { Clock } from '../../../base/clock.js';
import { AppError, errorMessage } from '../../../base/errors.js';
import { systemCode } from '../../../node/systemError.js';
import { isOwnerGone, ownLockOwner, parseLockOwner } from './lockOwner.js';
import { namesIn, removeIfEmpty } from '../../../node/looks.js';

/**
 * Locks per repository, across processes: for each purpose a directory such as `muster.lock` in the common git directory,
 * which holds one file named after a random token of its owner.
 *
 * - take: make a directory with the owner's file in it, rename it to `muster.lock` (a rename replaces an *empty*
 *   directory and fails on one that is not, in one step);
 * - give back: delete the owner's file;
 * - an owner that was killed: whoever finds that process gone deletes *that file, by its name*. Two who find it at the
 *   same time, or one who acts late, can therefore never delete the file of the next owner.
 */
const lockNames = { worktrees: 'muster.lock', landing: 'muster-landing.lock' } as const;
const pollMs = { first: 4, longest: 60 };
const longestWaitMs = 120_000;
const sweepAfterMs = 60_000;

/** In one process the lock is handed on in order and without polling, whichever driver asks. */
const inThisProcess = new KeyedQueue();

export interface LockRequest {
  readonly commonDir: string;
  /** Landing a merge may take as long as a checkout; making and removing worktrees does not wait for it. Default: `worktrees`. */
  readonly purpose?: keyof typeof lockNames;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Does `work` while no other process does such work in this repository. Errors: `git.busy`, `worktree.failed`. */
export async function withRepositoryLock<T>(request: LockRequest, work: () => Promise<T>): Promise<T> {
  return inThisProcess.run(
    join(request.commonDir, lockNames[request.purpose ?? 'worktrees']),
    async () => {
      const release = await acquire(request);
      try {
        return await work();
      } finally {
        await release();
      }
    },
    request.signal,
  );
}

async function acquire({ commonDir, purpose = 'worktrees', clock, signal }: LockRequest): Promise<() => Promise<void>> {
  const lock = join(commonDir, lockNames[purpose]);
  const token = randomUUID();
  const mine = `${lock}.${token}`;
  try {
    await mkdir(mine, { mode: 0o700 });
    await writeFile(join(mine, token), JSON.stringify(ownLockOwner(clock.now())), { mode: 0o600 });
  } catch (error) {
    await rm(mine, { recursive: true, force: true });
    throw new AppError(
      'worktree.failed',
      `Muster cannot write to the git directory ${commonDir}: ${errorMessage(error)}. Check its permissions.`,
      { path: commonDir, reason: errorMessage(error) },
      { cause: error },
    );
  }
  try {
    await waitFor({ lock, mine, clock, signal, longestMs: purpose === 'landing' ? Infinity : longestWaitMs });
  } catch (error) {
    await rm(mine, { recursive: true, force: true });
    throw error;
  }
  return async () => {
    await unlink(join(lock, token)).catch(ignoreMissing);
    // Only tidiness: an empty directory counts as free. It fails when the next owner is already there.
    await removeIfEmpty(lock);
  };
}

async function waitFor(options: {
  readonly lock: string;
  readonly mine: string;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly longestMs: number;
}): Promise<void> {
  const { lock, mine, clock, longestMs } = options;
  const signal = options.signal ?? new AbortController().signal;
  const began = clock.awake();
  for (let delay = pollMs.first; ; delay = Math.min(delay * 1.5, pollMs.longest)) {
    signal.throwIfAborted();
    if (await take(mine, lock)) return;
    const holder = await dropDeadOwners(lock, clock.now());
    if (holder === 'nobody') continue;
    if (clock.awake() - began > longestMs) {
      throw new AppError(
        'git.busy',
        `Another Muster process (${holder}) has been working on this repository's worktrees for two minutes. Try again, or end that process.`,
        { repository: lock, holder },
      );
    }
    // Spread, so that many waiters do not try at the same moment.
    await clock.sleep(delay * (0.5 + Math.random()), signal);
  }
}

async function take(mine: string, lock: string): Promise<boolean> {
  // Windows replaces no directory at all; removing an empty one first is harmless, as rmdir spares one in use.
  if (process.platform === 'win32') await removeIfEmpty(lock);
  try {
    await rename(mine, lock);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

/** Deletes the files of owners that are gone. Returns who still holds the lock. */
async function dropDeadOwners(lock: string, now: number): Promise<string> {
  let holder = 'nobody';
  for (const name of await namesIn(lock)) {
    const file = join(lock, name);
    // Its owner has just let go of the lock.
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const owner = parseLockOwner(text);
    // The file was complete before it came here; one that cannot be read was cut off by a power loss.
    if (owner === undefined || isOwnerGone(owner, now)) await unlink(file).catch(ignoreMissing);
    else holder = `process ${owner.pid}`;
  }
  return holder;
}

/** Removes what waiters left that were killed before they got the lock. */
export async function sweepLockLeftovers(commonDir: string, clock: Clock): Promise<void> {
  for (const name of await readdir(commonDir)) {
    if (!Object.values(lockNames).some(lock => name.startsWith(`${lock}.`))) continue;
    const leftover = join(commonDir, name);
    // A waiter that has just made its directory has not written its file yet.
    const age =
      clock.now() -
      (await stat(leftover).then(
        found => found.mtimeMs,
        () => clock.now(),
      ));
    if (age < sweepAfterMs) continue;
    if ((await dropDeadOwners(leftover, clock.now())) === 'nobody') await removeIfEmpty(leftover);
  }
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}
