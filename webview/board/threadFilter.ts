import type { ThreadView } from '../../src/protocol/webview/threadView.js';

/** Which threads the columns show. */
export interface BoardFilter {
  /** Words that stand in task, agent, branch, project or id. */
  readonly query: string;
  /** {@link agentLabel} of the threads that are shown; empty: all. */
  readonly agent: string;
}

/** The agent of a thread where several projects are on the board: two of them may have one of the same name. */
export function agentLabel(
  { projectName, agent }: Pick<ThreadView, 'projectName' | 'agent'>,
  { withProject }: { readonly withProject: boolean },
): string {
  return withProject ? `${projectName}/${agent}` : agent;
}

/** Shows everything. */
export const noFilter: BoardFilter = { query: '', agent: '' };

/** True for what shows everything. */
export function isNoFilter({ query, agent }: BoardFilter): boolean {
  return query.trim() === '' && agent === '';
}

/** The same words as the filter of the Threads tree. */
export function matchesFilter(
  thread: ThreadView,
  { query, agent }: BoardFilter,
  options: { readonly withProject: boolean },
): boolean {
  if (agent !== '' && agentLabel(thread, options) !== agent) return false;
  const { summary, branch, projectName, id } = thread;
  const text = [summary, thread.agent, branch, projectName, id].join('\n').toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}
