import {
  parseThreadStatus,
  threadGroupOf,
  threadGroups,
  threadSince,
  type ThreadGroup,
} from '../../protocol/threadDisplay.js';
import type { Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import { agentTitle } from './threadTitles.js';

/** By what the tree groups threads. */
export type Grouping = 'state' | 'agent';

/** A heading with its threads in the order they are shown. */
export interface ThreadSection {
  /** `needs_you`, … or `agent:<project's id>/<name>`. */
  readonly key: string;
  /** The agent whose threads these are; with its project's name where another project's agent is called alike. */
  readonly agent?: string;
  readonly threads: readonly Thread[];
  /** How many finished threads are older than the limit and therefore left out. */
  readonly hidden: number;
}

export interface GroupOptions {
  readonly grouping: Grouping;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Keep finished threads however old. */
  readonly showAllDone: boolean;
}

const week = 7 * 24 * 60 * 60 * 1000;

/** Sorts threads into sections, the most urgent first; empty sections are left out. */
export function groupThreads(threads: readonly Thread[], options: GroupOptions): readonly ThreadSection[] {
  const sections = options.grouping === 'state' ? byState(threads) : byAgent(threads);
  return sections
    .map(section => limitDone(section, options))
    .filter(section => section.threads.length > 0 || section.hidden > 0);
}

/** Threads that wait for a person. */
export function threadsNeedingYou(threads: readonly Thread[]): readonly Thread[] {
  return threads.filter(thread => groupOf(thread) === 'needs_you').sort(byUpdate);
}

/** Threads whose work waits for a review. */
export function threadsReady(threads: readonly Thread[]): readonly Thread[] {
  return threads.filter(thread => groupOf(thread) === 'ready').sort(byUpdate);
}

/** Threads at work or in the queue. */
export function threadsWorking(threads: readonly Thread[]): readonly Thread[] {
  return threads.filter(thread => groupOf(thread) === 'working').sort(byTurn);
}

/** The most urgent first: needs you, working, ready, merging, done; inside each the latest first. */
export function byUrgency(a: Thread, b: Thread): number {
  return threadGroups.indexOf(groupOf(a)) - threadGroups.indexOf(groupOf(b)) || byUpdate(a, b);
}

/** Whether each word of the query occurs in the thread's task, agent, branch, project or id. */
export function matchesQuery(thread: Thread, query: string): boolean {
  const text = [thread.summary, thread.agent, thread.branch, thread.projectName, thread.id].join('\n').toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

function groupOf(thread: Thread): ThreadGroup {
  return threadGroupOf(parseThreadStatus(thread.status));
}

function byState(threads: readonly Thread[]): readonly ThreadSection[] {
  return threadGroups.map(group => ({
    key: group,
    threads: threads.filter(thread => groupOf(thread) === group).sort(group === 'working' ? byTurn : byUpdate),
    hidden: 0,
  }));
}

function byAgent(threads: readonly Thread[]): readonly ThreadSection[] {
  const byKey = Map.groupBy(threads, ({ projectId, agent }) => `agent:${projectId}/${agent}`);
  const projects = Map.groupBy(byKey.values(), ([first]) => first?.agent);
  return [...byKey]
    .flatMap(([key, own]) => {
      const [first] = own;
      if (!first) return [];
      const isShared = (projects.get(first.agent)?.length ?? 0) > 1;
      return [{ key, agent: isShared ? agentTitle(first) : first.agent, threads: own.sort(byUrgency), hidden: 0 }];
    })
    .sort((a, b) => a.agent.localeCompare(b.agent));
}

function limitDone(section: ThreadSection, { now, showAllDone }: GroupOptions): ThreadSection {
  if (showAllDone) return section;
  const recent = section.threads.filter(thread => groupOf(thread) !== 'done' || now - Number(thread.updatedAt) <= week);
  return { ...section, threads: recent, hidden: section.threads.length - recent.length };
}

function byUpdate(a: Thread, b: Thread): number {
  return sinceOf(b) - sinceOf(a) || (a.id < b.id ? -1 : 1);
}

/** {@link threadSince} of the wire's thread. */
export function sinceOf({ status, updatedAt, latestRun }: Thread): number {
  return threadSince(parseThreadStatus(status), Number(updatedAt), Number(latestRun?.endedAt ?? 0n));
}

/** What runs comes before what waits; the queue in its own order. */
function byTurn(a: Thread, b: Thread): number {
  const queued = (thread: Thread): number => (thread.status === 'queued' ? 1 : 0);
  const place = (thread: Thread): number => thread.latestRun?.queuePosition ?? 0;
  // Not the time of the last update: lists that reorder with each line an agent says cannot be read or clicked.
  return queued(a) - queued(b) || place(a) - place(b) || Number(a.createdAt - b.createdAt) || (a.id < b.id ? -1 : 1);
}
