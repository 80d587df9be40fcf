import { describe, expect, test } from 'vitest';
import { EventService } from '../../../src/protocol/gen/muster/v1/events_pb.js';
import { MergeService } from '../../../src/protocol/gen/muster/v1/merges_pb.js';
import { ProjectService } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { ThreadService, type ThreadSchema } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { runInProcess } from '../../support/cliRunner.ts';
import { wireHostWith } from '../../support/wireHostWith.ts';

describe('wait', () => {
  const working: MessageInitShape<typeof ThreadSchema> = { id: '5aaaaaaaaaaa', status: 'working', summary: 'x' };

  function waiting(end: Promise<string>) {
    return wireHostWith(router => {
      router.service(ThreadService, { getThread: () => ({ thread: working }) });
      router.service(EventService, {
        async *watch() {
          yield { epoch: 'e', sequence: 1n, update: { case: 'snapshot', value: { threads: [working] } } };
          const status = await end;
          yield { epoch: 'e', sequence: 2n, update: { case: 'changes', value: { threads: [{ ...working, status }] } } };
          await new Promise(() => {});
        },
      });
    });
  }

  test.each(['ready', 'needs_you', 'failed', 'abandoned'])('ends with 0 when the thread is %s', async status => {
    const stateDir = await waiting(Promise.resolve(status));
    const run = await runInProcess(['wait', '5aaa', '--json'], { stateDir });
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ thread_id: '5aaaaaaaaaaa', status });
  });

  test('tells what was noticed in the person’s repository, and so does the list of threads', async () => {
    const notes = ['During a run, in your repository: your checkout was switched from main to \u001b[2Jother'];
    const thread = { ...working, status: 'ready', notes, projectName: 'shop', agent: 'dev' };
    const stateDir = await wireHostWith(router => {
      router.service(ThreadService, { getThread: () => ({ thread }), listThreads: () => ({ threads: [thread] }) });
      router.service(ProjectService, { listProjects: () => ({ projects: [] }) });
      router.service(EventService, {});
    });
    const waited = await runInProcess(['wait', '5aaa'], { stateDir });
    expect(waited).toMatchObject({ status: 0, stderr: expect.stringContaining('switched from main to') });
    const listed = await runInProcess(['ps', '--all'], { stateDir });
    expect(listed.stdout).toContain('note: During a run, in your repository: your checkout was switched from main to');
    expect(listed.stdout + waited.stderr).not.toContain('\u001b[2J');
  });

  test('ends with 1 on a timeout and 130 when interrupted', async () => {
    const stateDir = await waiting(new Promise(() => {}));
    const timeout = await runInProcess(['wait', '5aaa', '--timeout', '0.2', '--json'], { stateDir });
    expect(timeout.status).toBe(1);
    expect(JSON.parse(timeout.stdout)).toMatchObject({ error: { code: 'wait.timeout' } });
    const stop = new AbortController();
    const interrupted = runInProcess(['wait', '5aaa'], { stateDir, signal: stop.signal });
    stop.abort();
    expect(await interrupted).toEqual({ status: 130, stdout: '', stderr: '' });
  });
});

describe('merge', () => {
  const head = '4d3c2b1a5e6f708192a3b4c5d6e7f8091a2b3c4d';

  function merging(end: { status: string; files?: string[]; commit?: string }, expects: string[] = []) {
    return wireHostWith(router => {
      router.service(ThreadService, { getThread: () => ({ thread: { id: '5aaaaaaaaaaa', head } }) });
      router.service(MergeService, {
        requestMerge: ({ expect: commit }) => {
          expects.push(commit);
          return { merge: { id: 'm', target: 'main', status: 'queued' } };
        },
        waitMerge: () => ({ merge: { id: 'm', target: 'main', ...end } }),
      });
    });
  }

  test('ends with 0 when merged, 1 when not, and names the files', async () => {
    const merged = await runInProcess(['merge', '5aaa', '--json'], {
      stateDir: await merging({ status: 'merged', commit: 'c' }),
    });
    expect(merged.status).toBe(0);
    expect(JSON.parse(merged.stdout)).toMatchObject({ merge_id: 'm', status: 'merged', target: 'main', commit: 'c' });
    const blocked = await runInProcess(['merge', '5aaa'], {
      stateDir: await merging({ status: 'blocked', files: ['a.ts'] }),
    });
    expect(blocked.status).toBe(1);
    expect(blocked.stdout).toContain('a.ts');
  });

  test('--detach does not wait; --expect takes a short id of the thread’s own commit and refuses another', async () => {
    const expects: string[] = [];
    const stateDir = await merging({ status: 'failed' }, expects);
    expect((await runInProcess(['merge', '5aaa', '--detach', '--expect', head.slice(0, 7)], { stateDir })).status).toBe(
      0,
    );
    expect(expects).toEqual([head]);
    expect((await runInProcess(['merge', '5aaa', '--expect', 'abcdef1'], { stateDir })).status).toBe(2);
  });
});

test('a merge names comments that were not sent, of one thread and of all that are approved', async () => {
  const stateDir = await wireHostWith(router => {
    const threads = new Map([
      ['5aaaaaaaaaaa', 1],
      ['6bbbbbbbbbbb', 0],
    ]);
    router.service(ProjectService, { getProject: () => ({ project: { id: 'p' } }) });
    router.service(ThreadService, {
      getThread: ({ threadId }) => {
        const id = [...threads.keys()].find(each => each.startsWith(threadId)) ?? '';
        return { thread: { id, draftComments: threads.get(id) ?? 0 } };
      },
    });
    const queued = (threadId: string) => ({ id: `m${threadId}`, threadId, target: 'main', status: 'merged' });
    router.service(MergeService, {
      requestMerge: ({ threadId }) => ({ merge: queued(threadId) }),
      requestApprovedMerges: () => ({ merges: [...threads.keys()].map(queued) }),
      waitMerge: ({ mergeId }) => ({ merge: queued(mergeId.slice(1)) }),
    });
  });
  const note =
    'A comment of yours on 5aaaaaaaaaaa was not sent; `muster review request-changes 5aaaaaaaaaaa` sends it to the agent.\n';
  expect(await runInProcess(['merge', '5aaa'], { stateDir })).toMatchObject({ status: 0, stderr: note });
  expect(await runInProcess(['merge', '6bbb'], { stateDir })).toMatchObject({ status: 0, stderr: '' });
  expect(await runInProcess(['merge', '--all-ready'], { stateDir })).toMatchObject({ status: 0, stderr: note });
});

describe('logs', () => {
  test('reads like the conversation, one line for each tool call', async () => {
    const stateDir = await wireHostWith(router => {
      router.service(ProjectService, { getProject: () => ({ project: { agents: [{ name: 'dev' }] } }) });
      router.service(ThreadService, {
        getThread: () => ({
          thread: { id: '5aaaaaaaaaaa', status: 'ready' },
          messages: [
            { id: 'm1', from: 'you', to: 'dev', intent: 'dispatch', body: 'Upgrade zod', createdAt: 1n, runId: 'r1' },
            { id: 'm2', from: 'dev', to: 'you', intent: 'response', body: 'Done.', createdAt: 2n, runId: 'r1' },
          ],
          runs: [
            {
              id: 'r1',
              messageId: 'm1',
              agent: 'dev',
              provider: 'claude',
              status: 'succeeded',
              startedAt: 1n,
              endedAt: 41_001n,
              costUsd: 0.42,
            },
          ],
        }),
      });
      router.service(RunService, {
        async *readTranscript() {
          yield {
            items: [
              { end: 1n, item: { case: 'text', value: { text: "I'll look first." } } },
              { end: 2n, item: { case: 'toolCall', value: { category: 'command', title: 'npm test' } } },
              { end: 3n, item: { case: 'toolResult', value: { ok: false, output: 'bad\nboom', exitCode: 1 } } },
              { end: 4n, item: { case: 'text', value: { text: 'Done.' } } },
              { end: 5n, item: { case: 'result', value: { text: 'Done.' } } },
            ],
          };
        },
      });
    });
    const { status, stdout } = await runInProcess(['logs', '5aaa'], { stateDir });
    expect(status).toBe(0);
    expect(stdout).toBe(
      [
        'you → dev',
        '  Upgrade zod',
        '',
        'dev claude · run r1',
        "  I'll look first.",
        '  · command npm test',
        '    ✗ exit 1: boom',
        '  Done.',
        '  succeeded · 41 s · $0.42',
        '',
        '',
      ].join('\n'),
    );
  });
});
