import { randomUUID } from 'node:crypto';
import { collectDispatchEnvironment } from '../../client/providerEnvironment.js';
import type { RetryThreadResponse, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';
import { getProject } from '../lookup/projectLookup.js';
import { workingFolderVariables } from './workingFolderVariables.js';

/** Asks a thread's agent once more for what came to nothing, with the variables of this process. */
export async function askAgain(context: CommandContext, thread: Thread): Promise<RetryThreadResponse> {
  const { signal, repeatable } = context;
  const project = await getProject({ ...context, projectName: thread.projectId });
  const request = {
    threadId: thread.id,
    environment: {
      ...(await workingFolderVariables(context, project)),
      ...collectDispatchEnvironment(context.env, project),
    },
    idempotencyKey: randomUUID(),
  };
  return await repeatable(({ threads }) => threads.retryThread(request, { signal }));
}
