import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { Services } from '../services.js';

/** Who goes on with a thread: its agent, or whom the person chooses when that is gone. Undefined: nobody, after all. */
export async function agentToGoOn(
  { host }: { readonly host: Pick<Services['host'], 'projects'> },
  { agent, projectId }: Pick<Thread, 'agent' | 'projectId'>,
): Promise<string | undefined> {
  const project = host.projects.get(projectId);
  const isGone =
    project !== undefined && project.agents.length > 0 && !project.agents.some(({ name }) => name === agent);
  return isGone ? (await import('./agentRows.js')).pickSuccessor(project, agent) : agent;
}
