import { Code, createClient, type Transport } from '@connectrpc/connect';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { RunSandboxCleanupPolicy, RunService } from '../../src/protocol/gen/agentcompose/v2/runs_pb.js';
import { SandboxService } from '../../src/protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { RunStatus } from '../../src/protocol/gen/agentcompose/v2/types_pb.js';
import { transportTo, wires, type Wire } from '../support/agentCompose/wires.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

/** Runs of agent-compose's list of scenarios, asked for in each way that its clients have. */

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  echo: {command: sh, args: ["-c", "cat >> diary.txt; cat diary.txt"]}
  waits: {command: sh, args: ["-c", "echo begun; touch begun; while ! [ -e go ]; do sleep 0.05; done; echo ended"]}
  breaks: {command: sh, args: ["-c", "echo out of luck >&2; exit 3"]}
  missing: {command: muster-no-such-program}
agents:
  scribe: {provider: echo}
  waiter: {provider: waits}
  breaker: {provider: breaks}
  nobody: {provider: missing}
  late: {provider: waits, timeout: 1s}
`;

async function shop() {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const { projects } = await (await home.connect()).projects.listProjects({});
  const tcp = { url: daemon.url, token: await daemon.token() };
  const ways = (Object.keys(wires) as Wire[]).flatMap((wire): (readonly [string, Transport])[] => [
    [`${wire} over TCP`, transportTo(tcp, wire)],
    [`${wire} over the socket`, transportTo({ home }, wire)],
  ]);
  return { home, projectId: projects[0]?.id ?? '', ways };
}

test('RUN-003: a run that was started is followed from its first word to its last, or stopped', async () => {
  const { projectId, ways } = await shop();
  for (const [way, transport] of ways) {
    const runs = createClient(RunService, transport);
    const { run, started } = await runs.startAgentRun({ run: { projectId, agentName: 'waiter', prompt: 'Wait' } });
    expect(started, way).toBe(true);
    const runId = run?.runId ?? '';
    const said: string[] = [];
    for await (const { data, isFinal, runStatus } of runs.followRunLogs({ runId, follow: true })) {
      said.push(data);
      if (isFinal) expect(runStatus, way).toBe(RunStatus.SUCCEEDED);
      if (!data.includes('begun')) continue;
      const { run: going } = await runs.getRun({ runId });
      expect(going?.summary?.status, way).toBe(RunStatus.RUNNING);
      writeFileSync(join(going?.artifactsDir ?? '', 'go'), '');
    }
    expect(said.join(''), way).toBe('begun\nended\n');

    const second = await runs.startAgentRun({ run: { projectId, agentName: 'waiter', prompt: 'Wait' } });
    const stopped = second.run?.runId ?? '';
    const workspace = async () => (await runs.getRun({ runId: stopped })).run?.artifactsDir ?? '';
    await expect.poll(async () => existsSync(join(await workspace(), 'begun')), { timeout: 60_000 }).toBe(true);
    expect((await runs.stopRun({ runId: stopped, reason: 'enough' })).stopRequested, way).toBe(true);
    const status = async () => (await runs.getRun({ runId: stopped })).run?.summary?.status;
    await expect.poll(status, { timeout: 60_000 }).toBe(RunStatus.CANCELED);
    await expect(runs.stopRun({ runId: 'none' }), way).rejects.toMatchObject({ code: Code.NotFound });
  }
});

test('RUN-004, RUN-005: a sandbox outlives its run, is used again, and goes when that is asked for', async () => {
  const { projectId, ways } = await shop();
  for (const [way, transport] of ways) {
    const [runs, sandboxes] = [createClient(RunService, transport), createClient(SandboxService, transport)];
    const request = { projectId, agentName: 'scribe', prompt: 'one\n' };
    const { KEEP_RUNNING, STOP_ON_COMPLETION, REMOVE_ON_COMPLETION } = RunSandboxCleanupPolicy;
    const first = await runs.runAgent({ ...request, cleanupPolicy: STOP_ON_COMPLETION });
    const sandboxId = first.run?.summary?.sandboxId ?? '';
    const again = { ...request, prompt: 'two\n', sandboxId, cleanupPolicy: KEEP_RUNNING };
    expect((await runs.runAgent(again)).run, way).toMatchObject({ output: 'one\ntwo\n', summary: { sandboxId } });
    const removing = { ...request, cleanupPolicy: REMOVE_ON_COMPLETION };
    const passing = (await runs.runAgent(removing)).run;
    expect(passing, way).toMatchObject({ output: 'one\n', cleanupError: '' });
    const started = (await runs.startAgentRun({ run: removing })).run;
    const listed = async () => (await sandboxes.listSandboxes({ projectId })).sandboxes.map(each => each.sandboxId);
    await expect.poll(listed, { timeout: 60_000 }).not.toContain(started?.sandboxId);
    expect(await listed(), way).not.toContain(passing?.summary?.sandboxId);
    // What it had written is kept as that of every sandbox that goes.
    const restored = { sandboxId: passing?.summary?.sandboxId ?? '' };
    const { sandbox } = await sandboxes.resumeSandbox(restored);
    expect(readFileSync(join(sandbox?.workspacePath ?? '', 'diary.txt'), 'utf8'), way).toBe('one\n');
    await sandboxes.removeSandbox(restored);
    expect((await runs.listRuns({ sandboxId })).total, way).toBe(2);
    expect(await sandboxes.removeSandbox({ sandboxId }), way).toMatchObject({ removed: true });
    const gone = (await sandboxes.listSandboxes({ projectId })).sandboxes.map(({ sandboxId: id }) => id);
    expect(gone, way).not.toContain(sandboxId);
    // What it did stays to be read.
    expect((await runs.listRuns({ sandboxId })).total, way).toBe(2);
  }
});

test('RUN-006, ERR-001: each kind of failure is told the same, and is still there later', async () => {
  const { projectId, ways } = await shop();
  const kinds = ['breaker', 'nobody', 'late'] as const;
  const [[, asking]] = ways as [readonly [string, Transport]];
  const made = new Map<string, string>();
  for (const agentName of kinds) {
    const { run } = await createClient(RunService, asking).runAgent({ projectId, agentName, prompt: 'Work' });
    made.set(agentName, run?.summary?.runId ?? '');
  }
  const told = new Map<string, unknown>();
  for (const [way, transport] of ways) {
    const runs = createClient(RunService, transport);
    for (const agentName of kinds) {
      const { run } = await runs.getRun({ runId: made.get(agentName) ?? '' });
      expect(run?.summary?.status, `${agentName}, ${way}`).toBe(RunStatus.FAILED);
      expect(run?.summary?.error, `${agentName}, ${way}`).not.toBe('');
      if (!told.has(agentName)) told.set(agentName, run);
      expect(run, way).toEqual(told.get(agentName));
    }
    expect((await runs.listRuns({ projectId, status: RunStatus.FAILED })).total, way).toBe(3);
    const errors: readonly (readonly [() => Promise<unknown>, Code])[] = [
      [() => runs.getRun({ runId: 'none' }), Code.NotFound],
      [() => runs.runAgent({ projectId, agentName: 'stranger', prompt: 'x' }), Code.NotFound],
      [() => runs.runAgent({ projectId: 'none', agentName: 'scribe', prompt: 'x' }), Code.NotFound],
      [() => runs.runAgent({ projectId, agentName: 'scribe', prompt: '' }), Code.InvalidArgument],
      [() => runs.startAgentRun({}), Code.InvalidArgument],
      [
        () => runs.runAgent({ projectId, agentName: 'scribe', prompt: 'x', outputSchemaJson: '{}' }),
        Code.Unimplemented,
      ],
    ];
    for (const [call, code] of errors) await expect(call(), way).rejects.toMatchObject({ code });
  }
  expect(told.get('breaker')).toMatchObject({ summary: { exitCode: 3 } });
});
