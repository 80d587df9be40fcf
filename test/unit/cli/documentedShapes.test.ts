import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { diffJson } from '../../../src/cli/commands/diff.js';
import { reviewedFileJson } from '../../../src/cli/commands/reviewFiles.js';
import { finalRunJson } from '../../../src/cli/commands/run.js';
import {
  changeShape,
  listedAgentShape,
  listedProjectShape,
  listedSandboxShape,
  sandboxShape,
  schedulerShape,
} from '../../../src/cli/output/compose/shapes.js';
import { execShape } from '../../../src/cli/runs/sandboxCommand.js';
import { errorJson } from '../../../src/cli/output/errorText.js';
import { agentOf, projectOf } from '../../../src/cli/output/projectReport.js';
import { itemJson } from '../../../src/cli/output/transcriptJson.js';
import {
  checkJson,
  commentJson,
  mergeJson,
  messageJson,
  queuedJson,
  runJson,
  threadJson,
  worktreeJson,
} from '../../../src/cli/output/wireJson.js';
import { AppError } from '../../../src/base/errors.js';
import { MergeCheckSchema, MergeSchema, QueuedMergeSchema } from '../../../src/protocol/gen/muster/v1/merges_pb.js';
import { AgentSchema, ChangeSchema, ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunDetailSchema, RunSchema, TranscriptItemSchema } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { CommentSchema, FileChangeSchema } from '../../../src/protocol/gen/muster/v1/reviews_pb.js';
import {
  DiffThreadResponseSchema,
  MessageSchema,
  ThreadSchema,
} from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { WorktreeSchema } from '../../../src/protocol/gen/muster/v1/worktrees_pb.js';
import { cliDocumentation, documentedExample, keysOf } from '../../support/documentedExample.ts';
import { commandTable } from '../../../src/cli/commandTable.js';

const time = 1_700_000_000_000n;
const run = create(RunSchema, {
  id: 'r',
  threadId: 't',
  agent: 'dev',
  provider: 'claude',
  model: 'm',
  status: 'failed',
  exitCode: 1,
  error: { code: 'c', message: 'm' },
  signal: 'SIGTERM',
  answer: 'a',
  activity: 'a',
  queuePosition: 1,
  costUsd: 1,
  inputTokens: 1n,
  outputTokens: 1n,
  cacheReadTokens: 1n,
  cacheWriteTokens: 1n,
  queuedAt: time,
});
const merge = create(MergeSchema, {
  id: 'm',
  threadId: 't',
  expect: 'e',
  commit: 'c',
  reason: 'r',
  message: 'm',
  files: ['f'],
  createdAt: time,
});
const thread = create(ThreadSchema, {
  id: 't',
  summary: 's',
  worktree: '/w',
  needs: 'n',
  latestRun: run,
  latestMerge: merge,
  filesChanged: 1,
  additions: 1,
  deletions: 1,
  costUsd: 1,
  inputTokens: 1n,
  outputTokens: 1n,
  rescue: 'r',
  draftComments: 1,
  openComments: 1,
  conflictFiles: ['f'],
  createdAt: time,
});
const agent = { name: 'dev', model: 'm', problem: 'p' };
const project = create(ProjectSchema, { id: 'p', consentReasons: ['r'], agents: [agent], appliedAt: time });
const scheduled = create(AgentSchema, {
  ...agent,
  driver: 'process',
  provider: 'claude',
  image: 'i',
  hasScheduler: true,
});
const detail = create(RunDetailSchema, {
  prompt: 'p',
  driver: 'process',
  image: 'i',
  directory: '/d',
  workspace: '/w',
});
const endedRun = create(RunSchema, { ...run, startedAt: time, endedAt: time + 1n });
const items = [
  { item: { case: 'text', value: { text: 't' } } },
  { item: { case: 'toolCall', value: { path: 'p' } } },
  { item: { case: 'toolResult', value: { exitCode: 1 } } },
  { item: { case: 'usage', value: { inputTokens: 1n, outputTokens: 1n, costUsd: 1 } } },
  { item: { case: 'error', value: {} } },
] as const;

describe('docs/cli.md', () => {
  test.each<[string, unknown]>([
    ['run', finalRunJson({ run: endedRun, detail }, undefined)],
    ['sandbox', sandboxShape(thread, undefined)],
    [
      'exec',
      execShape(undefined, { thread, argv: ['npm', 'test'], cwd: '/w' }, { status: 1, stdout: 'out', stderr: 'err' }),
    ],
    ['merge', mergeJson(merge)],
    ['queue', { queue: [queuedJson(create(QueuedMergeSchema, { merge, verify: ['v'] }))] }],
    ['queue checks', { checks: [checkJson(create(MergeCheckSchema, { signal: 's', startedAt: time }))] }],
    [
      'review',
      {
        thread_id: 't',
        comments: [
          commentJson(create(CommentSchema, { replyTo: 'r', severity: 'note', resolvedBy: 'you', createdAt: time })),
        ],
      },
    ],
    [
      'review files',
      { thread_id: 't', files: [reviewedFileJson(create(FileChangeSchema, { file: { oldPath: 'o' }, hunks: [{}] }))] },
    ],
    ['worktrees', { worktrees: [worktreeJson(create(WorktreeSchema, {}))], spares: [], others: [] }],
    [
      'diff',
      diffJson('t', create(DiffThreadResponseSchema, { files: [{ oldPath: 'o' }], uncommitted: ['u'] }), {
        withPatch: true,
      }),
    ],
    ['error', errorJson(new AppError('thread.unknown', 'm', { thread: 't' }))],
  ])('the example of %s has exactly the keys that are printed', (name, printed) => {
    expect(keysOf(documentedExample(name))).toEqual(keysOf(printed));
  });

  test('so have the examples of ps, project ls and inspect', () => {
    const withAgent = create(ProjectSchema, { ...project, agents: [scheduled] });
    const [only] = withAgent.agents;
    if (!only) throw new Error('no agent');
    const ps = documentedExample('ps') as Record<'threads' | 'agents' | 'sandboxes', unknown[]>;
    expect(keysOf(ps.threads)).toEqual(keysOf([threadJson(thread)]));
    const listed = listedAgentShape(withAgent, only, { era: undefined, latest: run, session: thread });
    expect(keysOf(ps.agents)).toEqual(keysOf([{ ...listed, latest_run: {}, running_session: {} }]));
    expect(keysOf(ps.sandboxes)).toEqual(keysOf([listedSandboxShape(thread, only)]));
    expect(keysOf(documentedExample('project ls'))).toEqual(
      keysOf({ projects: [listedProjectShape(project, run)], total: 1 }),
    );
    const inspected = documentedExample('inspect agent');
    expect(keysOf(inspected['agent'])).toEqual(keysOf(agentOf(withAgent, only, undefined)));
    expect(keysOf(inspected['schedulers'])).toEqual(keysOf([schedulerShape(withAgent, only, undefined)]));
  });

  test('so have the examples of up and logs', () => {
    const up = documentedExample('up');
    expect(keysOf(up['project'])).toEqual(keysOf(projectOf(project, undefined)));
    expect(keysOf(up['changes'])).toEqual(keysOf([changeShape(create(ChangeSchema, { message: 'm' }), undefined)]));
    const logs = documentedExample('logs') as { messages: unknown; runs: { items: unknown }[] };
    expect(keysOf(logs.messages)).toEqual(
      keysOf([messageJson(create(MessageSchema, { runId: 'r', createdAt: time }))]),
    );
    expect(keysOf(logs.runs[0]?.items)).toEqual(
      keysOf(items.map(item => itemJson(create(TranscriptItemSchema, item)))),
    );
  });

  test('a value that is not there is null where the key is always printed, and left out where it is optional', () => {
    const bare = threadJson(create(ThreadSchema, { id: 't', createdAt: time }));
    expect(bare).toMatchObject({ branch: null, worktree: null, head: null, latest_run: null });
    expect(Object.keys(bare)).not.toContain('cost_usd');
    expect(runJson(create(RunSchema, { id: 'r' }))).toMatchObject({ exit_code: null, started_at: null });
  });

  test.each(Object.keys(commandTable))('has a section for %s', name => {
    expect(cliDocumentation).toMatch(new RegExp(`^## .*\\b${name}\\b`, 'm'));
  });
});
