import { AppError } from '../base/errors.js';
import type { HostClient } from '../client/hostClient.js';
import type { Thread } from '../protocol/gen/muster/v1/threads_pb.js';

/** The thread with this id or unique beginning of one. Throws `thread.unknown` or `thread.ambiguous`. */
export async function getThread(client: HostClient, id: string, signal: AbortSignal): Promise<Thread> {
  const { thread } = await client.threads.getThread({ threadId: id }, { signal });
  return present(thread, id);
}

/** The thread of an answer, which the host always sends. */
export function present(thread: Thread | undefined, id: string): Thread {
  if (!thread) throw new AppError('thread.unknown', `There is no thread ${JSON.stringify(id)}.`, { thread: id });
  return thread;
}
