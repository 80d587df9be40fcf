import { expect, test } from 'vitest';
import { deferred } from '../../../src/base/async.js';
import type { SandboxId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { SandboxDriver } from '../../../src/core/sandboxes/sandboxDriver.js';
import { SandboxService } from '../../../src/core/sandboxes/sandboxService.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, runNow } from '../../support/coreHost.js';
import { fakeCommand, fakeGuest } from '../../support/fakes/fakeSandbox.js';
import { specOf } from '../../support/projectSpecs.js';

const engine = { name: 'docker', host: 'tcp://one:2376' } as const;

const pooled = specOf(
  JSON.stringify({
    providers: { mine: { command: fakeCommand, args: ['[{"wait":true}]'], output: { format: 'text' } } },
    agents: { dev: { provider: 'mine', image: 'agents:1', driver: { docker: { hosts: [engine.host] } } } },
  }),
);

/** A host whose agents are placed on engines, with those for whom a place is kept. */
function pooledHost(options: Parameters<typeof coreHost>[1] = {}, change: Partial<SandboxDriver> = {}) {
  const world = coreWorld(pooled);
  const kept = new Set<SandboxId>();
  const docker: SandboxDriver = {
    ...world.sandbox.driver,
    ensure: async () => ({ ...fakeGuest, isolated: true }),
    place: async ({ id }) => {
      kept.add(id);
      return engine;
    },
    settled: ({ id }) => void kept.delete(id),
    ...change,
  };
  const git = {
    lend: async () => ({ gitDir: '/git', objects: [], commits: { head: '' } }),
    bringHome: async () => ({ kind: 'nothing' }) as const,
  };
  return { world, kept, docker, host: coreHost(world, { docker, git, ...options }) };
}

test('a run that has begun is seen by the pool itself', async () => {
  const { world, kept, host } = pooledHost();
  const { run } = await host.dispatch();
  expect(runNow(world, run).status).toBe('running');
  expect(kept).toEqual(new Set());
});

test('no place is kept for a run that cannot be prepared', async () => {
  const { world, kept, host } = pooledHost({
    environment: {
      resolve: async () => {
        expect(kept.size).toBe(1);
        throw new Error('no such secret');
      },
    },
  });
  const { run } = await host.dispatch();
  expect(runNow(world, run).status).toBe('failed');
  expect(kept).toEqual(new Set());
});

test.each(['cancelled', 'left to the next host'])('no place is kept for a run that is %s', async how => {
  const { world, kept, host } = pooledHost({ environment: { resolve: async () => await deferred<never>().promise } });
  const { run } = await host.dispatch();
  expect(kept.size).toBe(1);
  if (how === 'cancelled') await host.runs.cancel(run.id);
  else await host.end();
  await settle();
  expect(runNow(world, run).status).toBe(how === 'cancelled' ? 'cancelled' : 'queued');
  expect(kept).toEqual(new Set());
});

test('no place is kept for a run whose launch cannot be written down', async () => {
  const { world, kept, host } = pooledHost();
  const create = world.sandbox.directory.create;
  world.sandbox.directory.create = async (...given) => {
    await create(...given);
    expect(kept.size).toBe(1);
    throw new Error('no space left');
  };
  const { run } = await host.dispatch();
  expect(runNow(world, run).status).toBe('failed');
  expect(kept).toEqual(new Set());
});

test('no place is kept for a run that does not start', async () => {
  const { world, kept, host } = pooledHost();
  world.sandbox.onStart = async () => {
    expect(kept.size).toBe(1);
    throw new Error('refused');
  };
  const { run } = await host.dispatch();
  expect(runNow(world, run).status).toBe('failed');
  expect(kept).toEqual(new Set());
});

test('no place is kept for a server that cannot be prepared', async () => {
  const { world, kept, docker, host } = pooledHost();
  const { thread: dispatched } = await host.dispatch();
  const { store, clock, ids, sandbox, project } = world;
  const thread = store.read(stores => stores.threads.get(dispatched.id));
  const [agent] = project.spec.agents;
  if (!thread || !agent) throw new Error('no thread');
  const lend = async (): Promise<never> => {
    expect(kept.size).toBe(1);
    throw new Error('no worktree');
  };
  const git = { lend, bringHome: lend };
  const common = { store, clock, ids, log: silentLog, stateDir: '/state' };
  const sandboxes = new SandboxService({ ...common, machine: sandbox.driver, drivers: { docker }, git });
  const preparing = sandboxes.prepareServer(
    { server: ids.next(), thread, project, agent },
    new AbortController().signal,
  );
  await expect(preparing).rejects.toThrow('no worktree');
  expect(kept).toEqual(new Set());
});
