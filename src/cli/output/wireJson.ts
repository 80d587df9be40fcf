import type { Merge, MergeCheck, QueuedMerge } from '../../protocol/gen/muster/v1/merges_pb.js';
import type { Agent, Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import type { Run, TestRun } from '../../protocol/gen/muster/v1/runs_pb.js';
import type { Comment } from '../../protocol/gen/muster/v1/reviews_pb.js';
import type { ChangedFile, Message, Thread } from '../../protocol/gen/muster/v1/threads_pb.js';
import type { ForeignWorktree, SpareWorktree, Worktree } from '../../protocol/gen/muster/v1/worktrees_pb.js';
import { isoTime, orUndefined } from './wireText.js';

/**
 * The shapes that `--json` prints; `docs/cli.md` documents each, and a test compares the two. A key that is always there is
 * null when there is no value; an optional key (`?` in the documentation) is left out.
 */

export function threadJson(thread: Thread) {
  return {
    thread_id: thread.id,
    project_id: thread.projectId,
    project: thread.projectName,
    agent: thread.agent,
    status: thread.status,
    outcome: thread.outcome,
    summary: thread.summary,
    branch: orNull(thread.branch),
    base_ref: orNull(thread.baseRef),
    base_commit: orNull(thread.baseCommit),
    repository: orNull(thread.repository),
    worktree: orNull(thread.worktree),
    head: orNull(thread.head),
    latest_run: thread.latestRun ? runJson(thread.latestRun) : null,
    ...optional({
      needs: orUndefined(thread.needs),
      latest_merge: thread.latestMerge && mergeJson(thread.latestMerge),
      files_changed: thread.filesChanged,
      additions: thread.additions,
      deletions: thread.deletions,
      cost_usd: thread.costUsd,
      input_tokens: count(thread.inputTokens),
      output_tokens: count(thread.outputTokens),
      rescue: orUndefined(thread.rescue),
      trouble: orUndefined(thread.trouble),
      notes: thread.notes.length > 0 ? thread.notes : undefined,
      draft_comments: thread.draftComments > 0 ? thread.draftComments : undefined,
      open_comments: thread.openComments > 0 ? thread.openComments : undefined,
      conflicts: thread.conflictFiles.length > 0 ? thread.conflictFiles : undefined,
    }),
    created_at: time(thread.createdAt),
    updated_at: time(thread.updatedAt),
  };
}

export function runJson(run: Run) {
  return {
    run_id: run.id,
    thread_id: run.threadId,
    agent: run.agent,
    provider: run.provider,
    status: run.status,
    exit_code: run.exitCode ?? null,
    ...optional({
      model: orUndefined(run.model),
      models_via: orUndefined(run.modelsVia),
      error: run.error && { code: run.error.code, message: run.error.message },
      signal: orUndefined(run.signal),
      answer: orUndefined(run.answer),
      activity: orUndefined(run.activity),
      stopping: run.stopping || undefined,
      queue_position: run.queuePosition > 0 ? run.queuePosition : undefined,
      due_at: orUndefined(isoTime(run.dueAt)),
      due_reason: orUndefined(run.dueReason),
      tests: run.tests.length > 0 ? run.tests.map(testJson) : undefined,
      cost_usd: run.costUsd,
      input_tokens: count(run.inputTokens),
      output_tokens: count(run.outputTokens),
      cache_read_tokens: count(run.cacheReadTokens),
      cache_write_tokens: count(run.cacheWriteTokens),
    }),
    queued_at: time(run.queuedAt),
    started_at: time(run.startedAt),
    ended_at: time(run.endedAt),
  };
}

/** A test that the agent ran itself. */
function testJson({ command, result, exitCode, beforeEdits }: TestRun) {
  return { command, result, ...optional({ exit_code: exitCode, before_edits: beforeEdits || undefined }) };
}

export function mergeJson(merge: Merge) {
  return {
    merge_id: merge.id,
    thread_id: merge.threadId,
    status: merge.status,
    target: merge.target,
    strategy: merge.strategy,
    expect: orNull(merge.expect),
    ...optional({
      commit: orUndefined(merge.commit),
      push: orUndefined(merge.push),
      reason: orUndefined(merge.reason),
      message: orUndefined(merge.message),
      files: merge.files.length > 0 ? merge.files : undefined,
    }),
    created_at: time(merge.createdAt),
    ended_at: time(merge.endedAt),
  };
}

export function queuedJson({ merge, position, priority, repository, verify }: QueuedMerge) {
  return {
    position,
    priority,
    repository,
    verify,
    merge: merge ? mergeJson(merge) : null,
  };
}

export function checkJson(check: MergeCheck) {
  return {
    number: check.number,
    attempt: check.attempt,
    command: check.command,
    commit: check.candidate,
    exit_code: check.exitCode ?? null,
    ...optional({ signal: orUndefined(check.signal) }),
    output: check.output,
    truncated: check.truncated,
    started_at: time(check.startedAt),
    ended_at: time(check.endedAt),
  };
}

export function messageJson(message: Message) {
  return {
    message_id: message.id,
    from: message.from,
    to: message.to,
    intent: message.intent,
    body: message.body,
    ...optional({ run_id: orUndefined(message.runId) }),
    created_at: time(message.createdAt),
  };
}

export function commentJson(comment: Comment) {
  return {
    comment_id: comment.id,
    path: comment.path,
    side: comment.onBase ? 'base' : 'changed',
    line: comment.outdated ? null : comment.lineNow,
    end_line: comment.outdated ? null : comment.endLineNow,
    outdated: comment.outdated,
    code: comment.anchor?.lines ?? [],
    author: comment.author,
    text: comment.text,
    state: comment.state,
    ...optional({
      reply_to: orUndefined(comment.replyTo),
      severity: orUndefined(comment.severity),
      resolved_by: orUndefined(comment.resolvedBy),
    }),
    created_at: time(comment.createdAt),
    updated_at: time(comment.updatedAt),
  };
}

export function worktreeJson(worktree: Worktree) {
  return {
    thread_id: worktree.threadId,
    path: worktree.path,
    branch: worktree.branch,
    base_ref: orNull(worktree.baseRef),
    head: orNull(worktree.head),
    ahead: worktree.ahead,
    behind: worktree.behind,
    changed: worktree.changed,
    repository: worktree.repository,
    missing: worktree.missing,
    created_at: time(worktree.createdAt),
    used_at: time(worktree.usedAt),
    port: worktree.port === 0 ? null : worktree.port,
    unmerged: worktree.unmerged,
    processes: worktree.processes.map(({ pid, name, runId }) => ({ pid, name, run_id: orNull(runId) })),
  };
}

/** A worktree that is kept ready. */
export function spareJson({ path, repository, commit, state }: SpareWorktree) {
  return { path, repository, commit, state };
}

/** A worktree that belongs to no thread. */
export function foreignJson({ path, branch, problem }: ForeignWorktree) {
  return { path, branch: orNull(branch), ...optional({ problem: orUndefined(problem) }) };
}

export function projectJson(project: Project) {
  return {
    project_id: project.id,
    name: project.name,
    folder: project.folder,
    file: project.file,
    revision: project.revision,
    spec_hash: project.specHash,
    consented: project.consented,
    ...optional({ consent_reasons: project.consentReasons.length > 0 ? project.consentReasons : undefined }),
    agents: project.agents.map(agentJson),
    applied_at: time(project.appliedAt),
  };
}

export function agentJson(agent: Agent) {
  return {
    name: agent.name,
    provider: agent.provider,
    driver: agent.driver,
    workspace: agent.workspace,
    permissions: agent.permissions,
    queued: agent.queued,
    active: agent.active,
    ...optional({ model: orUndefined(agent.model), problem: orUndefined(agent.problem) }),
  };
}

export function changedFileJson(file: ChangedFile) {
  return {
    path: file.path,
    status: file.status,
    binary: file.binary,
    additions: file.additions,
    deletions: file.deletions,
    ...optional({
      old_path: orUndefined(file.oldPath),
      old_mode: orUndefined(file.oldMode),
      mode: orUndefined(file.mode),
    }),
  };
}

/** Without the keys that have no value. */
export function optional<T extends Record<string, unknown>>(fields: T): Partial<T> {
  const present: Partial<T> = {};
  for (const key in fields) if (fields[key] !== undefined) present[key] = fields[key];
  return present;
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

function count(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** ISO 8601 in UTC. */
function time(milliseconds: bigint): string | null {
  return orNull(isoTime(milliseconds));
}
