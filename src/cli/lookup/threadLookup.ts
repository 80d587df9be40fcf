import { AppError } from '../../base/errors.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { CommandContext } from '../command.js';

/** The thread with this id or unique beginning of one. Throws `thread.unknown` or `thread.ambiguous`. */
export async function getThread({ repeatable, signal }: CommandContext, id: string): Promise<Thread> {
  const { thread } = await repeatable(({ threads }) => threads.getThread({ threadId: id }, { signal }));
  return present(thread, id);
}

/** The thread of an answer, which the host always sends. */
export function present(thread: Thread | undefined, id: string): Thread {
  if (!thread) throw new AppError('thread.unknown', `There is no thread ${JSON.stringify(id)}.`, { thread: id });
  return thread;
}
