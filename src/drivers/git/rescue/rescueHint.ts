import { jsonObject } from '../../../base/jsonObject.js';
import type { Rescue } from '../../../core/workspaces/rescue.js';
import type { GitContext } from '../command/gitContext.js';
import { openRepository } from '../repository/openRepository.js';
import { earlierPlaces, isFile, isRescueRef } from './rescuePlace.js';

/**
 * What the message of a rescue's commit says of it. Versions before the database had rescues kept everything there. Anyone
 * with the repository can write such a commit, so it names commits to look at and nothing else: where an archive is follows
 * from the ref's name, never from the message.
 */
export async function readHint(
  context: GitContext,
  hint: Pick<Rescue, 'repository' | 'ref'>,
): Promise<Omit<Rescue, 'id' | 'threadId'> | undefined> {
  if (!isRescueRef(hint.ref)) return undefined;
  const git = await openRepository(context, hint);
  const args = ['for-each-ref', '--format=%(refname)%00%(objectname)%00%(contents:body)%00', hint.ref];
  const fields = (await git.run({ args, reads: true })).fields();
  const at = fields.findIndex(field => field.trim() === hint.ref);
  const commit = fields[at + 1] ?? '';
  const record = at < 0 || !isCommit(commit) ? undefined : parseRecord(fields[at + 2] ?? '');
  if (record === undefined) return undefined;
  return {
    ...hint,
    ...record,
    commit,
    archived: await isFile(earlierPlaces(context, hint.ref).archive),
    nested: [],
    refused: [],
    submodules: [],
    leftover: [],
  };
}

type HintedFacts = Pick<
  Rescue,
  'branch' | 'path' | 'head' | 'createdAt' | 'index' | 'files' | 'untracked' | 'conflicts'
>;

function parseRecord(text: string): HintedFacts | undefined {
  const value = jsonObject(text);
  if (value === undefined) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const [branch, path, head, createdAt] = ['branch', 'path', 'head', 'createdAt'].map(name => fields.get(name));
  if (typeof branch !== 'string' || typeof path !== 'string' || typeof createdAt !== 'number') return undefined;
  if (!isCommit(head)) return undefined;
  const [index, files, untracked, conflicts] = ['index', 'files', 'untracked', 'conflicts'].map(name => {
    const commit = fields.get(name);
    return isCommit(commit) ? commit : undefined;
  });
  return {
    branch,
    path,
    head,
    createdAt,
    ...(index === undefined ? {} : { index }),
    ...(files === undefined ? {} : { files }),
    ...(untracked === undefined ? {} : { untracked }),
    ...(conflicts === undefined ? {} : { conflicts }),
  };
}

function isCommit(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(value);
}
