import { Code, createClient } from '@connectrpc/connect';
import { beforeAll, expect, test } from 'vitest';
import { ProjectService } from '../../src/protocol/gen/agentcompose/v2/projects_pb.js';
import { SchedulerRunStatus } from '../../src/protocol/gen/agentcompose/v2/schedulers_pb.js';
import { TriggerKind } from '../../src/protocol/gen/agentcompose/v2/spec_pb.js';
import { transportTo } from '../support/agentCompose/wires.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const file = `name: shop
providers:
  echo: {command: cat, input: stdin}
  slow: {command: sleep, args: ["600"], input: file}
agents:
  gardener:
    provider: echo
    scheduler:
      triggers: [{name: nightly, cron: "0 3 * * *", prompt: Water}, {name: daily, cron: "0 4 * * *", prompt: Rake}]
  sleeper:
    provider: slow
    scheduler:
      triggers: [{name: nightly, cron: "0 3 * * *", prompt: Sleep}]
  planner:
    provider: echo
    scheduler:
      script: |
        function main(payload) {
          scheduler.log('planning', payload);
          return { beds: payload.beds + 1 };
        }
`;

const project = { selector: { case: 'name', value: 'shop' } } as const;

test('triggers are run, waited for, stopped and switched off, and what happened is told as the command line tells it', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const projects = createClient(ProjectService, transportTo({ home }, 'Connect with binary'));

  const ran = await projects.runScheduler({ project, agentName: 'gardener', triggerId: 'nightly' });
  expect(ran.run).toMatchObject({
    status: SchedulerRunStatus.SUCCEEDED,
    triggerId: 'nightly',
    triggerKind: TriggerKind.CRON,
    triggerSource: 'manual',
  });
  const invoked = await projects.invokeScheduler({ project, agentName: 'planner', payloadJson: '{"beds": 2}' });
  expect(JSON.parse(invoked.resultJson)).toEqual({ beds: 3 });
  const unscripted = projects.invokeScheduler({ project, agentName: 'sleeper' });
  await expect(unscripted).rejects.toMatchObject({ code: Code.FailedPrecondition });
  const [sleeping] = (await projects.listSchedulerRuns({ project, agentName: 'sleeper' })).runs;
  const runId = sleeping?.runId ?? '';
  expect(await projects.getSchedulerRun({ project, runId })).toMatchObject({ run: { agentName: 'sleeper' } });
  expect(await projects.stopSchedulerRun({ project, runId })).toMatchObject({
    stopRequested: true,
    run: { status: SchedulerRunStatus.CANCELED },
  });
  await expect(projects.getSchedulerRun({ project, runId: 'none' })).rejects.toMatchObject({ code: Code.NotFound });

  const streamed = [];
  for await (const batch of projects.streamSchedulerRuns({ project, batchSize: 2 })) streamed.push(batch);
  expect(streamed.map(({ runs, complete, emittedCount }) => [runs.length, complete, emittedCount])).toEqual([
    [2, false, 2n],
    [1, true, 3n],
  ]);
  const told = (await home.musterJson(['scheduler', 'runs', '--compat', 'head'], { cwd: repository })) as {
    readonly runs: readonly { readonly run_id: string; readonly status: string }[];
  };
  const words = ['', 'running', 'succeeded', 'failed', 'canceled', 'skipped'];
  const listed = await projects.listSchedulerRuns({ project });
  expect(listed.runs.map(run => [run.runId, words[run.status]])).toEqual(
    told.runs.map(run => [run.run_id, run.status]),
  );
  const stopped = { project, status: SchedulerRunStatus.CANCELED };
  expect((await projects.listSchedulerRuns(stopped)).runs.map(run => run.runId)).toEqual([runId]);

  const logs = (await home.musterJson(['scheduler', 'logs', '--compat', 'head'], { cwd: repository })) as {
    readonly events: readonly { readonly id: string; readonly type: string; readonly message?: string }[];
  };
  const events = [];
  for await (const batch of projects.streamProjectSchedulerEvents({ project })) events.push(...batch.events);
  expect(events.map(({ id, type, message }) => [id, type, message])).toEqual(
    logs.events.map(({ id, type, message = '' }) => [id, type, message]),
  );
  const ofPlanner = await projects.listProjectSchedulerEvents({ project, agentName: 'planner' });
  expect(ofPlanner.events.map(({ type }) => type)).toEqual([
    'scheduler.run.completed',
    'scheduler.log',
    'scheduler.run.started',
  ]);

  const off = await projects.setSchedulerEnabled({ project, agentName: 'gardener', enabled: false });
  expect(off).toMatchObject({ overridden: true });
  const { triggers } = await projects.getScheduler({ project, agentName: 'gardener' });
  expect(triggers.map(({ triggerId, enabled }) => [triggerId, enabled])).toEqual([
    ['nightly', false],
    ['daily', false],
  ]);
  expect((await projects.listSchedulers({ query: 'gard' })).schedulers).toMatchObject([{ runCount: 1, lastError: '' }]);
});
