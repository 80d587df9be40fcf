import { isAppError } from '../../base/errors.js';
import type { HostClient } from '../../client/hostClient.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { threadGroupOf, threadStatusWords, type ThreadStatus } from '../../protocol/threadDisplay.js';
import { defineCommand, type CommandContext } from '../command.js';
import { usageError } from '../globalOptions.js';
import { printThreadGroups } from '../output/threadList.js';
import { projectJson, threadJson } from '../output/wireJson.js';

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
    status: { type: 'string', multiple: true, value: 'STATUS', text: `only these: ${allStatuses.join(', ')}` },
    limit: { type: 'string', short: 'n', value: 'N', text: `how many that are done (default ${defaultDone})` },
  },
  details: 'Outside the folders of all projects it lists the threads of every project.',
  async run(context, args) {
    const { out, json, signal } = context;
    const statuses = args.list('status');
    const unknown = statuses.find(status => !isStatus(status));
    if (unknown !== undefined)
      throw usageError(`${JSON.stringify(unknown)} is not a status; they are ${allStatuses.join(', ')}.`);
    const project = args.flag('all') ? undefined : await findProject(context);
    const query = {
      signal,
      folder: project?.folder ?? '',
      agent: args.text('agent') ?? '',
      statuses: statuses.length > 0 ? statuses : allStatuses,
      doneLimit: readLimit(args.text('limit')),
    };
    const threads = await context.repeatable(client => readThreads(client, query));
    if (json) {
      out.json({ project: project ? projectJson(project) : null, threads: threads.map(threadJson) });
    } else if (threads.length === 0) {
      out.line(
        project ? `No threads in ${project.name}. \`muster dispatch <agent> <task>\` makes one.` : 'No threads.',
      );
    } else {
      printThreadGroups(out, threads, { now: Date.now(), projects: project === undefined });
    }
    return 0;
  },
});

/** The project whose folder contains the one that the command works in, if any. */
export async function findProject({ repeatable, directory, signal }: CommandContext): Promise<Project | undefined> {
  try {
    return (await repeatable(({ projects }) => projects.getProject({ folder: directory }, { signal }))).project;
  } catch (error) {
    if (isAppError(error, 'project.unknown')) return undefined;
    throw error;
  }
}

function isDone(status: string): boolean {
  return isStatus(status) && threadGroupOf(status) === 'done';
}

interface ThreadQuery {
  readonly signal: AbortSignal;
  readonly folder: string;
  readonly agent: string;
  readonly statuses: readonly string[];
  readonly doneLimit: number;
}

/** Every thread that is not done, and the most recent of those that are. */
export async function readThreads(client: HostClient, query: ThreadQuery): Promise<readonly Thread[]> {
  const open = query.statuses.filter(status => !isDone(status));
  const done = query.statuses.filter(isDone);
  return [
    ...(await readPages(client, { ...query, statuses: open, limit: Number.POSITIVE_INFINITY })),
    ...(await readPages(client, { ...query, statuses: done, limit: query.doneLimit })),
  ];
}

async function readPages(
  client: HostClient,
  query: ThreadQuery & { readonly limit: number },
): Promise<readonly Thread[]> {
  const { signal, folder, agent, statuses, limit } = query;
  const found: Thread[] = [];
  if (statuses.length === 0) return found;
  for (let cursor = ''; found.length < limit;) {
    const page = await client.threads.listThreads(
      { folder, agent, statuses: [...statuses], cursor, limit: Math.min(pageSize, limit - found.length) },
      { signal },
    );
    found.push(...page.threads);
    cursor = page.nextCursor;
    if (cursor === '') break;
  }
  return found;
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return defaultDone;
  if (!/^\d{1,6}$/.test(text)) throw usageError(`--limit takes a number, not ${JSON.stringify(text)}.`);
  return Number(text);
}

function isStatus(text: string): text is ThreadStatus {
  return Object.hasOwn(threadStatusWords, text);
}
