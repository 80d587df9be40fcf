import { connect } from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { create, createFileRegistry, fromBinary, type DescMethod, type DescService } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient, type CallOptions, type Client, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { beforeAll, expect, test } from 'vitest';
import { ProjectService } from '../../src/protocol/gen/agentcompose/v2/projects_pb.js';
import { ResourceKind, ResourceService } from '../../src/protocol/gen/agentcompose/v2/resources_pb.js';
import { RunService, StreamAgentRunEventType } from '../../src/protocol/gen/agentcompose/v2/runs_pb.js';
import { RunStatus } from '../../src/protocol/gen/agentcompose/v2/types_pb.js';
import { SandboxService, SandboxStatus } from '../../src/protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { SettingsService } from '../../src/protocol/gen/agentcompose/v2/settings_pb.js';
import { ServerReflection } from '../../src/protocol/gen/grpc/reflection/v1/reflection_pb.js';
import { HealthService } from '../../src/protocol/gen/health/v1/health_pb.js';
import { runHeader } from '../../src/protocol/version.js';
import { inRepository } from '../../src/build/paths.ts';
import { theirServices } from '../support/agentCompose/services.ts';
import { transportTo, wires, withHeader, type Wire } from '../support/agentCompose/wires.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "echo first; cat; date > stamp.txt; echo last"]}
agents:
  gardener:
    provider: shell
    scheduler:
      triggers: [{name: nightly, cron: "0 3 * * *", prompt: Water}]
`;

/** A client on the socket of a home's host, as agent-compose's command line has one: without a token. */
function onSocket<S extends DescService>(service: S, home: TestHome, interceptors: Interceptor[] = []): Client<S> {
  const nodeOptions = { createConnection: () => connect(join(home.stateDir, 'host.sock')) };
  const options = { baseUrl: 'http://muster.localhost', httpVersion: '2', nodeOptions, interceptors } as const;
  return createClient(service, createConnectTransport(options));
}

async function applied(): Promise<{ readonly home: TestHome; readonly repository: string }> {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  return { home, repository };
}

const project = { selector: { case: 'name', value: 'shop' } } as const;

test('a client elsewhere runs an agent and reads what it says in order, whichever way it asks', async () => {
  const { home, repository } = await applied();
  await home.killHost();
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const token = await daemon.token();
  for (const wire of Object.keys(wires) as Wire[]) {
    const transport = transportTo({ url: daemon.url, token }, wire);
    const runs = createClient(RunService, transport);
    const found = await createClient(ProjectService, transport).getProject({ project, includeSpec: true });
    expect(found.project, wire).toMatchObject({
      summary: { name: 'shop', sourcePath: join(repository, 'agent-compose.yml'), agentCount: 1 },
      agents: [{ agentName: 'gardener', provider: 'shell', driver: 'process' }],
      spec: { agents: [{ scheduler: { triggers: [{ name: 'nightly', cron: '0 3 * * *' }] } }] },
    });
    const projectId = found.project?.summary?.projectId ?? '';
    const events = [];
    for await (const event of runs.streamAgentRun({ projectId, agentName: 'gardener', prompt: 'Plant\n' }))
      events.push(event);
    expect(events.at(0), wire).toMatchObject({ eventType: StreamAgentRunEventType.STARTED });
    expect(events.at(-1), wire).toMatchObject({
      eventType: StreamAgentRunEventType.COMPLETED,
      run: { status: RunStatus.SUCCEEDED, agentName: 'gardener', exitCode: 0 },
    });
    expect(events.map(({ chunk }) => chunk).join(''), wire).toMatch(/^first\n(.*\n)*Plant\n(.*\n)*last\n$/);

    const unauthorized = createClient(RunService, transportTo({ url: daemon.url, token: 'none' }, wire));
    await expect(unauthorized.listRuns({}), wire).rejects.toMatchObject({ code: Code.Unauthenticated });
  }
});

test('their API, ours and the command line tell the same about the same run', async () => {
  const { home, repository } = await applied();
  const runs = onSocket(RunService, home);
  const { projects } = await onSocket(ProjectService, home).listProjects({});
  const projectId = projects[0]?.projectId ?? '';
  const { run } = await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Plant\n' });
  expect(run).toMatchObject({
    prompt: 'Plant\n',
    output: expect.stringContaining('last'),
    summary: { status: RunStatus.SUCCEEDED },
  });
  const id = run?.summary?.runId ?? '';

  const told = (await home.musterJson(['inspect', 'run', id, '--compat', 'head'], { cwd: repository })) as Record<
    string,
    unknown
  >;
  const { summary } = run ?? {};
  expect(told).toMatchObject({
    id,
    project_id: projectId,
    agent_name: summary?.agentName,
    status: 'succeeded',
    sandbox_id: summary?.sandboxId,
    exit_code: summary?.exitCode,
    duration_ms: Number(summary?.durationMs),
    prompt: run?.prompt,
    artifacts_dir: run?.artifactsDir,
  });
  const ours = await (await home.connect()).runs.getRun({ runId: id });
  expect(ours).toMatchObject({
    run: {
      id,
      agent: summary?.agentName,
      status: 'succeeded',
      threadId: summary?.sandboxId,
      exitCode: summary?.exitCode,
    },
    detail: { projectId, prompt: run?.prompt, workspace: run?.artifactsDir, directory: run?.logsPath },
  });
  expect((ours.run?.endedAt ?? 0n) - (ours.run?.startedAt ?? 0n)).toBe(summary?.durationMs);
  expect((await runs.listRuns({ projectId })).runs.map(({ runId }) => runId)).toEqual([id]);
  expect((await runs.listRuns({ projectId, status: RunStatus.FAILED })).total).toBe(0);

  const chunks = [];
  for await (const chunk of runs.followRunLogs({ runId: id, follow: true })) chunks.push(chunk);
  expect(chunks.at(-1)).toMatchObject({ isFinal: true, runStatus: RunStatus.SUCCEEDED });
  expect(chunks.map(({ data }) => data).join('')).toBe(run?.output);
  const tail = [];
  for await (const chunk of runs.followRunLogs({ runId: id, tailLines: 1, tailSet: true })) tail.push(chunk);
  expect(tail.map(({ data }) => data).join('')).toBe('last\n');

  const sandboxes = onSocket(SandboxService, home);
  const sandboxId = summary?.sandboxId ?? '';
  expect(await sandboxes.listSandboxes({ projectId })).toMatchObject({
    total: 1,
    sandboxes: [{ sandboxId, status: SandboxStatus.STOPPED, workspacePath: run?.artifactsDir }],
  });
  const { targets } = await onSocket(ResourceService, home).resolveID({ id: id.slice(0, 8) });
  expect(targets).toMatchObject([{ kind: ResourceKind.RUN, id, projectId, agentName: 'gardener' }]);
  expect(await sandboxes.removeSandbox({ sandboxId })).toMatchObject({ removed: true });
  expect((await sandboxes.listSandboxes({ projectId })).total).toBe(0);
});

test('applying is by the file: once more changes nothing, what it asks for needs a person, and mistakes are named', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  await home.connect();
  const projects = onSocket(ProjectService, home);
  const source = { composePath: join(repository, 'agent-compose.yml'), projectDir: repository };
  expect(await projects.validateProject({ source })).toMatchObject({ valid: true });
  await expect(projects.applyProject({ source })).rejects.toMatchObject({ code: Code.FailedPrecondition });
  expect((await projects.listProjects({})).total).toBe(0);
  await home.muster(['up', '--yes'], { cwd: repository });
  expect(await projects.applyProject({ source })).toMatchObject({ applied: true, unchanged: true });

  const other = { name: 'shop', agents: [{ name: 'stranger' }] };
  await expect(projects.applyProject({ source, spec: other })).rejects.toMatchObject({ code: Code.Aborted });
  const broken = testRepository({ 'agent-compose.yml': 'agents: [1]\n' });
  const invalid = await projects.validateProject({ source: { composePath: join(broken, 'agent-compose.yml') } });
  expect(invalid).toMatchObject({ valid: false, issues: [{ message: expect.stringContaining('agents') }] });

  const nightly = { project, agentName: 'gardener', triggerId: 'nightly' };
  expect(await projects.getScheduler(nightly)).toMatchObject({ triggers: [{ triggerId: 'nightly', enabled: true }] });
  const off = await projects.setSchedulerTriggerEnabled({ ...nightly, enabled: false });
  expect(off.trigger).toMatchObject({ enabled: false, overridden: true });
  const { run } = await projects.startSchedulerRun(nightly);
  expect((await projects.listSchedulerRuns({ project })).runs).toMatchObject([
    { runId: run?.runId, triggerId: 'nightly', triggerSource: 'manual' },
  ]);
  expect(await projects.pruneSchedulerRuns({ project })).toMatchObject({ dryRun: true, matched: { runs: 0n } });
  expect(await projects.removeProject({ project })).toMatchObject({
    changes: [{ name: 'shop' }, { name: 'gardener' }, { resourceType: 'scheduler' }, { resourceType: 'sandbox' }],
  });
});

test('what is not there says what to do instead, a run may not use it, and a wrong token is no token', async () => {
  const { home } = await applied();
  expect(await onSocket(HealthService, home).status({})).toMatchObject({ version: expect.stringMatching(/^\d/) });
  const refused = async (call: Promise<unknown>): Promise<ConnectError> =>
    await call.then(
      () => expect.unreachable(),
      (error: unknown) => ConnectError.from(error),
    );
  expect(await refused(onSocket(SettingsService, home).createWorkspacePreset({}))).toMatchObject({
    code: Code.Unimplemented,
    rawMessage: expect.stringContaining('CreateWorkspacePreset is not there'),
  });
  const byRun = onSocket(RunService, home, [withHeader(runHeader, '000000000000')]);
  expect((await refused(byRun.listRuns({}))).code).toBe(Code.PermissionDenied);
  const wrong = onSocket(RunService, home, [withHeader('authorization', 'Bearer nonsense')]);
  expect((await refused(wrong.listRuns({}))).code).toBe(Code.Unauthenticated);
  expect((await refused(onSocket(RunService, home).getRun({ runId: '0000' }))).code).toBe(Code.NotFound);
});

test('files of a workspace are listed and read as they were committed, inside it and with a token alone', async () => {
  const { home } = await applied();
  await home.killHost();
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const token = await daemon.token('--scope', 'read');
  const runs = onSocket(RunService, home);
  const { projects } = await onSocket(ProjectService, home).listProjects({});
  const projectId = projects[0]?.projectId ?? '';
  const { run } = await runs.runAgent({ projectId, agentName: 'gardener', prompt: 'Plant' });
  const base = `${daemon.url}/api/agent-compose/workspaces/${run?.summary?.sandboxId}`;
  const get = async (path: string, init: RequestInit = {}) =>
    await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${token}` }, ...init });
  expect(await (await get('/files')).json()).toMatchObject({ data: { files: [{ path: 'stamp.txt' }] } });
  const file = await get('/download?path=stamp.txt');
  expect(await file.text()).toBe(readFileSync(join(run?.artifactsDir ?? '', 'stamp.txt'), 'utf8'));
  expect([file.headers.get('content-disposition'), file.headers.get('x-content-type-options')]).toEqual([
    'attachment',
    'nosniff',
  ]);
  for (const path of ['../agent-compose.yml', '/etc/passwd', 'a/../../b', '', 'a\0b', '.git/config'])
    expect((await get(`/download?path=${encodeURIComponent(path)}`)).status).toBe(400);
  expect((await fetch(`${base}/files`)).status).toBe(401);
  expect((await fetch(`${base}/files`, { headers: { authorization: 'Bearer muster_none' } })).status).toBe(401);
});

test('tools ask the host itself which calls it has, and of what they are made', async () => {
  const { home } = await applied();
  const tool = createClient(ServerReflection, transportTo({ home }, 'gRPC'));
  const answers = [];
  const asked = tool.serverReflectionInfo(
    (async function* () {
      yield { messageRequest: { case: 'listServices', value: '' } } as const;
      yield { messageRequest: { case: 'fileContainingSymbol', value: 'muster.v1.ThreadService.Dispatch' } } as const;
      yield { messageRequest: { case: 'fileContainingSymbol', value: 'muster.v1.Nothing' } } as const;
    })(),
  );
  for await (const { messageResponse } of asked) answers.push(messageResponse);
  const [listed, described, missing] = answers;
  const names = listed?.case === 'listServicesResponse' ? listed.value.service.map(({ name }) => name) : [];
  expect(names).toEqual(expect.arrayContaining(['agentcompose.v1.KernelService', 'agentcompose.v2.RunService']));
  expect(names).toContain('muster.v1.ThreadService');
  const bytes = described?.case === 'fileDescriptorResponse' ? described.value.fileDescriptorProto : [];
  const file = bytes.map(each => fromBinary(FileDescriptorProtoSchema, each)).toReversed();
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  expect(registry.getMessage('muster.v1.DispatchRequest')?.field['prompt']?.number).toBe(5);
  expect(missing).toMatchObject({ case: 'errorResponse', value: { errorCode: Code.NotFound } });
});

test('docs/api.md says of every method whether it is answered, and that is so', async () => {
  const { home } = await applied();
  const rows = readFileSync(inRepository('docs/api.md'), 'utf8').matchAll(
    /^\| `(v1\.)?(\w+)\.(\w+)` \| (complete|partial|not yet)\b/gm,
  );
  const documented = new Map(
    [...rows].map(([, generation = '', service, method, state]) => [`${generation}${service}.${method}`, state]),
  );
  const services = await theirServices();
  const methods = services.flatMap(service => service.methods.map(method => ({ service, method })));
  expect([...documented.keys()].toSorted()).toEqual(methods.map(({ method }) => nameOf(method)).toSorted());
  for (const { method } of methods) {
    const name = nameOf(method);
    const answered = (await outcomeOf(home, method)) !== Code.Unimplemented;
    expect([name, answered]).toEqual([name, documented.get(name) !== 'not yet']);
  }
});

/** As the table has it. */
function nameOf({ name, parent }: DescMethod): string {
  return `${parent.typeName.startsWith('agentcompose.v1.') ? 'v1.' : ''}${parent.name}.${name}`;
}

/** The code of an empty call; undefined when it is answered. */
async function outcomeOf(home: TestHome, method: DescMethod): Promise<Code | undefined> {
  const { client, ended } = { client: onSocket(method.parent, home), ended: new AbortController() };
  const options = { signal: ended.signal };
  const call = client[method.localName] as unknown as (request: unknown, options: CallOptions) => unknown;
  const nothing = (async function* () {})();
  try {
    if (method.methodKind === 'unary') await call({}, options);
    else {
      const stream = call(method.methodKind === 'bidi_streaming' ? nothing : {}, options) as AsyncIterable<unknown>;
      for await (const _ of stream) break;
    }
    return undefined;
  } catch (error) {
    return ConnectError.from(error).code;
  } finally {
    ended.abort();
  }
}
