import { basename, dirname, join } from 'node:path';
import { defined } from '../../../base/defined.js';
import { isId } from '../../../base/ids.js';
import { JsonFields } from '../../../base/jsonFields.js';
import type { Rescue, RescueId } from '../../../core/workspaces/rescue.js';
import type { FoundRescue, RescuedThread } from '../../../core/workspaces/rescueDriver.js';
import type { GitContext } from '../command/gitContext.js';
import { openRepository, type RepositoryPlace } from '../repository/openRepository.js';
import { readHint } from './rescueHint.js';
import { isRescueRef, rescueFolder } from './rescuePlace.js';
import { lookInto } from '../../../node/looks.js';

/** A path for every file of a large worktree that git did not take. */
const longestRecord = 16 * 1024 * 1024;

const fileName = 'record.json';

/**
 * Writes beside the archive what the database has of a rescue, for the day on which that is lost. It lies below the state
 * directory, where no worktree is, so that it may say what a ref's message may not: which archive belongs to which commit.
 */
export async function recordRescue(context: GitContext, rescue: Rescue, thread: RescuedThread): Promise<void> {
  const { files } = context;
  const folder = rescueFolder(context, rescue);
  await files.makeFolder(folder, 0o700);
  const unfinished = join(folder, `${fileName}.new`);
  await files.write(unfinished, JSON.stringify({ rescue, thread }));
  await files.rename(unfinished, join(folder, fileName));
}

/**
 * The rescues that a repository has refs of. What was recorded of one is taken where it is about this very commit; of others
 * there is only what the ref's message hints at, and no archive: anybody with the repository may have made the ref.
 */
export async function listRescues(context: GitContext, place: RepositoryPlace): Promise<readonly FoundRescue[]> {
  const git = await openRepository(context, place);
  const args = ['for-each-ref', '--format=%(objectname)%00%(refname)%00', 'refs/muster/rescue/'];
  const fields = (await git.run({ args, reads: true })).fields();
  const found: FoundRescue[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [commit, ref] = [fields[at]?.trim() ?? '', fields[at + 1] ?? ''];
    if (!isRescueRef(ref)) continue;
    const subject = { repository: place.repository, ref, commit };
    const rescue = (await recorded(context, subject)) ?? (await hinted(context, subject));
    if (rescue) found.push(rescue);
  }
  return found;
}

type Subject = Pick<Rescue, 'repository' | 'ref' | 'commit'>;

async function recorded(context: GitContext, subject: Subject): Promise<FoundRescue | undefined> {
  const id = idIn(subject.ref);
  if (id === undefined) return undefined;
  const path = join(rescueFolder(context, { id }), fileName);
  const file = await lookInto(path, { maxBytes: longestRecord });
  if (file?.kind !== 'file' || file.truncated) return undefined;
  try {
    const fields = JsonFields.parse(file.bytes.toString('utf8'));
    const rescue = fields.fields('rescue');
    if (rescue?.text('ref') !== subject.ref || rescue.text('commit') !== subject.commit) return undefined;
    return foundIn(subject, id, { rescue, thread: fields.fields('thread') });
  } catch {
    // A damaged record: the ref alone is found again.
    return undefined;
  }
}

function foundIn(
  subject: Subject,
  id: RescueId,
  said: { readonly rescue: JsonFields; readonly thread: JsonFields | undefined },
): FoundRescue | undefined {
  const { rescue, thread } = said;
  const [threadId, branch, path, head] = ['threadId', 'branch', 'path', 'head'].map(name => rescue.text(name) ?? '');
  const createdAt = rescue.number('createdAt');
  if (!threadId || !isId<'thread'>(threadId) || !branch || !path || !head || createdAt === undefined) return undefined;
  return {
    threadId,
    id,
    rescue: {
      ...subject,
      branch,
      path,
      head,
      createdAt,
      archived: rescue.flag('archived') === true,
      nested: rescue.texts('nested'),
      made: rescue.texts('made'),
      refused: rescue.texts('refused'),
      submodules: rescue
        .list('submodules')
        .map(each => ({ path: each.text('path') ?? '', directory: each.text('directory') ?? '' })),
      leftover: rescue.texts('leftover'),
      ...defined({
        index: rescue.text('index'),
        files: rescue.text('files'),
        untracked: rescue.text('untracked'),
        conflicts: rescue.text('conflicts'),
      }),
    },
    ...defined({ thread: threadIn(thread) }),
  };
}

const outcomes = ['open', 'completed', 'failed', 'abandoned'] as const;

function threadIn(fields: JsonFields | undefined): RescuedThread | undefined {
  const [agent, summary] = ['agent', 'summary'].map(name => fields?.text(name));
  const outcome = outcomes.find(each => each === fields?.text('outcome'));
  const createdAt = fields?.number('createdAt');
  if (agent === undefined || summary === undefined || createdAt === undefined || !outcome) return undefined;
  return {
    agent,
    summary,
    outcome,
    createdAt,
    ...defined({
      baseRef: fields?.text('baseRef'),
      baseCommit: fields?.text('baseCommit'),
      carried: fields?.text('carried'),
    }),
  };
}

/** What the ref's message says, without the archive of a rescue: the id that leads to one is for the ref's maker to choose. */
async function hinted(context: GitContext, { repository, ref }: Subject): Promise<FoundRescue | undefined> {
  const rescue = await readHint(context, { repository, ref });
  if (!rescue) return undefined;
  const threadId = basename(dirname(rescue.path));
  return { rescue, ...(isId<'thread'>(threadId) ? { threadId } : {}) };
}

/** The id at the end of a ref's name. */
function idIn(ref: string): RescueId | undefined {
  const id = ref.slice(ref.lastIndexOf('-') + 1);
  return isId<'rescue'>(id) ? id : undefined;
}
