import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, createClient, type Transport } from '@connectrpc/connect';
import { beforeAll, expect, test } from 'vitest';
import {
  type AttachExecRequestSchema,
  ExecService,
  StreamExecEventType,
  type StreamExecResponse,
} from '../../src/protocol/gen/agentcompose/v2/exec_pb.js';
import { ProjectService } from '../../src/protocol/gen/agentcompose/v2/projects_pb.js';
import { RunEventKind, RunService } from '../../src/protocol/gen/agentcompose/v2/runs_pb.js';
import { SandboxService, SandboxStatus } from '../../src/protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { AttachRunMode, RunStatus, StdioStream } from '../../src/protocol/gen/agentcompose/v2/types_pb.js';
import { HealthService } from '../../src/protocol/gen/health/v1/health_pb.js';
import { attachTo } from '../support/agentCompose/attachedCommand.ts';
import { transportTo, twoWayWires, wires, type Wire } from '../support/agentCompose/wires.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  echo: {command: sh, args: ["-c", "echo first; cat; mkdir -p beds; echo last"]}
agents:
  gardener: {provider: echo}
`;

interface Shop {
  readonly home: TestHome;
  readonly repository: string;
  readonly projectId: string;
  /** The host over TCP. */
  readonly tcp: { readonly url: string; readonly token: string };
}

async function openShop(): Promise<Shop> {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const { projects } = await (await home.connect()).projects.listProjects({});
  const token = await daemon.token('--scope', 'admin');
  return { home, repository, projectId: projects[0]?.id ?? '', tcp: { url: daemon.url, token } };
}

/** Every way to ask, over TCP and over the socket. */
function everyWay(
  { home, tcp }: Shop,
  which = Object.keys(wires) as Wire[],
): readonly (readonly [string, Transport])[] {
  return which.flatMap(wire => [
    [`${wire} over TCP`, transportTo(tcp, wire)] as const,
    [`${wire} over the socket`, transportTo({ home }, wire)] as const,
  ]);
}

test('projects, runs, commands, logs and errors are the same whichever way a client asks', async () => {
  const shop = await openShop();
  const { projectId, repository } = shop;
  const project = { selector: { case: 'projectId', value: projectId } } as const;
  for (const [way, transport] of everyWay(shop)) {
    expect((await createClient(HealthService, transport).status({})).version, way).toMatch(/^\d/);
    const projects = createClient(ProjectService, transport);
    const source = { composePath: join(repository, 'agent-compose.yml') };
    expect(await projects.applyProject({ source }), way).toMatchObject({ applied: true, unchanged: true });
    const { specHash } = (await projects.getProject({ project })).project?.summary ?? {};
    const patched = await projects.patchProject({ project, expectedCurrentSpecHash: specHash ?? '' });
    expect(patched, way).toMatchObject({ unchanged: true, revision: { specHash } });
    await expect(projects.patchProject({ project, expectedCurrentSpecHash: 'none' }), way).rejects.toMatchObject({
      code: Code.Aborted,
    });

    const runs = createClient(RunService, transport);
    const { run } = await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Plant\n' });
    expect(run, way).toMatchObject({ output: 'first\nPlant\nlast\n', summary: { status: RunStatus.SUCCEEDED } });
    const { runId = '', sandboxId = '' } = run?.summary ?? {};
    const tail = [];
    for await (const { data } of runs.followRunLogs({ runId, tailLines: 2, tailSet: true })) tail.push(data);
    expect(tail.join(''), way).toBe('Plant\nlast\n');
    const { events } = await runs.listRunEvents({ runId });
    const ofKind = (wanted: RunEventKind) => events.filter(({ kind }) => kind === wanted).map(({ text }) => text);
    expect([events[0]?.kind, events.at(-1)?.kind], way).toEqual([RunEventKind.USER_MESSAGE, RunEventKind.STATUS]);
    expect(ofKind(RunEventKind.USER_MESSAGE), way).toEqual(['Plant\n']);
    expect(ofKind(RunEventKind.AGENT_MESSAGE).join(''), way).toBe('first\nPlant\nlast\n');

    const exec = createClient(ExecService, transport);
    const command = { command: 'sh', args: ['-c', 'pwd; echo "$BED" >&2; exit 3'] };
    const env = [{ name: 'BED', value: "Jane's" }];
    const { result } = await exec.exec({
      target: { case: 'sandboxId', value: sandboxId },
      command,
      cwd: 'beds',
      env,
    });
    expect(result, way).toMatchObject({
      sandboxId,
      exitCode: 3,
      success: false,
      stdout: `${run?.artifactsDir}/beds\n`,
      stderr: "Jane's\n",
    });
    const wrong = { target: { case: 'runId', value: 'none' }, command } as const;
    await expect(exec.exec(wrong), way).rejects.toMatchObject({ code: Code.NotFound });
    await expect(exec.exec({ command }), way).rejects.toMatchObject({ code: Code.InvalidArgument });
  }
});

test('a command is named by sandbox, run or agent, ends in time, and its output is cut and streamed', async () => {
  const shop = await openShop();
  const { projectId } = shop;
  const transport = transportTo(shop.tcp, 'gRPC');
  const runs = createClient(RunService, transport);
  const exec = createClient(ExecService, transport);
  const ofGardener = {
    case: 'selector',
    value: { project: { case: 'projectName', value: 'shop' }, agentName: 'gardener' },
  } as const;
  const ls = { command: { command: 'ls' } };
  await expect(exec.exec({ target: ofGardener, ...ls })).rejects.toMatchObject({ code: Code.NotFound });
  const planted = await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Plant' });
  const { runId = '', sandboxId = '' } = planted.run?.summary ?? {};
  expect((await exec.exec({ target: ofGardener, ...ls })).result).toMatchObject({ sandboxId, exitCode: 0 });
  expect((await exec.exec({ target: { case: 'runId', value: runId }, ...ls })).result).toMatchObject({ sandboxId });

  const target = { case: 'sandboxId', value: sandboxId } as const;
  const long = { command: { command: 'printf %s 0123456789; printf %s abc >&2' }, maxOutputBytes: 4 };
  expect((await exec.exec({ target, ...long })).result).toMatchObject({
    stdout: '0123',
    stdoutTruncated: true,
    stderr: 'abc',
    stderrTruncated: false,
    outputTruncated: true,
  });
  const slow = await exec.exec({ target, command: { command: 'sleep 600' }, timeoutMs: 300 });
  expect(slow.result).toMatchObject({ success: false, error: 'The command was ended after 300 ms.' });

  const events: StreamExecResponse[] = [];
  for await (const event of exec.streamExec({ target, command: { command: 'echo one; sleep 0.1; echo two >&2' } }))
    events.push(event);
  expect(events.at(0)?.eventType).toBe(StreamExecEventType.STARTED);
  expect(events.at(-1)?.eventType).toBe(StreamExecEventType.COMPLETED);
  const written = (wanted: StdioStream) => events.map(({ stream, chunk }) => (stream === wanted ? chunk : '')).join('');
  expect([written(StdioStream.STDOUT), written(StdioStream.STDERR)]).toEqual(['one\n', 'two\n']);
  expect(events.at(-1)?.result).toMatchObject({ exitCode: 0, stdout: 'one\n', stderr: 'two\n' });

  await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Dig' });
  await expect(exec.exec({ target: ofGardener, ...ls })).rejects.toMatchObject({
    code: Code.FailedPrecondition,
    rawMessage: expect.stringContaining(sandboxId),
  });
});

test('who attaches to a command gives it its input, and who attaches to an agent talks with it', async () => {
  const shop = await openShop();
  const { projectId } = shop;
  for (const [way, transport] of everyWay(shop, [...twoWayWires])) {
    const runs = createClient(RunService, transport);
    const talk = runs.attachAgentRun(
      (async function* () {
        const request = { projectId, agentName: 'gardener', prompt: 'Plant\n' };
        yield { frame: { case: 'start', value: { request, mode: AttachRunMode.PROMPT } } } as const;
        yield { frame: { case: 'humanMessage', value: { text: 'Water\n' } } } as const;
      })(),
    );
    const heard = [];
    for await (const { frame } of talk) heard.push(frame);
    const turns = heard.flatMap(({ case: kind, value }) => (kind === 'agentTurnCompleted' ? value.runId : []));
    expect(turns.length, way).toBe(2);
    const last = heard.at(-1);
    expect(last, way).toMatchObject({ case: 'result', value: { success: true, output: 'first\nWater\nlast\n' } });
    const sandboxId = last?.case === 'result' ? (last.value.run?.sandboxId ?? '') : '';
    expect((await runs.listSandboxRunEvents({ sandboxId })).historyAvailableRunIds, way).toEqual(turns);

    const exec = createClient(ExecService, transport);
    const target = { case: 'sandboxId', value: sandboxId } as const;
    const attached = exec.attachExec(
      sent(
        { case: 'start', value: { request: { target, command: { command: 'wc -c; exit 4' } }, attachStdin: true } },
        { case: 'stdin', value: { data: new Uint8Array([0, 255, 10]) } },
        { case: 'stdinEof', value: {} },
      ),
    );
    const frames = [];
    for await (const { frame } of attached) frames.push(frame);
    expect(frames.at(0), way).toMatchObject({ case: 'started', value: { sandboxId } });
    const pieces = frames.flatMap(({ case: kind, value }) => (kind === 'output' ? value.data : []));
    expect(Buffer.concat(pieces).toString(), way).toBe('3\n');
    const ended = { exitCode: 4, success: false, execResult: { stdout: '3\n' } };
    expect(frames.at(-1), way).toMatchObject({ case: 'result', value: ended });

    const begun = Promise.withResolvers<void>();
    const endless = exec.attachExec(
      (async function* () {
        const request = { target, command: { command: 'echo on; sleep 600' } };
        yield* sent({ case: 'start', value: { request } });
        await begun.promise;
        yield* sent({ case: 'cancel', value: { reason: 'enough' } });
      })(),
    );
    const ends = [];
    for await (const { frame } of endless) {
      if (frame.case === 'output') begun.resolve();
      ends.push(frame);
    }
    expect(ends.at(-1), way).toMatchObject({ case: 'result', value: { run: { status: RunStatus.CANCELED } } });
  }
});

test('who attaches to a command talks with it while it runs, in a terminal where that was asked for', async () => {
  const shop = await openShop();
  const { projectId } = shop;
  for (const [way, transport] of everyWay(shop, [...twoWayWires])) {
    const runs = createClient(RunService, transport);
    const exec = createClient(ExecService, transport);
    const { run } = await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Plant' });
    const target = { case: 'sandboxId', value: run?.summary?.sandboxId ?? '' } as const;

    const asking = { command: 'printf "name? "; read name; echo "hi $name"; cat; echo over' };
    const talk = attachTo(exec, { request: { target, command: asking }, attachStdin: true });
    await talk.until('name? ');
    talk.type('Jane\n');
    await talk.until('hi Jane\n');
    talk.type('more\n');
    await talk.until('more\n');
    talk.tell({ case: 'stdinEof', value: {} });
    expect(await talk.result(), way).toMatchObject({
      success: true,
      execResult: { stdout: 'name? hi Jane\nmore\nover\n' },
    });

    const measuring = {
      command:
        'stty size; until test "$(stty size)" = "40 120"; do sleep 0.05; done; test -t 1 && echo terminal; read b; exit 7',
    };
    const terminalSize = { rows: 30, cols: 100 };
    const terminal = attachTo(exec, {
      request: { target, command: measuring },
      attachStdin: true,
      tty: true,
      terminalSize,
    });
    await terminal.until(/^30 100\r\n/);
    terminal.tell({ case: 'resize', value: { terminalSize: { rows: 40, cols: 120 } } });
    await terminal.until('terminal\r\n');
    terminal.type('\r');
    expect(await terminal.result(), way).toMatchObject({ success: false, exitCode: 7 });

    const endless = { target, command: { command: 'echo on; exec cat' } };
    const interrupted = attachTo(exec, { request: endless, attachStdin: true, tty: true });
    await interrupted.until('on\r\n');
    // Shells lose what interrupts them while they start a program: it answers first.
    interrupted.type('there?\r');
    await interrupted.until('there?\r\nthere?\r\n');
    interrupted.type('\x03');
    expect(await interrupted.result(), way).toMatchObject({ success: false });
    const cancelled = attachTo(exec, { request: endless, attachStdin: true });
    await cancelled.until('on\n');
    cancelled.tell({ case: 'cancel', value: { reason: 'enough' } });
    expect(await cancelled.result(), way).toMatchObject({ run: { status: RunStatus.CANCELED } });
    const deaf = { target, command: { command: 'echo on; exec tail -f /dev/null' } };
    const flooded = attachTo(exec, { request: deaf, attachStdin: true });
    await flooded.until('on\n');
    for (let lines = 0; lines < 500; lines++) flooded.type('x'.repeat(1_000));
    flooded.tell({ case: 'cancel', value: { reason: 'enough' } });
    expect(await flooded.result(), way).toMatchObject({ run: { status: RunStatus.CANCELED } });

    // Agents are asked and answer: they have no terminal.
    const start = { request: { projectId, agentName: 'gardener', prompt: 'Plant' }, tty: true };
    const ofAgent = runs.attachAgentRun(
      (async function* () {
        yield { frame: { case: 'start', value: start } } as const;
      })(),
    );
    await expect(ofAgent[Symbol.asyncIterator]().next(), way).rejects.toMatchObject({ code: Code.Unimplemented });
  }
});

test('whose token is revoked while they are attached types nothing more, and what they began is ended', async () => {
  const shop = await openShop();
  const { home, projectId, tcp } = shop;
  const runs = createClient(RunService, transportTo({ home }, 'gRPC'));
  const { run } = await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Plant' });
  const { sandboxId = '' } = run?.summary ?? {};
  const created = await home.musterJson(['token', 'create', '--name', 'guest']);
  const { token } = created as { readonly token: string };
  const exec = createClient(ExecService, transportTo({ url: tcp.url, token }, 'gRPC'));
  const silent = { command: 'echo on; cat >typed.txt' };
  const attached = attachTo(exec, {
    request: { target: { case: 'sandboxId', value: sandboxId }, command: silent },
    attachStdin: true,
  });
  await attached.until('on\n');
  attached.type('one\n');
  const typed = () => readFileSync(join(run?.artifactsDir ?? '', 'typed.txt'), 'utf8');
  await expect.poll(typed, { timeout: 60_000 }).toBe('one\n');
  expect(await home.muster(['token', 'revoke', 'guest'])).toMatchObject({ status: 0 });
  attached.type('two\n');
  const newest = async () => (await runs.listRuns({ sandboxId })).runs[0];
  await expect.poll(async () => (await newest())?.status, { timeout: 60_000 }).toBe(RunStatus.CANCELED);
  expect(typed()).toBe('one\n');
  await attached.result().catch(() => undefined);
});

/** Frames of a client that has nothing to wait for. */
async function* sent(
  ...frames: readonly NonNullable<MessageInitShape<typeof AttachExecRequestSchema>['frame']>[]
): AsyncGenerator<MessageInitShape<typeof AttachExecRequestSchema>> {
  for (const frame of frames) yield { frame };
}

test('sandboxes are watched, have a history, and go only when that was said', async () => {
  const shop = await openShop();
  const { projectId } = shop;
  const transport = transportTo(shop.tcp, 'Connect with binary');
  const runs = createClient(RunService, transport);
  const sandboxes = createClient(SandboxService, transport);
  const projects = createClient(ProjectService, transport);
  const { run } = await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Plant\n' });
  const { sandboxId = '', runId = '' } = run?.summary ?? {};
  const over = new AbortController();
  const watched = sandboxes.watchSandbox({ sandboxId }, { signal: over.signal })[Symbol.asyncIterator]();
  expect((await watched.next()).value).toMatchObject({ sandbox: { sandboxId, status: SandboxStatus.STOPPED } });
  const project = { selector: { case: 'projectId', value: projectId } } as const;
  const changes = projects.watchProject({ project }, { signal: over.signal })[Symbol.asyncIterator]();
  expect((await changes.next()).value).toMatchObject({ project: { summary: { projectId } } });

  const again = await runs.runAgent({ sandboxId, prompt: 'Water\n' });
  const wanted = `${again.run?.summary?.runId}:succeeded`;
  for (let seen = ''; seen !== wanted; seen = (await watched.next()).value?.event?.id ?? '');
  expect((await changes.next()).value).toMatchObject({ project: { summary: { projectId } } });
  over.abort();

  const { events } = await sandboxes.listSandboxHistory({ sandboxId });
  expect(events.map(({ id }) => id)).toEqual([
    `${runId}:started`,
    `${runId}:succeeded`,
    `${again.run?.summary?.runId}:started`,
    wanted,
  ]);
  expect(await sandboxes.pruneSandboxes({ status: [SandboxStatus.RUNNING], force: true })).toMatchObject({
    matched: [],
  });
  expect(await sandboxes.pruneSandboxes({ driver: 'docker', force: true })).toMatchObject({ matched: [] });
  expect(await sandboxes.pruneSandboxes({ projectId })).toMatchObject({
    dryRun: true,
    matched: [{ sandboxId, removable: true }],
    removed: [],
  });
  expect((await sandboxes.listSandboxes({ projectId })).total).toBe(1);
  expect(await sandboxes.pruneSandboxes({ projectId, force: true })).toMatchObject({ removed: [sandboxId] });
  expect((await sandboxes.listSandboxes({ projectId })).total).toBe(0);
});
