import { Code, createClient } from '@connectrpc/connect';
import { beforeAll, expect, test } from 'vitest';
import { AgentService, SendAgentMessageStreamEventType } from '../../src/protocol/gen/agentcompose/v1/agents_pb.js';
import { ConfigService } from '../../src/protocol/gen/agentcompose/v1/config_pb.js';
import { DashboardService } from '../../src/protocol/gen/agentcompose/v1/dashboard_pb.js';
import {
  AgentAvailabilityStatus,
  AgentDefinitionService,
} from '../../src/protocol/gen/agentcompose/v1/definitions_pb.js';
import { ExecuteCellStreamEventType, KernelService } from '../../src/protocol/gen/agentcompose/v1/kernels_pb.js';
import { LoaderService, LoaderTriggerKind } from '../../src/protocol/gen/agentcompose/v1/loaders_pb.js';
import { SessionService, WatchSessionEventType } from '../../src/protocol/gen/agentcompose/v1/sessions_pb.js';
import { CellType } from '../../src/protocol/gen/agentcompose/v1/types_pb.js';
import { SettingsService } from '../../src/protocol/gen/agentcompose/v2/settings_pb.js';
import { ExecService } from '../../src/protocol/gen/agentcompose/v2/exec_pb.js';
import { ImageService } from '../../src/protocol/gen/agentcompose/v2/images_pb.js';
import { ProjectService } from '../../src/protocol/gen/agentcompose/v2/projects_pb.js';
import { RunService } from '../../src/protocol/gen/agentcompose/v2/runs_pb.js';
import { transportTo, wires, type Wire } from '../support/agentCompose/wires.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  echo: {command: sh, args: ["-c", "echo first; cat; echo last"]}
agents:
  gardener:
    provider: echo
    scheduler:
      triggers: [{name: nightly, cron: "0 3 * * *", prompt: Water}]
`;

test('sessions, messages, cells and loaders of the older generation, whichever way a client asks', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const tcp = { url: daemon.url, token: await daemon.token() };
  for (const wire of Object.keys(wires) as Wire[])
    for (const place of [tcp, { home }]) {
      const transport = transportTo(place, wire);
      const way = `${wire} ${'url' in place ? 'over TCP' : 'over the socket'}`;
      const definitions = createClient(AgentDefinitionService, transport);
      const { agents } = await definitions.listAgentDefinitions({ query: 'gard' });
      expect(agents, way).toMatchObject([{ name: 'gardener', availabilityStatus: AgentAvailabilityStatus.AVAILABLE }]);
      const agentId = agents[0]?.agentId ?? '';
      const { session } = await definitions.createAgentSession({ agentId, title: `Bed ${way}` });
      const sessionId = session?.summary?.sessionId ?? '';
      const sessions = createClient(SessionService, transport);
      const listed = await sessions.listSessions({ titleQuery: way, vmStatus: 'stopped' });
      expect(listed, way).toMatchObject({
        totalCount: 1,
        hasMore: false,
        sessions: [{ sessionId, title: `Bed ${way}` }],
      });

      const messages = createClient(AgentService, transport);
      const heard = [];
      for await (const event of messages.sendAgentMessageStream({ sessionId, message: 'Plant\n' })) heard.push(event);
      expect(heard.at(0)?.eventType, way).toBe(SendAgentMessageStreamEventType.STARTED);
      expect(heard.at(-1), way).toMatchObject({
        eventType: SendAgentMessageStreamEventType.COMPLETED,
        run: { success: true, output: 'first\nPlant\nlast\n' },
        userEvent: { message: 'Plant\n' },
        assistantEvent: { message: 'first\nPlant\nlast\n' },
      });

      const kernels = createClient(KernelService, transport);
      const shell = await kernels.executeCell({ sessionId, source: 'echo dug; exit 2', type: CellType.SHELL });
      expect(shell.cell, way).toMatchObject({ output: 'dug\n', exitCode: 2, success: false, type: CellType.SHELL });
      const script = [];
      const javascript = { sessionId, source: 'console.log(6 * 7)', type: CellType.JAVASCRIPT };
      for await (const event of kernels.executeCellStream(javascript)) script.push(event);
      expect(script.map(({ chunk }) => chunk).join(''), way).toBe('42\n');
      expect(script.at(-1), way).toMatchObject({
        eventType: ExecuteCellStreamEventType.COMPLETED,
        cell: { success: true, running: false },
      });
      const { cells } = await kernels.listCells({ sessionId });
      expect(cells.map(({ type, source }) => [type, source]).slice(1, 3), way).toEqual([
        [CellType.AGENT, 'Plant\n'],
        [CellType.SHELL, 'echo dug; exit 2'],
      ]);

      // The newer generation tells the same of it.
      const { runs } = await createClient(RunService, transport).listRuns({ sandboxId: sessionId });
      expect(runs.map(({ runId }) => runId).toSorted(), way).toEqual(cells.map(({ id }) => id).toSorted());
      await expect(sessions.getSession({ sessionId: 'none' }), way).rejects.toMatchObject({ code: Code.NotFound });

      // A session of a workspace, as this and the newer generation list them.
      const config = createClient(ConfigService, transport);
      const { workspaces } = await config.listWorkspaceConfigs({});
      expect(workspaces, way).toMatchObject([{ name: 'shop', configJson: JSON.stringify({ path: repository }) }]);
      const { presets } = await createClient(SettingsService, transport).listWorkspacePresets({});
      expect(
        presets.map(({ id }) => id),
        way,
      ).toEqual(workspaces.map(({ id }) => id));
      const opened = await sessions.createSession({ workspaceId: workspaces[0]?.id ?? '', title: `Free ${way}` });
      expect(opened.session?.summary, way).toMatchObject({ title: `Free ${way}`, vmStatus: 'STOPPED' });
      const { sessionId: openedId = '', workspacePath } = opened.session?.summary ?? {};
      const { summary } = (await sessions.getSession({ sessionId: openedId })).session ?? {};
      expect(summary, way).toMatchObject({ sessionId: openedId, title: `Free ${way}`, workspacePath });
      for (const wrong of [{ workspaceId: 'none' }, { baseWorkspace: '/none' }, { driver: 'docker' }])
        await expect(sessions.createSession(wrong), way).rejects.toMatchObject({ code: Code.NotFound });
      const capsets = sessions.createSession({ capsetIds: ['tools'] });
      await expect(capsets, way).rejects.toMatchObject({ code: Code.Unimplemented });
      // Who may not is told nothing else: the token of this test operates.
      const code = 'url' in place ? Code.PermissionDenied : Code.Unimplemented;
      await expect(config.createWorkspaceConfig({ name: 'bed' }), way).rejects.toMatchObject({ code });
    }
});

test('variables of all runs are written and read in both generations, and no secret is told', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const narrow = transportTo({ url: daemon.url, token: await daemon.token() }, 'gRPC');
  await expect(createClient(SettingsService, narrow).getGlobalEnv({})).rejects.toMatchObject({
    code: Code.PermissionDenied,
  });
  const transport = transportTo({ home }, 'gRPC');
  const settings = createClient(SettingsService, transport);
  const config = createClient(ConfigService, transport);
  const bed = { name: 'BED', value: 'north', secret: false };
  const key = { name: 'SHED_KEY', value: 'under-the-pot', secret: true };
  const shown = [bed, { ...key, value: '' }];
  expect((await settings.updateGlobalEnv({ env: [bed, key] })).env).toMatchObject(shown);
  expect((await config.getGlobalEnvConfig({})).envItems).toMatchObject(shown);
  // What was shown is sent back, and the secret stays what it was.
  await config.updateGlobalEnvConfig({ envItems: shown });
  const [agent] = (await createClient(AgentDefinitionService, transport).listAgentDefinitions({})).agents;
  const made = await createClient(AgentDefinitionService, transport).createAgentSession({
    agentId: agent?.agentId ?? '',
  });
  const sessionId = made.session?.summary?.sessionId ?? '';
  const source = 'test "$SHED_KEY" = under-the-pot && echo "$BED"';
  const { cell } = await createClient(KernelService, transport).executeCell({
    sessionId,
    source,
    type: CellType.SHELL,
  });
  expect(cell).toMatchObject({ output: 'north\n', success: true });
  await settings.updateGlobalEnv({ env: [{ name: 'SHED_KEY', secret: true }] });
  expect((await settings.getGlobalEnv({})).env.map(({ name }) => name)).toEqual(['SHED_KEY']);
  const missing = settings.updateGlobalEnv({ env: [{ name: 'NEW', secret: true }] });
  await expect(missing).rejects.toMatchObject({ code: Code.InvalidArgument });
});

test('a token may as much of their API as of ours', async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const [read, operate] = await Promise.all(
    (['read', 'operate'] as const).map(async scope => {
      const token = await daemon.token('--name', scope, '--scope', scope);
      return transportTo({ url: daemon.url, token }, 'Connect with JSON');
    }),
  );
  if (!read || !operate) return expect.unreachable();
  const denied = { code: Code.PermissionDenied };
  const target = { case: 'sandboxId', value: '000000000000' } as const;
  const command = { target, command: { command: 'true' } };
  await expect(createClient(ExecService, read).exec(command)).rejects.toMatchObject(denied);
  await expect(createClient(ExecService, operate).exec(command)).rejects.toMatchObject({ code: Code.NotFound });
  await expect(createClient(LoaderService, read).validateLoader({ script: '' })).rejects.toMatchObject(denied);
  await expect(createClient(LoaderService, read).listLoaders({})).resolves.toMatchObject({ loaders: [] });
  const images = createClient(ImageService, operate);
  await expect(images.pullImage({ imageRef: 'a' })).rejects.toMatchObject(denied);
  await expect(images.removeImage({ imageRef: 'a' })).rejects.toMatchObject(denied);
  await expect(createClient(ProjectService, operate).patchProject({})).rejects.toMatchObject(denied);
  await expect(createClient(SettingsService, operate).updateGlobalEnv({})).rejects.toMatchObject(denied);
});

test('loaders are schedulers, a session is watched, and the overview counts', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const transport = transportTo({ home }, 'gRPC');
  const loaders = createClient(LoaderService, transport);
  const [summary] = (await loaders.listLoaders({})).loaders;
  const loaderId = summary?.loaderId ?? '';
  expect((await loaders.getLoader({ loaderId })).loader?.triggers).toMatchObject([
    { triggerId: 'nightly', kind: LoaderTriggerKind.CRON, enabled: true },
  ]);
  expect(await loaders.validateLoader({ script: 'function main() {}' })).toMatchObject({ warnings: [] });
  const wrong = loaders.validateLoader({ script: 'function (' });
  await expect(wrong).rejects.toMatchObject({ code: Code.InvalidArgument });
  const { run } = await loaders.runLoaderNow({ loaderId, triggerId: 'nightly' });
  expect(run?.summary).toMatchObject({ status: 'succeeded', triggerId: 'nightly', loaderId });
  const runId = run?.summary?.runId ?? '';
  expect((await loaders.listLoaderRuns({ loaderId })).runs.map(each => each.runId)).toEqual([runId]);
  expect((await loaders.listLoaderEvents({ loaderId })).events.map(({ type }) => type)).toEqual([
    'loader.run.started',
    'loader.run.completed',
  ]);
  const off = await loaders.setLoaderTriggerEnabled({ loaderId, triggerId: 'nightly', enabled: false });
  expect(off.loader?.triggers).toMatchObject([{ enabled: false }]);

  const sessions = createClient(SessionService, transport);
  const [session] = (await sessions.listSessions({})).sessions;
  const sessionId = session?.sessionId ?? '';
  const watched = sessions.watchSession({ sessionId })[Symbol.asyncIterator]();
  expect((await watched.next()).value).toMatchObject({
    eventType: WatchSessionEventType.SESSION_UPDATED,
    session: { sessionId, vmStatus: 'STOPPED' },
  });
  await createClient(AgentService, transport).sendAgentMessage({ sessionId, message: 'Water' });
  let added = '';
  while (!added.endsWith(':succeeded')) added = (await watched.next()).value?.event?.id ?? '';
  await watched.return?.();
  const { overview } = await createClient(DashboardService, transport).getDashboardOverview({});
  expect(overview).toMatchObject({ runs: { runningCount: 0, recentCount: 1 } });
});
