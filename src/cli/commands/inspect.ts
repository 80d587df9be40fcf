import { AppError, isAppError } from '../../base/errors.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { getRunRecord, readOutput } from '../runs/agentRun.js';
import { defineCommand, type Command, type CommandContext } from '../command.js';
import { isResident, runShape, schedulerShape, schedulersOf } from '../output/compose/shapes.js';
import { agentOf, projectOf, sandboxOf } from '../output/projectReport.js';
import { getProject } from '../lookup/projectLookup.js';
import { findSandbox } from '../lookup/sandboxLookup.js';
import { unsupported } from '../options/unsupported.js';
import { usageError } from '../options/usageError.js';
import { finalRunJson } from './run.js';

const kinds: Readonly<Record<string, (context: CommandContext, ref: string) => Promise<object>>> = {
  project: inspectProject,
  agent: inspectAgent,
  run: inspectRun,
  sandbox: inspectSandbox,
  session: inspectSandbox,
};

/** What has a command of its own to look at it. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  image: async () => (await import('./images.js')).imageInspect,
  volume: async () => (await import('./volumes.js')).volumeInspect,
  scheduler: async () => (await import('./schedulerRun.js')).schedulerInspect,
};

const kindsOfThings = ['project', 'agent', 'run', 'sandbox', ...Object.keys(commands)];

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'print all facts about a project, agent, run, sandbox, image, volume or scheduler as JSON',
  positionals: [
    { name: 'project|agent|run|sandbox|image|volume|scheduler', required: true },
    { name: 'name or id', required: false },
  ],
  details: 'With an id alone it finds out what it is the id of. A sandbox is the worktree of a thread and has its id.',
  async run(context, args) {
    const kind = args.required(0);
    const ref = args.positionals[1];
    const inspector = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    const command = Object.hasOwn(commands, kind) ? await commands[kind]?.() : undefined;
    if (command) return await command.invoke({ ...context, json: true }, args.positionals.slice(1));
    if (kind === 'cache')
      throw unsupported('`inspect cache`', 'Images are what is kept: `muster inspect image` tells of one.');
    if (inspector) context.out.json(await inspector(context, ref ?? ''));
    else if (ref === undefined) context.out.json(await inspectAny(context, kind));
    else throw usageError(`\`muster inspect\` takes ${kindsOfThings.join(', ')}, not ${JSON.stringify(kind)}.`);
    return 0;
  },
});

async function inspectProject(context: CommandContext, ref: string): Promise<object> {
  const { compat } = context;
  const project = await getProject(ref === '' ? context : { ...context, projectName: ref });
  return {
    project: projectOf(project, compat),
    agents: project.agents.map(agent => agentOf(project, agent, compat)),
    schedulers: schedulers(project, compat),
  };
}

async function inspectAgent(context: CommandContext, ref: string): Promise<object> {
  const { compat, repeatable, signal } = context;
  const project = await getProject(context);
  const name = ref === '' && project.agents.length === 1 ? (project.agents[0]?.name ?? '') : ref;
  const agent = project.agents.find(candidate => candidate.name === name || `${project.id}/${candidate.name}` === name);
  if (!agent) {
    const known = project.agents.map(candidate => candidate.name);
    const message =
      name === ''
        ? `Name the agent: ${known.join(', ') || 'there is none'}.`
        : `There is no agent ${JSON.stringify(name)} in ${project.name}. Known agents: ${known.join(', ') || 'none'}.`;
    throw new AppError('agent.unknown', message, { agent: name, known });
  }
  const query = { project: project.id, agent: agent.name };
  const { runs, details } = await repeatable(client => client.runs.listRuns({ ...query, limit: 1 }, { signal }));
  const { threads } = await repeatable(client => client.threads.listThreads(query, { signal }));
  const [run] = runs;
  const resident = threads.filter(isResident).map(thread => sandboxOf(thread, compat));
  return {
    project: projectOf(project, compat),
    agent: agentOf(project, agent, compat),
    schedulers: schedulers({ ...project, agents: [agent] }, compat),
    ...(run && { latest_run: runShape({ run, detail: details[0] }, compat) }),
    ...(resident.length > 0 && compat !== 'head' && { running_sessions: resident }),
    ...(resident.length > 0 && compat !== 'seed' && { running_sandboxes: resident }),
  };
}

async function inspectRun(context: CommandContext, ref: string): Promise<object> {
  if (ref === '') throw usageError('`muster inspect run` needs the id of a run.');
  return finalRunJson(await readOutput(context, await getRunRecord(context, ref)), context.compat);
}

async function inspectSandbox(context: CommandContext, ref: string): Promise<object> {
  return sandboxOf(await findSandbox(context, ref === '' ? {} : { sandbox: ref }), context.compat);
}

/** What an id names: a thread, else a run, else a project. */
async function inspectAny(context: CommandContext, id: string): Promise<object> {
  for (const inspector of [inspectExactSandbox, inspectRun, inspectProject]) {
    try {
      return await inspector(context, id);
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
  }
  throw new AppError('thread.unknown', `Nothing has the id or name ${JSON.stringify(id)}.`, { thread: id });
}

async function inspectExactSandbox(context: CommandContext, id: string): Promise<object> {
  const { thread } = await context.repeatable(({ threads }) =>
    threads.getThread({ threadId: id }, { signal: context.signal }),
  );
  if (!thread) throw new AppError('thread.unknown', `There is no thread ${JSON.stringify(id)}.`, { thread: id });
  return sandboxOf(thread, context.compat);
}

function isUnknown(error: unknown): boolean {
  return (
    isAppError(error, 'thread.unknown') || isAppError(error, 'run.unknown') || isAppError(error, 'project.unknown')
  );
}

function schedulers(project: Project, era: CommandContext['compat']) {
  return schedulersOf(project).map(agent => schedulerShape(project, agent, era));
}
