import { create } from '@bufbuild/protobuf';
import { defined } from '../../base/defined.js';
import { branchOf } from '../../core/merges/mergeTarget.js';
import type { PartOfThread } from '../../core/threads/part.js';
import { fail } from './requestFields.js';
import type { AgentVerdict } from '../../core/chains/agentVerdict.js';
import type { Question } from '../../core/questions/question.js';
import type { Chain } from '../../core/chains/chain.js';
import type { Merge } from '../../core/merges/merge.js';
import type { UndoKind } from '../../core/merges/mergeUndo.js';
import type { Message } from '../../core/messages/message.js';
import { serverPath, type NotebookServer } from '../../core/notebooks/notebookServer.js';
import type { Run } from '../../core/runs/run.js';
import type { ThreadView } from '../../core/threads/threadStore.js';
import type { ChangedFile } from '../../core/workspaces/worktreeDriver.js';
import { MergeSchema, type Merge as WireMerge } from '../../protocol/gen/muster/v1/merges_pb.js';
import {
  NotebookServerSchema,
  type NotebookServer as WireNotebookServer,
} from '../../protocol/gen/muster/v1/notebooks_pb.js';
import { QuestionSchema, type Question as WireQuestion } from '../../protocol/gen/muster/v1/questions_pb.js';
import { RunSchema, type Run as WireRun } from '../../protocol/gen/muster/v1/runs_pb.js';
import {
  AgentVerdictSchema,
  ChainSchema,
  ChangedFileSchema,
  MessageSchema,
  ThreadPartSchema,
  ThreadSchema,
  type AgentVerdict as WireVerdict,
  type Chain as WireChain,
  type ChangedFile as WireChangedFile,
  type Message as WireMessage,
  type Thread as WireThread,
  type ThreadPart as WirePart,
} from '../../protocol/gen/muster/v1/threads_pb.js';

/** Core entities as wire messages. Numbers that count milliseconds, tokens or bytes are 64-bit there. */

/** What a queued run waits for, and whether one that is at work is to end. */
type RunFacts = Pick<ThreadView, 'queuePosition' | 'delay' | 'stopping'>;

export function wireRun(run: Run, { queuePosition = 0, delay, stopping = false }: RunFacts = {}): WireRun {
  return create(RunSchema, {
    id: run.id,
    threadId: run.threadId,
    messageId: run.messageId,
    agent: run.agent,
    provider: run.provider,
    model: run.model ?? '',
    status: run.status,
    queuedAt: BigInt(run.queuedAt),
    startedAt: BigInt(run.startedAt ?? 0),
    endedAt: BigInt(run.endedAt ?? 0),
    exitCode: run.exitCode,
    signal: run.signal ?? '',
    error: run.error,
    answer: run.answer ?? '',
    activity: run.activity ?? '',
    inputTokens: big(run.inputTokens),
    outputTokens: big(run.outputTokens),
    cacheReadTokens: big(run.cacheReadTokens),
    cacheWriteTokens: big(run.cacheWriteTokens),
    costUsd: run.costUsd,
    tests: run.tests?.map(test => ({ ...test, beforeEdits: test.beforeEdits === true })) ?? [],
    queuePosition,
    dueAt: BigInt(delay?.dueAt ?? 0),
    dueReason: delay?.reason ?? '',
    conversation: run.conversation ?? '',
    modelsVia: run.modelsVia ?? 'own',
    promptHash: run.promptHash ?? '',
    stopping,
  });
}

export function wireMerge(merge: Merge, undone: UndoKind | '' = ''): WireMerge {
  return create(MergeSchema, {
    id: merge.id,
    threadId: merge.threadId,
    status: merge.status,
    target: merge.target,
    strategy: merge.strategy,
    expect: merge.expect,
    commit: merge.commit ?? '',
    reason: merge.reason ?? '',
    message: [merge.message, pushText(merge)].filter(text => text !== '').join(' '),
    files: [...merge.files],
    createdAt: BigInt(merge.createdAt),
    endedAt: BigInt(merge.endedAt ?? 0),
    undone,
    push: merge.push?.state ?? '',
  });
}

function pushText({ push }: Merge): string {
  if (!push) return '';
  const { state, address, problem = '' } = push;
  if (state === 'failed') return `Not pushed to ${address}: ${problem}`;
  return state === 'due' ? `Being pushed to ${address}.` : `Pushed to ${address}.`;
}

export function wireThread(view: ThreadView): WireThread {
  const { thread, latestRun, latestMerge } = view;
  const ownRun = latestRun?.agent === thread.agent ? latestRun : undefined;
  return create(ThreadSchema, {
    id: thread.id,
    projectId: thread.projectId,
    projectName: view.projectName,
    agent: thread.agent,
    status: view.status,
    needs: view.needs,
    outcome: thread.outcome,
    summary: thread.summary,
    createdAt: BigInt(thread.createdAt),
    updatedAt: BigInt(thread.updatedAt),
    latestRun: latestRun && wireRun(latestRun, view),
    latestMerge: latestMerge && wireMerge(latestMerge, view.undone),
    ...wireCounts(view),
    costUsd: view.costUsd,
    inputTokens: big(view.inputTokens),
    outputTokens: big(view.outputTokens),
    // A reviewer's are not those of the agent whose thread it is.
    provider: ownRun?.provider ?? '',
    model: ownRun?.model ?? '',
    chain: view.chain && wireChain(view.chain),
    notes: [thread.notes ?? [], ...view.parts.map(notesOfPart)].flat(),
    notebookServer: view.notebookServer && wireNotebookServer(view.notebookServer),
    questions: view.questions.map(wireQuestion),
    batch: view.batch ?? '',
    attempt: view.attempt?.place ?? 0,
    attempts: view.attempt?.of ?? 0,
    waitsFor: view.awaited.map(({ threadId }) => threadId),
    parts: view.parts.map(wirePart),
    partOf: view.partOf?.whole ?? '',
    partName: view.partOf?.name ?? '',
    ...workFields(view),
    ...reviewFields(view),
  });
}

/** Over all repositories; missing where nothing was counted. */
function wireCounts({ thread, parts }: ThreadView) {
  const all = [thread, ...parts.map(part => part.thread)];
  const sum = (count: 'filesChanged' | 'additions' | 'deletions'): number | undefined => {
    const counted = all.flatMap(each => each[count] ?? []);
    return counted.length === 0 ? undefined : counted.reduce((a, b) => a + b);
  };
  return { filesChanged: sum('filesChanged'), additions: sum('additions'), deletions: sum('deletions') };
}

function notesOfPart({ part, thread }: PartOfThread): readonly string[] {
  return (thread.notes ?? []).map(note => `${part.name}: ${note}`);
}

function wirePart({ part, thread }: PartOfThread): WirePart {
  return create(ThreadPartSchema, {
    threadId: part.thread,
    name: part.name,
    repository: thread.repository ?? '',
    worktree: thread.worktree ?? '',
    branch: thread.branch ?? '',
    baseCommit: thread.baseCommit ?? '',
    head: thread.head ?? '',
    target: part.target ?? branchOf(thread.baseRef) ?? '',
    ...defined({ filesChanged: thread.filesChanged, additions: thread.additions, deletions: thread.deletions }),
  });
}

/** Where the work of a thread is; empty for what it does not have. */
function workFields({ thread, parts }: ThreadView) {
  return {
    branch: thread.branch ?? '',
    baseRef: thread.baseRef ?? '',
    baseCommit: thread.baseCommit ?? '',
    repository: thread.repository ?? '',
    worktree: thread.worktree ?? '',
    head: thread.head ?? '',
    rescue: thread.rescue ?? '',
    trouble: [thread, ...parts.map(part => part.thread)].find(each => each.trouble)?.trouble?.kind ?? '',
  };
}

function reviewFields({ shown, approved, comments, conflict, handMerge }: ThreadView) {
  return {
    shownHead: shown?.commit ?? '',
    ...(approved && { approvedHead: approved.commit, approvedAt: BigInt(approved.at) }),
    ...(comments && { draftComments: comments.drafts, openComments: comments.open }),
    handMerge: handMerge?.target ?? '',
    ...(conflict && { conflictFiles: [...conflict.files], conflictTarget: conflict.target }),
  };
}

export function wireNotebookServer(server: NotebookServer): WireNotebookServer {
  return create(NotebookServerSchema, {
    threadId: server.threadId,
    state: server.state,
    startedAt: BigInt(server.startedAt),
    readyAt: BigInt(server.readyAt ?? 0),
    endedAt: BigInt(server.endedAt ?? 0),
    reason: server.reason ?? '',
    path: serverPath(server.threadId),
  });
}

function wireChain({ state, author, depth, waiting, said, note }: Chain): WireChain {
  return create(ChainSchema, {
    state,
    author,
    depth,
    waiting: [...waiting],
    said: said.map(({ agent, verdict = '', commit = '' }) => ({ agent, verdict, commit })),
    note,
  });
}

export function wireQuestion(question: Question): WireQuestion {
  const { answer, options, askedAt, id, threadId, runId, agent, kind, title, detail, rule } = question;
  return create(QuestionSchema, {
    ...{ id, threadId, runId, agent, kind, title, detail, rule },
    options: [...options],
    askedAt: BigInt(askedAt),
    decision: answer?.decision ?? '',
    answer: answer?.text ?? '',
    answeredAt: BigInt(answer?.at ?? 0),
  });
}

export function wireVerdict({ findings, at, runId, agent, verdict, summary, commit }: AgentVerdict): WireVerdict {
  return create(AgentVerdictSchema, {
    ...{ runId, agent, verdict, summary, commit },
    at: BigInt(at),
    findings: findings.map(({ line = 0, ...finding }) => ({ ...finding, line })),
  });
}

export function wireMessage(message: Message): WireMessage {
  return create(MessageSchema, {
    id: message.id,
    threadId: message.threadId,
    from: message.from,
    to: message.to,
    intent: message.intent,
    body: message.body,
    createdAt: BigInt(message.createdAt),
    runId: message.runId ?? '',
    skipHandoff: message.skipHandoff ?? false,
  });
}

export function wireChangedFile(file: ChangedFile): WireChangedFile {
  const { oldPath = '', modes = { before: '', now: '' }, ...rest } = file;
  return create(ChangedFileSchema, { ...rest, oldPath, oldMode: modes.before, mode: modes.now });
}

/** A 64-bit count as a number. Errors: `request.invalid` outside the safe range. */
export function safeNumber(value: bigint, field: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw fail(field, `${value} is not a count`);
  return number;
}

function big(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(Math.round(value));
}
