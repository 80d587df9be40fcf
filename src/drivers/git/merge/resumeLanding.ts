import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MergeOutcome, MergeRequest } from '../../../core/merges/mergeDriver.js';
import { exists } from '../worktree/gitDirectory.js';
import { registeredAt } from '../worktree/openWorktree.js';
import type { GitContext } from '../command/gitContext.js';
import { bringCheckoutsForward, checkoutsOf, targetCommit, type Landing } from './landMerge.js';
import { readLanding, removeLanding, sweepLandings, type LandingRecord } from './landingRecord.js';
import { readTarget } from './mergeCommit.js';
import { withRepositoryLock } from '../repository/repositoryLock.js';
import { undoPartialCheckout } from './undoPartialCheckout.js';

const orphanPollMs = 100;
/** How long a git process that outlived its host may go on before its lock counts as left over. */
const longestOrphanMs = 10_000;

export interface Resumed {
  /** Present when the target has moved; otherwise everything is as it was before and the merge can be made anew. */
  readonly outcome?: MergeOutcome;
  /** What the killed host was about to do. Its git may still be at it. */
  readonly record: LandingRecord;
}

/** Finishes or undoes what an earlier host was killed in. */
export async function resumeLanding(
  context: GitContext,
  request: MergeRequest,
  signal: AbortSignal,
): Promise<Resumed | undefined> {
  const record = await readLanding(context, request.id);
  if (record === undefined || record.target !== request.target) return undefined;
  await sweepLandings(context);
  const target = await readTarget(context, request, signal);
  if (target === undefined) return { record };
  const { commonDir } = target;
  return withRepositoryLock({ commonDir, clock: context.clock, signal }, async () => {
    await waitForOrphan(context, commonDir, record, signal);
    const landing: Landing = { request, commonDir, from: record.from, to: record.to };
    if (await hasLanded(context, request, record)) return { record, outcome: await finish(context, landing) };
    if (record.checkout !== undefined) await undoPartialCheckout(context, record.checkout, record);
    await removeLanding(context, request.id);
    return { record };
  });
}

/** True if the target has the commit that the record speaks of. */
export async function hasLanded({ git }: GitContext, request: MergeRequest, { to }: LandingRecord): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', to, `refs/heads/${request.target}`];
  const output = await git.run({ cwd: request.worktree.repository, args, reads: true, accept: [0, 1, 128] });
  return output.exitCode === 0;
}

/** The ref moved; a checkout that appeared just then may still have exactly the files from before. */
async function finish(context: GitContext, landing: Landing): Promise<MergeOutcome> {
  const { request, from, to } = landing;
  const merged: MergeOutcome = { kind: 'merged', commit: to };
  if ((await targetCommit(context, request)) !== to) return merged;
  for (const { path } of await checkoutsOf(context, request)) {
    const args = ['diff-index', '--cached', '--quiet', from, '--'];
    const old = await context.git.run({ cwd: path, args, reads: true, accept: [0, 1] });
    if (old.exitCode !== 0) continue;
    const result = await bringCheckoutsForward(context, landing);
    return result === 'moved' ? merged : result;
  }
  return merged;
}

/** The git process of a killed host goes on by itself and is normally done at once. Its lock must be gone before anything else. */
async function waitForOrphan(
  { clock, log }: GitContext,
  commonDir: string,
  record: LandingRecord,
  signal: AbortSignal,
): Promise<void> {
  if (record.checkout === undefined) return;
  const lock = join((await registeredAt(commonDir, record.checkout)) ?? commonDir, 'index.lock');
  const began = clock.awake();
  while (await exists(lock)) {
    const found = await stat(lock).catch(() => undefined);
    if (found === undefined) return;
    // Older than the landing: somebody else's.
    if (found.mtimeMs < record.at - 1000) return;
    if (clock.awake() - began > longestOrphanMs || clock.now() - found.mtimeMs > longestOrphanMs) {
      log.warn('Removed the index lock of a merge that was killed', { lock });
      await rm(lock, { force: true });
      return;
    }
    await clock.sleep(orphanPollMs, signal);
  }
}
