import { createClient } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { SessionService } from '../../src/protocol/gen/agentcompose/v1/sessions_pb.js';
import { ProjectService } from '../../src/protocol/gen/agentcompose/v2/projects_pb.js';
import { RunService } from '../../src/protocol/gen/agentcompose/v2/runs_pb.js';
import { SandboxService } from '../../src/protocol/gen/agentcompose/v2/sandboxes_pb.js';
import { RunStatus } from '../../src/protocol/gen/agentcompose/v2/types_pb.js';
import { HealthService } from '../../src/protocol/gen/health/v1/health_pb.js';
import { transportTo, wires, type Place, type Wire } from '../support/agentCompose/wires.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository } from '../support/hostProcess.ts';

const file = `name: shop
providers:
  shell: {command: sh, args: ["-c", "echo first; cat; date > stamp.txt; echo last"]}
agents:
  gardener:
    provider: shell
    scheduler:
      triggers: [{name: nightly, cron: "0 3 * * *", prompt: Water}]
`;
const project = { selector: { case: 'name', value: 'shop' } } as const;

/** What a client may ask of the run, in both generations. */
async function asked(place: Place, wire: Wire, ids: { readonly runId: string; readonly sandboxId: string }) {
  const transport = transportTo(place, wire);
  const [projects, runs] = [createClient(ProjectService, transport), createClient(RunService, transport)];
  const [sandboxes, sessions] = [createClient(SandboxService, transport), createClient(SessionService, transport)];
  const { runId, sandboxId } = ids;
  const said: string[] = [];
  for await (const { data } of runs.followRunLogs({ runId })) said.push(data);
  const { buildVersion } = await createClient(HealthService, transport).status({});
  return {
    buildVersion,
    said: said.join(''),
    projects: await projects.listProjects({}),
    project: await projects.getProject({ project, includeSpec: true }),
    schedulers: await projects.listSchedulers({}),
    run: await runs.getRun({ runId }),
    runs: await runs.listRuns({}),
    events: await runs.listRunEvents({ runId }),
    sandbox: await sandboxes.getSandbox({ sandboxId }),
    sandboxes: await sandboxes.listSandboxes({}),
    history: await sandboxes.listSandboxHistory({ sandboxId }),
    session: await sessions.getSession({ sessionId: sandboxId }),
  };
}

test('a host that was ended and started again tells the same of projects, runs and sandboxes, whichever way it is asked', async () => {
  const home = testHome(await buildPrograms());
  const repository = testRepository({ 'agent-compose.yml': file });
  const first = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const token = await first.token();
  const transport = transportTo({ url: first.url, token }, 'gRPC');
  const { projects } = await createClient(ProjectService, transport).listProjects({});
  const request = { projectId: projects[0]?.projectId ?? '', agentName: 'gardener', prompt: 'Plant\n' };
  const { run } = await createClient(RunService, transport).runAgent(request);
  expect(run).toMatchObject({ summary: { status: RunStatus.SUCCEEDED } });
  const ids = { runId: run?.summary?.runId ?? '', sandboxId: run?.summary?.sandboxId ?? '' };

  const everyWay = async (url: string) => {
    const answers: Record<string, unknown> = {};
    for (const wire of Object.keys(wires) as Wire[]) {
      answers[`${wire} over TCP`] = await asked({ url, token }, wire, ids);
      answers[`${wire} over the socket`] = await asked({ home }, wire, ids);
    }
    return answers;
  };
  const before = await everyWay(first.url);
  const [way] = Object.keys(before);
  expect(before[way ?? '']).toMatchObject({ said: expect.stringContaining('Plant'), runs: { total: 1 } });
  // Each way says the same, and so does the next host.
  for (const each of Object.values(before)) expect(each).toEqual(before[way ?? '']);
  const pid = await home.hostPid();
  expect(await home.muster(['daemon', 'stop'])).toMatchObject({ status: 0 });
  const second = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.hostPid()).not.toBe(pid);
  expect(await everyWay(second.url)).toEqual(before);
});
