import { expect, test } from 'vitest';
import type { DockerEngine } from '../../../../src/drivers/docker/dockerEngine.js';
import { Volumes } from '../../../../src/drivers/docker/volumes.js';

/** The volumes of an engine with whose they are; `data` is in two containers. */
function volumesOf(states: Readonly<Record<string, string>>): Volumes {
  const infoOf = ([Name, state]: readonly [string, string]): object => ({
    Name,
    Mountpoint: `/volumes/${Name}`,
    Labels: { 'dev.muster.state': state },
  });
  const mounts = [{ Name: 'data' }];
  const docker = {
    listVolumes: async () => ({ Volumes: Object.entries(states).map(infoOf) }),
    listContainers: async () => [{ Mounts: mounts }, { Mounts: [] }, { Mounts: mounts }],
    getVolume: (name: string) => ({
      inspect: async () => {
        const { [name]: state } = states;
        if (state === undefined) throw Object.assign(new Error('no such volume'), { statusCode: 404 });
        return infoOf([name, state]);
      },
    }),
  };
  const engine = { docker, call: async <T>(work: () => Promise<T>): Promise<T> => await work() };
  return new Volumes(engine as unknown as DockerEngine, 'mine');
}

const states = { data: 'mine', theirs: 'another' };

test('one that is found when it is to be made is told with the containers that have it', async () => {
  const made = await volumesOf(states).create({ name: 'data', labels: {} });
  expect(made).toMatchObject({ created: false, volume: { name: 'data', containers: 2 } });
});

test.each([
  { name: 'theirs', says: 'The volume theirs was not removed: this host did not make it.' },
  { name: 'nowhere', says: 'The volume nowhere was not removed: it is not there.' },
])('why $name is not removed is told as it is', async ({ name, says }) => {
  await expect(volumesOf(states).remove(name)).rejects.toThrow(says);
});

test('one that others have is not made', async () => {
  const making = volumesOf(states).create({ name: 'theirs', labels: {} });
  await expect(making).rejects.toThrow('The volume theirs was not made: something else has that name.');
});
