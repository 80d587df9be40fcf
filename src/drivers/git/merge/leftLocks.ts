import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { whoHasOpen, worksIn } from '../../../node/openFiles.js';
import { processExists, readStartTime } from '../../../node/processIdentity.js';
import type { Landing } from '../../../core/merges/landing.js';
import type { LandingWork } from './mergeContext.js';
import { lookAt } from '../../../node/looks.js';

/** A lock has no event; whoever waits for one would not notice a tenth of a second. */
const pollMs = 100;
/** A lock this old whose owner cannot be found (no /proc) is left over: git holds them for moments. */
const ownerlessMs = 10_000;
/** Files get their times from a clock that ticks every few milliseconds. A lock from before the landing is somebody else's. */
const clockSlackMs = 20;

/**
 * Waits until no git is at work for the landing any more: one that was started for it and outlived its host (it finishes
 * what it does, and a person who cancels ends it). Then removes the locks that it left. A lock that is older than the
 * landing, or that somebody else's git holds, is not touched.
 */
export async function endOwnGit(work: LandingWork, signal: AbortSignal): Promise<void> {
  const { landing, context, onNotice } = work;
  const own = landing.process;
  const began = context.clock.awake();
  let told = false;
  while (own !== undefined && isAlive(own)) {
    if (signal.aborted) {
      if (own.startTime !== '') process.kill(own.pid, 'SIGTERM');
      // It gives its locks back and is gone in a moment; if not, the locks say so.
      await within(() => !isAlive(own), context.clock, ownerlessMs);
      break;
    }
    if (!told && context.clock.awake() - began > (context.silenceMs ?? ownerlessMs)) {
      told = true;
      onNotice(
        `The git of an earlier host (process ${own.pid}) is still moving ${landing.target}. \`muster cancel\` ends it.`,
      );
    }
    // It rejects when the host ends, which the loop sees.
    await context.clock.sleep(pollMs, signal).catch(() => undefined);
  }
  for (const lock of locksOf(work)) await removeLeftLock(work, lock);
}

/** Everything that `git merge` and `git update-ref` lock on the way. */
function locksOf({ checkout, repository, landing }: LandingWork): string[] {
  const inCheckout =
    checkout === undefined ? [] : ['HEAD.lock', 'ORIG_HEAD.lock'].map(name => join(checkout.gitDir, name));
  const refs = [`refs/heads/${landing.target}.lock`, 'packed-refs.lock'].map(name => join(repository.commonDir, name));
  return [...(checkout === undefined ? [] : [join(checkout.gitDir, 'index.lock')]), ...inCheckout, ...refs];
}

async function removeLeftLock(work: LandingWork, lock: string): Promise<void> {
  const { landing, context } = work;
  const { clock, log } = context;
  const began = clock.awake();
  for (;;) {
    const found = await lookAt(lock);
    if (found === undefined || found.mtimeMs < landing.at - clockSlackMs) return;
    if (await isLeft(work, lock, clock.now() - found.mtimeMs)) {
      log.warn('Removed a lock that the git of a merge left', { lock });
      await rm(lock, { force: true });
      return;
    }
    if (clock.awake() - began > ownerlessMs) return;
    await clock.sleep(pollMs, never);
  }
}

/** Git has the index's lock open for as long as it holds it; those of refs it closes, and then its hooks run. */
async function isLeft({ checkout, repository }: LandingWork, lock: string, age: number): Promise<boolean> {
  const owner = await whoHasOpen(lock);
  // Where owners cannot be seen, age decides.
  if (owner === 'unknown') return age > ownerlessMs;
  if (owner !== 'nobody') return false;
  if (lock.endsWith('/index.lock')) return true;
  const folders = [repository.commonDir, ...(checkout === undefined ? [] : [checkout.workTree])];
  return !(await worksIn('git', folders));
}

/** Words about the lock that git says is in the way: whose it is and how old. Empty if it is gone by now. */
export async function describeLock(stderr: string, now: number): Promise<string> {
  const lock = /'([^'\n]+\.lock)'/.exec(stderr)?.[1];
  if (lock === undefined) return '';
  const found = await lookAt(lock);
  if (found === undefined) return '';
  const owner = await whoHasOpen(lock);
  const age = ageOf(now - found.mtimeMs);
  switch (owner) {
    case 'nobody':
      return ` No process has ${lock} open and it is ${age} old: a git that was killed left it. If no git is at work there, remove it.`;
    case 'unknown':
      return ` ${lock} is ${age} old. If no git is at work there, remove it.`;
    default:
      return ` ${lock} is held by ${owner.name} (process ${owner.pid}) since ${age}.`;
  }
}

function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function isAlive({ pid, startTime }: NonNullable<Landing['process']>): boolean {
  return processExists(pid) && readStartTime(pid) === startTime;
}

async function within(isOver: () => boolean, clock: LandingWork['context']['clock'], ms: number): Promise<void> {
  for (const began = clock.awake(); !isOver() && clock.awake() - began < ms;) await clock.sleep(pollMs, never);
}

const never = new AbortController().signal;
