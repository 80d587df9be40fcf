import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { Printer } from './printer.js';

/** What somebody wrote about lines of a thread and did not send is easily forgotten when they approve or merge it. */
export function noteUnsent(
  out: Pick<Printer, 'note'>,
  { id, draftComments }: Pick<Thread, 'id' | 'draftComments'>,
): void {
  if (draftComments === 0) return;
  const [what, them] =
    draftComments === 1
      ? [`A comment of yours on ${id} was`, 'it']
      : [`${draftComments} comments of yours on ${id} were`, 'them'];
  out.note(`${what} not sent; \`muster review request-changes ${id}\` sends ${them} to the agent.`);
}
