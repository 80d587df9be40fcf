import { AppError } from '../../base/errors.js';
import type { ProjectStores } from '../projects/projectStore.js';
import { isId } from '../../base/ids.js';
import type { RunStores } from '../runs/runStore.js';
import { findThread } from '../threads/threadLookup.js';
import type { ThreadStores } from '../threads/threadStore.js';

/** Who makes a call, as far as they say so. */
export type Caller = { readonly kind: 'person' } | { readonly kind: 'run'; readonly run: string };

/**
 * Who may make a call; the words of `policy.proto`. `person` and `run` alone, `both`, `own_thread`: a run may on its own thread,
 * `dispatcher`: a run may whose agent has `may_dispatch`. A person always may what is not for `run` alone.
 */
export type MayCall = 'person' | 'run' | 'both' | 'own_thread' | 'dispatcher';

export interface Call {
  readonly caller: Caller;
  /** For messages: `AbandonThread`. */
  readonly action: string;
  readonly mayCall: MayCall;
  /** The thread that the call is about, as it was named. */
  readonly thread?: string;
}

/**
 * Refuses what an agent may not do for itself. A guard rail, not a security boundary: the agent runs as the same user.
 * Errors: `run.notAllowed`, those of finding the thread.
 */
export function requireAllowed(stores: ProjectStores & ThreadStores & RunStores, call: Call): void {
  const { caller, action, mayCall } = call;
  if (caller.kind === 'person') {
    if (mayCall === 'run') throw notAllowed('', action, 'only a run can make this call');
    return;
  }
  switch (mayCall) {
    case 'run':
    case 'both':
      return;
    case 'person':
      throw notAllowed(caller.run, action, 'only a person may do this');
    case 'own_thread':
      if (isOwnThread(stores, caller.run, call.thread ?? '')) return;
      throw notAllowed(caller.run, action, 'a run may do this only to the thread that it works on');
    case 'dispatcher':
      if (mayDispatch(stores, caller.run)) return;
      throw notAllowed(caller.run, action, 'its agent needs `may_dispatch: true` in the compose file');
  }
}

/** Refuses what is for people only, whatever the call as a whole is. Errors: `run.notAllowed`. */
export function requirePerson(caller: Caller, action: string): void {
  if (caller.kind === 'run') throw notAllowed(caller.run, action, 'only a person may do this');
}

function isOwnThread(stores: ThreadStores & RunStores, run: string, reference: string): boolean {
  const threadId = isId<'run'>(run) ? stores.runs.get(run)?.threadId : undefined;
  return threadId !== undefined && findThread(stores, reference).thread.id === threadId;
}

function mayDispatch(stores: ProjectStores & ThreadStores & RunStores, id: string): boolean {
  const run = isId<'run'>(id) ? stores.runs.get(id) : undefined;
  const thread = run && stores.threads.get(run.threadId);
  const project = thread && stores.projects.get(thread.projectId);
  return project?.spec.agents.find(({ name }) => name === run?.agent)?.mayDispatch === true;
}

function notAllowed(run: string, action: string, reason: string): AppError<'run.notAllowed'> {
  const named = run.slice(0, 40);
  const who = named === '' ? '' : ` from inside run ${named}`;
  return new AppError('run.notAllowed', `${action}${who} is refused: ${reason}.`, { run: named, action });
}
