import * as z from 'zod/mini';
import type { Merge } from '../gen/muster/v1/merges_pb.js';
import type { Agent } from '../gen/muster/v1/projects_pb.js';
import type { Run, TestRun } from '../gen/muster/v1/runs_pb.js';
import type { Message, Thread } from '../gen/muster/v1/threads_pb.js';
import { approvingAgents } from '../chainState.js';
import { sumKnown } from '../displayFormat.js';
import { projectNameOf } from '../projectNames.js';
import { parseThreadStatus, type ThreadStatus } from '../threadDisplay.js';
import { asNumber, count, cut, defined, happened, shortText, time } from './viewFields.js';

/**
 * Threads, runs, messages and merges as webviews see them: plain JSON (the wire's 64-bit integers do not survive
 * `postMessage`), times in milliseconds since the Unix epoch, unknown values absent.
 */

/** Of a thread with more, the latest. */
const shownNotes = 10;

/** A state that {@link parseThreadStatus} knows. */
export const threadStatusSchema = z.custom<ThreadStatus>(
  value => typeof value === 'string' && parseThreadStatus(value) === value,
);

export const threadViewSchema = z.object({
  id: shortText,
  projectName: shortText,
  agent: shortText,
  provider: shortText,
  model: shortText,
  status: threadStatusSchema,
  /** Why it needs a person; empty otherwise. */
  needs: shortText,
  /** What to know of its worktree, the latest last; absent when there is nothing. */
  notes: z.optional(z.array(shortText)),
  summary: shortText,
  branch: shortText,
  baseRef: shortText,
  baseCommit: shortText,
  hasWorktree: z.boolean(),
  /** A removed worktree can be brought back. */
  restorable: z.boolean(),
  createdAt: time,
  updatedAt: time,
  latestRun: z.optional(
    z.object({
      status: shortText,
      agent: shortText,
      activity: shortText,
      queuedAt: time,
      startedAt: z.optional(time),
      endedAt: z.optional(time),
      /** 1-based; absent when not queued. */
      queuePosition: z.optional(count),
      /** A person wants it ended, and it is not over. */
      stopping: z.optional(z.boolean()),
      /** Code of what it failed with. */
      problem: z.optional(shortText),
    }),
  ),
  /** The last merge, while no later run speaks for the thread. */
  latestMerge: z.optional(
    z.object({
      ...{ status: shortText, reason: shortText, target: shortText },
      /** What the target got by it. */
      commit: z.optional(shortText),
    }),
  ),
  /** Merging its head would come to conflicts, as far as that is known. */
  conflicting: z.optional(z.boolean()),
  /** The branch that it then conflicts with. */
  conflictTarget: z.optional(shortText),
  /** It works in several repositories. */
  several: z.optional(z.boolean()),
  /** The branch that a person has begun to merge into its worktree, and not ended. */
  handMerge: z.optional(shortText),
  /** A reviewer ended without saying whether its work is good, and nobody asked again. */
  silentReviewer: z.optional(z.boolean()),
  /** Which of several attempts at its task it is. */
  attempt: z.optional(z.object({ place: count, of: count })),
  /** Closed, or given up as failed, with its worktree: it can be opened again as it was. */
  reopenable: z.optional(z.boolean()),
  /** The head, when a person has approved exactly that. */
  approved: z.optional(shortText),
  /** Agents that have approved exactly the head. */
  approvedBy: z.optional(z.object({ agents: shortText, commit: shortText })),
  filesChanged: z.optional(count),
  additions: z.optional(count),
  deletions: z.optional(count),
  costUsd: z.optional(z.number().check(z.nonnegative())),
  /** Input and output together. */
  tokens: z.optional(count),
  /** Shown where there is no editor: what needs one is not offered. */
  inBrowser: z.optional(z.boolean()),
});
export type ThreadView = z.infer<typeof threadViewSchema>;

export const messageViewSchema = z.object({
  id: shortText,
  from: shortText,
  to: shortText,
  intent: shortText,
  body: z.string(),
  createdAt: time,
  runId: shortText,
});
export type MessageView = z.infer<typeof messageViewSchema>;

export const testRunViewSchema = z.object({
  command: shortText,
  result: shortText,
  exitCode: z.optional(z.int()),
  beforeEdits: z.optional(z.boolean()),
});
/** A test that an agent ran itself. */
export type TestRunView = z.infer<typeof testRunViewSchema>;

export const runViewSchema = z.object({
  id: shortText,
  messageId: shortText,
  agent: shortText,
  provider: shortText,
  model: shortText,
  status: shortText,
  queuedAt: time,
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  stopping: z.optional(z.boolean()),
  exitCode: z.optional(z.int()),
  error: z.optional(z.string()),
  costUsd: z.optional(z.number().check(z.nonnegative())),
  tokens: z.optional(count),
  /** The upstream that the host calls for it; missing: its CLI's own login or key. */
  modelsVia: z.optional(shortText),
  tests: z.optional(z.array(testRunViewSchema)),
});
export type RunView = z.infer<typeof runViewSchema>;

export const mergeViewSchema = z.object({
  id: shortText,
  status: shortText,
  target: shortText,
  commit: shortText,
  message: z.string(),
  files: z.array(z.string()),
});
export type MergeView = z.infer<typeof mergeViewSchema>;

export const agentViewSchema = z.object({
  name: shortText,
  provider: shortText,
  model: shortText,
  problem: shortText,
  active: count,
  queued: count,
  concurrency: count,
});
export type AgentView = z.infer<typeof agentViewSchema>;

/** Converts the wire's thread; `names` are those of the projects beside it, where it is shown and not only asked about. */
export function toThreadView(thread: Thread, names: ReadonlyMap<string, string> = new Map()): ThreadView {
  const run = thread.latestRun;
  return {
    id: thread.id,
    projectName: cut(projectNameOf(thread, names)),
    agent: cut(thread.agent),
    provider: cut(thread.provider),
    model: cut(thread.model),
    status: parseThreadStatus(thread.status),
    needs: cut(thread.needs),
    summary: cut(thread.summary),
    branch: cut(thread.branch),
    baseRef: cut(thread.baseRef),
    baseCommit: cut(thread.baseCommit),
    hasWorktree: thread.worktree !== '',
    restorable: thread.rescue !== '',
    createdAt: Number(thread.createdAt),
    updatedAt: Number(thread.updatedAt),
    ...(run && {
      latestRun: {
        status: run.status,
        agent: cut(run.agent),
        activity: cut(run.activity),
        queuedAt: Number(run.queuedAt),
        ...defined('startedAt', happened(run.startedAt)),
        ...defined('endedAt', happened(run.endedAt)),
        ...defined('queuePosition', run.queuePosition > 0 ? run.queuePosition : undefined),
        ...defined('stopping', run.stopping || undefined),
        ...defined('problem', run.error?.code),
      },
    }),
    ...defined('notes', notesOf(thread)),
    ...defined('latestMerge', speakingMerge(thread)),
    ...defined('conflicting', thread.conflictFiles.length > 0 || undefined),
    ...defined('conflictTarget', thread.conflictFiles.length > 0 ? cut(thread.conflictTarget) : undefined),
    ...defined('several', thread.parts.length > 0 || undefined),
    ...defined('handMerge', thread.handMerge === '' ? undefined : cut(thread.handMerge)),
    ...defined('silentReviewer', hasSilentReviewer(thread) || undefined),
    ...defined('attempt', thread.attempt > 0 ? { place: thread.attempt, of: thread.attempts } : undefined),
    ...defined('reopenable', isReopenable(thread) || undefined),
    ...defined('approved', approvedHead(thread)),
    ...defined('approvedBy', agentsApproval(thread)),
    ...defined('filesChanged', thread.filesChanged),
    ...defined('additions', thread.additions),
    ...defined('deletions', thread.deletions),
    ...defined('costUsd', thread.costUsd),
    ...defined('tokens', sumKnown(asNumber(thread.inputTokens), asNumber(thread.outputTokens))),
  };
}

/** What is found out about its merge comes before what there is to know of its worktree. */
function notesOf(thread: Thread): string[] | undefined {
  const { notes, conflictFiles, conflictTarget, parts } = thread;
  // As the buttons say it; the merge editor is for one repository.
  const ways =
    parts.length > 0
      ? 'Ask the agent to resolve it.'
      : 'Ask the agent to resolve it, or resolve it in the merge editor.';
  // Where it was tried already, the thread itself says it.
  const isTold = thread.status === 'needs_you' && speakingMerge(thread)?.status === 'conflicted';
  const conflict =
    conflictFiles.length === 0 || isTold
      ? []
      : [`Conflicts with ${conflictTarget} in ${conflictFiles.slice(0, 5).join(', ')}. ${ways}`];
  const all = [...conflict, ...notes.slice(-shownNotes)].map(cut);
  return all.length === 0 ? undefined : all;
}

/** The latest merge, unless a run was queued after it, or it came to nothing for another commit. */
function speakingMerge({ latestMerge: merge, latestRun: run, head }: Thread): ThreadView['latestMerge'] {
  if (!merge || (run && run.queuedAt > merge.createdAt)) return undefined;
  const isOfHead = merge.expect === head || merge.expect === '' || merge.reason === 'changed_since_review';
  if (['blocked', 'conflicted', 'failed'].includes(merge.status) && !isOfHead) return undefined;
  const landed = merge.status === 'merged' && merge.commit !== '' ? merge.commit : undefined;
  return { status: merge.status, reason: cut(merge.reason), target: cut(merge.target), ...defined('commit', landed) };
}

function hasSilentReviewer({ chain }: Thread): boolean {
  return chain?.state === 'undecided' && chain.said.some(({ verdict }) => verdict === '');
}

/** What was removed as well is restored. */
function isReopenable({ outcome, status, worktree, rescue }: Thread): boolean {
  const isClosed = (outcome === 'completed' || outcome === 'failed') && status !== 'merged';
  return isClosed && (worktree !== '' || rescue === '');
}

/** An approval says something only about the commit that it was given to. */
export function approvedHead({ head, approvedHead: approved }: Thread): string | undefined {
  return approved !== '' && approved === head ? approved : undefined;
}

function agentsApproval(thread: Thread): ThreadView['approvedBy'] {
  const agents = approvingAgents(thread);
  return agents.length === 0 ? undefined : { agents: cut(agents.join(', ')), commit: thread.head };
}

/** Converts the wire's message. */
export function toMessageView(message: Message): MessageView {
  const { id, from, to, intent, body, runId } = message;
  return { id, from: cut(from), to: cut(to), intent, body, createdAt: Number(message.createdAt), runId };
}

/** Converts the wire's run. */
export function toRunView(run: Run): RunView {
  return {
    id: run.id,
    messageId: run.messageId,
    agent: cut(run.agent),
    provider: cut(run.provider),
    model: cut(run.model),
    status: run.status,
    queuedAt: Number(run.queuedAt),
    ...defined('startedAt', happened(run.startedAt)),
    ...defined('endedAt', happened(run.endedAt)),
    ...defined('stopping', run.stopping || undefined),
    ...defined('exitCode', run.exitCode),
    ...defined('error', run.error?.message),
    ...defined('costUsd', run.costUsd),
    ...defined('tokens', sumKnown(asNumber(run.inputTokens), asNumber(run.outputTokens))),
    ...defined('modelsVia', run.modelsVia === '' || run.modelsVia === 'own' ? undefined : cut(run.modelsVia)),
    ...defined('tests', run.tests.length === 0 ? undefined : run.tests.map(toTestRunView)),
  };
}

/** Converts the wire's test of a run. */
export function toTestRunView({ command, result, exitCode, beforeEdits }: TestRun): TestRunView {
  return {
    command: cut(command),
    result: cut(result),
    ...defined('exitCode', exitCode),
    ...defined('beforeEdits', beforeEdits || undefined),
  };
}

/** Converts the wire's merge. */
export function toMergeView(merge: Merge): MergeView {
  const { id, target, commit, message, files, undone } = merge;
  const status = undone === '' ? merge.status : 'undone';
  return { id, status, target: cut(target), commit, message, files: files.slice(0, 200) };
}

/** Converts the wire's agent. */
export function toAgentView(agent: Agent): AgentView {
  const { name, provider, model, problem, active, queued, concurrency } = agent;
  return {
    name: cut(name),
    provider: cut(provider),
    model: cut(model),
    problem: cut(problem),
    active,
    queued,
    concurrency,
  };
}
