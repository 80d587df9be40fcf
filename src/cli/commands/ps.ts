import type { HostClient } from '../../client/hostClient.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { threadGroupOf, threadStatusWords, type ThreadStatus } from '../../protocol/threadDisplay.js';
import { defineCommand, type CommandContext } from '../command.js';
import { findComposeFile } from '../lookup/findComposeFile.js';
import { findProject } from '../lookup/projectLookup.js';
import { printComposeList } from '../output/compose/composeList.js';
import { readCount } from '../options/readCount.js';
import { usageError } from '../options/usageError.js';
import { isResident, sandboxStatus, sandboxStatuses } from '../output/compose/shapes.js';
import type { Compat } from '../options/globalOptions.js';
import { printThreadGroups } from '../output/threadList.js';

const allStatuses = Object.keys(threadStatusWords).filter(isStatus);
/** Enough to see what was finished lately. */
const defaultDone = 10;
const pageSize = 500;

export const ps = defineCommand({
  name: 'ps',
  summary: 'list threads: what needs you, what works, what is ready',
  options: {
    all: { type: 'boolean', short: 'a', text: 'threads of every project, not only of the one of this folder' },
    agent: { type: 'string', value: 'NAME', text: 'only threads of this agent' },
    status: {
      type: 'string',
      multiple: true,
      value: 'STATUS',
      text: `only these: ${allStatuses.join(', ')}; or running, stopped`,
    },
    verbose: { type: 'boolean', text: 'with --compat head: driver, image and folder too' },
    limit: { type: 'string', short: 'n', value: 'N', text: `how many that are done (default ${defaultDone})` },
  },
  details: 'Outside the folders of all projects it lists the threads of every project.',
  async run(context, args) {
    const { json, signal } = context;
    const { statuses, places } = readStatuses(args.list('status'), context.compat);
    // There, `-a` means sandboxes that are not at work.
    const everywhere = args.flag('all') && context.compat === undefined;
    const query = {
      signal,
      agent: args.text('agent') ?? '',
      statuses: statuses.length > 0 ? statuses : allStatuses,
      doneLimit: readCount(args.text('limit'), '--limit') ?? defaultDone,
    };
    const { project, threads: found } = everywhere
      ? { project: undefined, threads: await context.repeatable(client => readThreads(client, query)) }
      : await findWithThreads(context, query);
    const threads = places.length === 0 ? found : found.filter(thread => places.includes(sandboxStatus(thread)));
    if (json || context.compat !== undefined) {
      const everyState = args.flag('all') || statuses.length + places.length > 0 || context.compat === undefined;
      const listed = everyState ? threads : threads.filter(isResident);
      printComposeList(context, { project, threads: listed }, { verbose: args.flag('verbose') });
    } else await printForPeople(context, project, threads);
    return 0;
  },
});

/** The project that is meant, and its threads: in one answer where the host knows by the folder what is meant. */
async function findWithThreads(
  context: CommandContext,
  query: ThreadQuery,
): Promise<{ readonly project: Project | undefined; readonly threads: readonly Thread[] }> {
  if (context.projectName === undefined && context.file === undefined) {
    const seen = await context.repeatable(client => readOverview(client, { ...query, folder: context.directory }));
    // The folder's compose file may still name one that was taken down.
    const hasFile = (): Promise<boolean> =>
      findComposeFile(context.directory, undefined).then(
        () => true,
        () => false,
      );
    if (seen.project || !(await hasFile())) return seen;
  }
  const project = await findProject(context);
  const ofProject = { ...query, project: project?.id ?? '' };
  return { project, threads: await context.repeatable(client => readThreads(client, ofProject)) };
}

async function readOverview(
  client: HostClient,
  { folder, ...query }: ThreadQuery & { readonly folder: string },
): Promise<{ readonly project: Project | undefined; readonly threads: readonly Thread[] }> {
  const { signal, agent, statuses, doneLimit } = query;
  const request = { folder, agent, statuses: [...statuses], doneLimit };
  const { project, threads, nextCursor } = await client.threads.overview(request, { signal });
  if (nextCursor === '') return { project, threads };
  return { project, threads: await readThreads(client, { ...query, project: project?.id ?? '' }) };
}

async function printForPeople(
  context: CommandContext,
  project: Project | undefined,
  threads: readonly Thread[],
): Promise<void> {
  const { out } = context;
  if (threads.length === 0) {
    const none = project
      ? `No threads in ${project.name}. \`muster dispatch <agent> <task>\` makes one.`
      : 'No threads.';
    out.line(none);
    return;
  }
  printThreadGroups(out, threads, { now: Date.now(), projects: project === undefined });
  if (threads.some(({ status }) => status === 'queued')) await noteRunLimit(context);
}

/**
 * What `--status` asks for: statuses of threads, and agent-compose's of sandboxes, which may stand in one word with commas. Those
 * that both have mean threads, unless an era is asked for.
 */
function readStatuses(
  given: readonly string[],
  era: Compat | undefined,
): { readonly statuses: readonly string[]; readonly places: readonly string[] } {
  const words = given.flatMap(text => text.split(',')).map(word => word.trim().toLowerCase());
  const known: readonly string[] = sandboxStatuses;
  const unknown = words.find(word => !isStatus(word) && !known.includes(word));
  if (unknown !== undefined) {
    const all = era === undefined ? allStatuses : known;
    throw usageError(`${JSON.stringify(unknown)} is not a status; they are ${all.join(', ')}.`);
  }
  const isPlace = (word: string): boolean => known.includes(word) && (era !== undefined || !isStatus(word));
  return { statuses: words.filter(word => !isPlace(word)), places: words.filter(isPlace) };
}

/** Why queued runs wait, when it is the machine that is full. */
async function noteRunLimit({ repeatable, out, signal }: CommandContext): Promise<void> {
  const { runLimit, runLimitReached } = await repeatable(client => client.host.getStatus({}, { signal }));
  if (!runLimitReached) return;
  out.note(
    `${runLimit} runs are at work, as many as this machine takes at a time; MUSTER_MAX_RUNS or limits.concurrency of a project raise that.`,
  );
}

function isDone(status: string): boolean {
  return isStatus(status) && threadGroupOf(status) === 'done';
}

interface ThreadQuery {
  readonly signal: AbortSignal;
  /** Id; missing: of every project. */
  readonly project?: string;
  readonly agent: string;
  readonly statuses: readonly string[];
  readonly doneLimit: number;
}

/** Every thread that is not done, and the most recent of those that are. */
export async function readThreads(client: HostClient, query: ThreadQuery): Promise<readonly Thread[]> {
  const open = query.statuses.filter(status => !isDone(status));
  const done = query.statuses.filter(isDone);
  const pages = await Promise.all([
    readPages(client, { ...query, statuses: open, limit: Number.POSITIVE_INFINITY }),
    readPages(client, { ...query, statuses: done, limit: query.doneLimit }),
  ]);
  return pages.flat();
}

async function readPages(
  client: HostClient,
  query: ThreadQuery & { readonly limit: number },
): Promise<readonly Thread[]> {
  const { signal, project = '', agent, statuses, limit } = query;
  const found: Thread[] = [];
  if (statuses.length === 0) return found;
  for (let cursor = ''; found.length < limit;) {
    const page = await client.threads.listThreads(
      { project, agent, statuses: [...statuses], cursor, limit: Math.min(pageSize, limit - found.length) },
      { signal },
    );
    found.push(...page.threads);
    cursor = page.nextCursor;
    if (cursor === '') break;
  }
  return found;
}

function isStatus(text: string): text is ThreadStatus {
  return Object.hasOwn(threadStatusWords, text);
}
