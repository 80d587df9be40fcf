import { expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import type { Volume, VolumeDriver } from '../../../src/core/volumes/volumeDriver.js';
import { VolumeService } from '../../../src/core/volumes/volumeService.js';
import { coreWorld } from '../../support/coreHost.js';
import { fakeCommand } from '../../support/fakes/fakeSandbox.js';
import { specOf } from '../../support/projectSpecs.js';

const engine = { name: 'docker' } as const;

const sowing = specOf(
  JSON.stringify({
    providers: { mine: { command: fakeCommand, output: { format: 'text' } } },
    volumes: { seeds: { name: 'shared-seeds' } },
    agents: { dev: { provider: 'mine', image: 'agents:1', driver: { docker: {} }, volumes: ['seeds:/seeds'] } },
  }),
);

function volume(name: string, containers = 0): Volume {
  return { name, path: `/var/${name}`, labels: {}, createdAt: 1, containers };
}

/** The volumes of an engine; removing those of `failures` comes to that. */
function serviceOf(volumes: readonly Volume[], failures: Readonly<Record<string, Error>> = {}) {
  const there = new Set(volumes.map(each => each.name));
  const driver: VolumeDriver = {
    list: async () => volumes.filter(({ name }) => there.has(name)),
    create: async () => expect.unreachable(),
    remove: async (_engine, name) => {
      if (failures[name]) throw failures[name];
      there.delete(name);
    },
  };
  return { there, service: new VolumeService({ store: coreWorld(sowing).store, driver }) };
}

function namesOf({ removed, needed }: Awaited<ReturnType<VolumeService['prune']>>) {
  return { removed: removed.map(each => each.name), needed: needed.map(each => each.name) };
}

test('what an agent names or a container has is never pruned, and nothing is by who only asks', async () => {
  const { there, service } = serviceOf([volume('shared-seeds'), volume('busy', 1), volume('old'), volume('OLDER')]);
  const expected = { removed: ['old', 'OLDER'], needed: ['shared-seeds', 'busy'] };
  expect(namesOf(await service.prune(engine, { dryRun: true }))).toEqual(expected);
  expect(there.size).toBe(4);
  expect(namesOf(await service.prune(engine, { query: 'older', dryRun: false }))).toEqual({
    removed: ['OLDER'],
    needed: [],
  });
  expect(namesOf(await service.prune(engine, { dryRun: false }))).toEqual({ ...expected, removed: ['old'] });
  expect([...there]).toEqual(['shared-seeds', 'busy']);
});

test('what somebody needs or has removed meanwhile keeps nothing else from being pruned', async () => {
  const { there, service } = serviceOf([volume('taken'), volume('gone'), volume('old')], {
    taken: new AppError('volume.failed', 'in use', { volume: 'taken', reason: 'in use' }),
    gone: new AppError('volume.unknown', 'It is not there.', { volume: 'gone' }),
  });
  expect(namesOf(await service.prune(engine, { dryRun: false }))).toEqual({ removed: ['old'], needed: ['taken'] });
  expect(there.has('old')).toBe(false);
});

test('an engine that does not answer is told, and ends pruning', async () => {
  const away = new AppError('sandbox.unavailable', 'The engine does not answer.', { driver: 'docker', reason: 'away' });
  const { service } = serviceOf([volume('old')], { old: away });
  await expect(service.prune(engine, { dryRun: false })).rejects.toMatchObject({ code: 'sandbox.unavailable' });
});
