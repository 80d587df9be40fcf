import type { Run } from '../runs/run.js';
import type { ThreadStores } from '../threads/threadStore.js';
import { commentsDone } from './changeRequest.js';
import { setResolved } from './comment.js';
import type { CommentStores } from './commentStore.js';

/** Resolves what the answer of a run says it has dealt with, of what its message asked for. */
export function resolveDone(stores: CommentStores & Pick<ThreadStores, 'parts'>, run: Run, now: number): void {
  if (run.status !== 'succeeded' || run.answer === undefined) return;
  const threads = [run.threadId, ...stores.parts.ofWhole(run.threadId).map(({ thread }) => thread)];
  const all = threads.flatMap(thread => stores.comments.ofThread(thread));
  const carried = all.filter(({ messageId }) => messageId === run.messageId).map(({ id, replyTo }) => replyTo ?? id);
  const open = all.filter(({ id, state }) => state === 'open' && carried.includes(id));
  for (const comment of commentsDone(run.answer, open)) {
    stores.comments.save(setResolved(comment, { resolved: true, by: run.agent, now }));
  }
}
