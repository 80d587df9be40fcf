import { defined } from '../../base/defined.js';
import { attemptsBatch, type Attempts } from '../../client/attempts.js';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import { waitUntilSettled } from '../../client/settling.js';
import type { CommandContext } from '../command.js';
import { findProject } from '../lookup/projectLookup.js';
import { getThread } from '../lookup/threadLookup.js';
import { usageError } from '../options/usageError.js';
import { describeState } from '../output/threadList.js';
import { workingFolderVariables } from './workingFolderVariables.js';

const mostAttempts = 20;

/** The agents of `--best-of`: so many times the one that was named, or that one and others. Throws `usage`. */
export function readBestOf(agent: string, text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const others = text.split(',').map(name => name.trim());
  const isNumber = /^\d{1,3}$/.test(text);
  const agents = isNumber ? Array.from({ length: Number(text) }, () => agent) : [agent, ...others];
  if (agents.includes('') || agents.length < 2 || agents.length > mostAttempts)
    throw usageError(`--best-of takes a number from 2 to ${mostAttempts}, or names of other agents: a,b.`);
  return agents;
}

/** The models of `--models`, each an attempt of one agent. Throws `usage`. */
export function readModels(text: string | undefined): readonly string[] | undefined {
  const models = text?.split(',').map(name => name.trim());
  if (models && (models.includes('') || models.length < 2 || models.length > mostAttempts))
    throw usageError(`--models takes 2 to ${mostAttempts} names: opus,sonnet.`);
  return models;
}

/** Gives all of them the same task, under a name of its own. */
export async function dispatchAttempts(
  context: CommandContext,
  attempts: Attempts,
  { wait }: { readonly wait: boolean },
): Promise<number> {
  const { out, json, signal, directory } = context;
  const project = await findProject(context);
  const client = await context.connect();
  const request = {
    ...attemptsBatch(attempts),
    project: project?.id ?? '',
    folder: project ? '' : directory,
    environment: {
      ...(await workingFolderVariables(context, project)),
      ...collectDispatchEnvironment(context.env, project),
    },
  };
  const { threads } = await client.threads.createBatch(request, { signal });
  const { batch } = request;
  const ids = threads.map(({ threadId }) => threadId);
  const agentOf = (index: number): string => attempts.agents[index] ?? '';
  const modelOf = (index: number): { readonly model?: string } => defined({ model: attempts.models?.[index] });
  const nameOf = (index: number): string => [agentOf(index), ...Object.values(modelOf(index))].join(' with ');
  if (!wait) {
    if (json) out.json({ batch, threads: ids.map((id, i) => ({ thread_id: id, agent: agentOf(i), ...modelOf(i) })) });
    else {
      for (const [i, id] of ids.entries()) out.line(`${id} ${nameOf(i)}`);
      out.line(`\`muster batch status ${batch}\` shows them; \`muster keep THREAD\` keeps one.`);
    }
    return 0;
  }
  const watch = await context.watch();
  const settled = await Promise.all(
    ids.map(async id => {
      const thread = await getThread(context, id);
      return (await waitUntilSettled(watch, { thread, signal })) ?? thread;
    }),
  );
  if (json) {
    const ended = settled.map(({ id, agent, status }, i) => ({ thread_id: id, agent, ...modelOf(i), status }));
    out.json({ batch, threads: ended });
  } else for (const [i, thread] of settled.entries()) out.line(`${thread.id} ${nameOf(i)} ${describeState(thread)}`);
  return settled.some(({ latestRun }) => latestRun?.status === 'succeeded') ? 0 : 1;
}
