import { chmod, mkdir } from 'node:fs/promises';
import type { MergeOutcome, MergeRequest } from '../../../src/core/merges/mergeDriver.js';
import { writeIn } from '../../support/gitRepository.js';
import type { Interposition } from '../../support/interposedGit.js';
import type { MergeFixture } from './mergeFixture.js';

/** One situation that a merge meets, and what must come of it. */
export interface MergeRow {
  readonly name: string;
  readonly arrange?: (merge: MergeFixture) => Promise<void>;
  /** What another process does in the middle of the merge. */
  readonly between?: (merge: MergeFixture) => Interposition;
  readonly request?: Partial<MergeRequest>;
  readonly outcome: Partial<MergeOutcome>;
  /** Paths of the main checkout that `git status` lists afterwards. */
  readonly status?: readonly string[];
  /** The main checkout is none for git. */
  readonly bare?: true;
  /** Further expectations. */
  readonly after?: (merge: MergeFixture, outcome: MergeOutcome) => Promise<void>;
}

export const merged = { kind: 'merged' } as const;
export const blocked = (reason: string, ...files: readonly string[]) =>
  ({ kind: 'blocked', reason, ...(files.length > 0 ? { files } : {}) }) as Partial<MergeOutcome>;

export const identity = '-c user.name=T -c user.email=t@example.com';
export const moveRef = '*update-ref*refs/heads/main*';
export const fastForward = '*merge*--ff-only*';

/** Gives the repository a hook. */
export async function hook(merge: MergeFixture, name: string, script: string): Promise<void> {
  await mkdir(merge.repository.path('.git/hooks'), { recursive: true });
  await writeIn(merge.root, `.git/hooks/${name}`, `#!/bin/sh\n${script}\n`);
  await chmod(merge.repository.path('.git/hooks', name), 0o755);
}
