import { AppError } from '../base/errors.js';
import type { GetThreadResponse, Thread } from '../protocol/gen/muster/v1/threads_pb.js';
import type { ToolContext } from './tool.js';

/** A thread with its conversation, by its id or the beginning of it. Errors: `thread.unknown`, `thread.ambiguous`. */
export async function readThread(
  { ask, signal }: ToolContext,
  id: string,
): Promise<Omit<GetThreadResponse, 'thread'> & { readonly thread: Thread }> {
  const response = await ask(({ threads }) => threads.getThread({ threadId: id }, { signal }));
  const { thread } = response;
  if (!thread) throw new AppError('thread.unknown', `The host knows no thread ${JSON.stringify(id)}.`, { thread: id });
  return { ...response, thread };
}

/** As {@link readThread}, the thread alone. */
export async function findThread(context: ToolContext, id: string): Promise<Thread> {
  return (await readThread(context, id)).thread;
}
