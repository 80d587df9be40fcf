import { AppError } from '../../base/errors.js';
import type { Project } from '../projects/project.js';
import type { RunStores } from '../runs/runStore.js';

/** Prompts above 4 MiB are refused: no provider takes them. */
const maxPromptLength = 4 * 1024 * 1024;

/** As many as an error names. */
const namedOccupants = 5;

/** Errors: `queue.full`. */
export function requireRoomInQueue(stores: RunStores, project: Project): void {
  const limit = project.spec.limits.queued;
  if (limit === undefined) return;
  const queued = stores.runs.load(project.id).reduce((sum, agent) => sum + agent.queued, 0);
  if (queued < limit) return;
  const occupants = stores.runs.queued().filter(each => each.projectId === project.id);
  const named = occupants.slice(0, namedOccupants).map(({ run }) => `${run.agent} on ${run.threadId}`);
  const rest = occupants.length - named.length;
  const list = [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  throw new AppError(
    'queue.full',
    `${queued} runs of ${project.name} are queued already (limits.queued: ${limit}): ${list}. Wait, cancel one with \`muster cancel\`, or raise the limit.`,
    { limit },
  );
}

/** Errors: `prompt.invalid`. */
export function requirePrompt(prompt: string): void {
  if (prompt.trim() === '')
    throw new AppError('prompt.invalid', 'The task is empty. Say what the agent shall do.', { reason: 'empty' });
  if (prompt.length > maxPromptLength) {
    throw new AppError(
      'prompt.invalid',
      `The task has ${prompt.length} characters; at most ${maxPromptLength} are taken. Put long text into a file and name it.`,
      {
        reason: 'too long',
      },
    );
  }
  if (prompt.includes('\0'))
    throw new AppError('prompt.invalid', 'The task contains a NUL character. Remove it.', { reason: 'NUL character' });
}

/** Errors: `request.invalid` for a time that is over. */
export function requireFuture(dueAt: number | undefined, now: number): void {
  if (dueAt === undefined || dueAt > now) return;
  const message = `${new Date(dueAt).toISOString()} is over; it is ${new Date(now).toISOString()}. Name a time that is to come, or none.`;
  throw new AppError('request.invalid', message, { field: 'scheduled_for', reason: 'in the past' });
}
