import type { Chain, Thread } from './gen/muster/v1/threads_pb.js';

/**
 * The state of a thread's chain for people: what agents have approved is a commit, and when the thread has another one by now (a person
 * wrote in it, or brought its target in) that one is not approved.
 */
export function chainStateOf({ state, said }: Chain, { head }: Pick<Thread, 'head'>): string {
  const isEarlier = said.some(({ commit }) => commit !== '' && commit !== head);
  return state === 'approved' && isEarlier ? 'approvedEarlier' : state;
}

/** Agents that have approved exactly what the thread is now, when nobody whose word counts has said otherwise. */
export function approvingAgents({ chain, head }: Pick<Thread, 'chain' | 'head'>): readonly string[] {
  if (!chain || chainStateOf(chain, { head }) !== 'approved') return [];
  return chain.said
    .filter(({ verdict, commit }) => verdict === 'approve' && commit !== '' && commit === head)
    .map(({ agent }) => agent);
}

/** Who has approved what the thread is now: `you`, and agents whose chain came to it. Nobody: empty. */
export function approvers(thread: Pick<Thread, 'chain' | 'head' | 'approvedHead'>): readonly string[] {
  const { head, approvedHead } = thread;
  const agents = approvingAgents(thread);
  return approvedHead !== '' && approvedHead === head ? ['you', ...agents] : agents;
}
