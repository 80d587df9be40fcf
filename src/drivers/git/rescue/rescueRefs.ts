import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../base/errors.js';
import type { Rescue } from '../../../core/workspaces/worktreeDriver.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';

const prefix = 'refs/muster/rescue/';

/**
 * A rescue is one commit under `refs/muster/rescue/`. Its parents keep everything alive: the branch's head first, then
 * commits whose trees are the index, the files and the untracked files, then what only a reflog still knew. Its message
 * says in JSON which is which.
 */
export interface RescueRecord {
  readonly branch: string;
  readonly path: string;
  readonly head: string;
  /** Ms since the epoch. */
  readonly createdAt: number;
  /** Commits, present where there was something to keep. */
  readonly index?: string;
  readonly files?: string;
  readonly untracked?: string;
  /** Blobs of unresolved conflicts, as `1/path`, `2/path`, `3/path`. */
  readonly conflicts?: string;
  readonly ignoredArchive?: string;
}

/** `muster/fix-login-abc123` → `refs/muster/rescue/fix-login-abc123-<time>`. */
export function rescueRef(branch: string, createdAt: number): string {
  return `${prefix}${branch.replace(/^muster\//, '')}-${createdAt.toString(36)}`;
}

/** Where the git directories of a removed worktree's submodules are kept. */
export function submodulesOf({ stateDir }: GitContext, ref: string): string {
  return join(stateDir, 'rescues', `${ref.slice(prefix.length).replaceAll('/', '-')}.submodules`);
}

/** Where its changed ignored files are kept. */
export function archiveOf({ stateDir }: GitContext, ref: string): string {
  return join(stateDir, 'rescues', `${ref.slice(prefix.length).replaceAll('/', '-')}.tar.gz`);
}

/** The message of a rescue's commit. */
export function rescueMessage(record: RescueRecord): string {
  return `Rescue of ${record.branch}\n\n${JSON.stringify(record)}\n`;
}

export async function listRescues(repository: RepositoryGit): Promise<readonly Rescue[]> {
  const all = await readRescues(repository, prefix);
  return all
    .map(({ ref, record }) => ({
      ref,
      head: record.head,
      branch: record.branch,
      createdAt: record.createdAt,
      ...(record.ignoredArchive === undefined ? {} : { ignoredArchive: record.ignoredArchive }),
    }))
    .toSorted((a, b) => a.createdAt - b.createdAt);
}

/** Errors: `rescue.unknown`. */
export async function readRescue(repository: RepositoryGit, rescue: string): Promise<RescueRecord> {
  if (rescue.startsWith(prefix) && !/[*?[\0\n]/.test(rescue)) {
    const found = (await readRescues(repository, rescue)).find(({ ref }) => ref === rescue);
    if (found) return found.record;
  }
  throw new AppError(
    'rescue.unknown',
    `There is no kept work ${JSON.stringify(rescue)} in ${repository.root}. List what there is with \`muster worktrees\`.`,
    { rescue },
  );
}

/** Removes ref and archive for good. Errors: `rescue.unknown`. */
export async function discardRescue(context: GitContext, repository: RepositoryGit, rescue: string): Promise<void> {
  const record = await readRescue(repository, rescue);
  await repository.run({ args: ['update-ref', '-d', rescue] });
  if (record.ignoredArchive !== undefined) await rm(record.ignoredArchive, { force: true });
  await rm(submodulesOf(context, rescue), { recursive: true, force: true });
}

async function readRescues(
  git: RepositoryGit,
  pattern: string,
): Promise<{ readonly ref: string; readonly record: RescueRecord }[]> {
  const args = ['for-each-ref', '--format=%(refname)%00%(contents:body)%00', pattern];
  const fields = (await git.run({ args, reads: true })).fields();
  const found: { readonly ref: string; readonly record: RescueRecord }[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const record = parseRecord(fields[i + 1] ?? '');
    if (record) found.push({ ref: (fields[i] ?? '').trim(), record });
  }
  return found;
}

/** Refs can be written by anyone with the repository, so every field is checked. */
function parseRecord(text: string): RescueRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const [branch, path, head, createdAt] = ['branch', 'path', 'head', 'createdAt'].map(name => fields.get(name));
  if (typeof branch !== 'string' || typeof path !== 'string' || typeof createdAt !== 'number') return undefined;
  if (!isCommit(head)) return undefined;
  const [index, files, untracked, conflicts] = ['index', 'files', 'untracked', 'conflicts'].map(name => {
    const commit = fields.get(name);
    return isCommit(commit) ? commit : undefined;
  });
  const archive = fields.get('ignoredArchive');
  return {
    branch,
    path,
    head,
    createdAt,
    ...(index === undefined ? {} : { index }),
    ...(files === undefined ? {} : { files }),
    ...(untracked === undefined ? {} : { untracked }),
    ...(conflicts === undefined ? {} : { conflicts }),
    ...(typeof archive === 'string' ? { ignoredArchive: archive } : {}),
  };
}

function isCommit(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(value);
}
