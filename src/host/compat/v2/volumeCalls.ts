import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  VolumeSchema,
  type VolumeService,
  type Volume as TheirVolume,
} from '../../../protocol/gen/agentcompose/v2/volumes_pb.js';
import type { Volume } from '../../../protocol/gen/muster/v1/volumes_pb.js';
import { invalid, notFound, notYet, paged, time } from '../answers.js';
import type { OurCalls } from '../ours.js';

interface Wanted {
  readonly query: string;
  readonly driver: string;
  readonly projectId: string;
}

/** `agentcompose.v2.VolumeService`: the volumes that this host made on the Docker Engine. Others' are not there, and never removed. */
export function volumeCalls(
  { volumes }: OurCalls,
  environment: () => Promise<Readonly<Record<string, string>>>,
): ServiceImpl<typeof VolumeService> {
  const engineOf = async (): Promise<string> => (await environment())['DOCKER_HOST'] ?? '';
  const wanted = async (which: Wanted): Promise<readonly Volume[]> => {
    if (!isLocal(which.driver)) return [];
    const found = await volumes.listVolumes({ engine: await engineOf() });
    return found.volumes.filter(volume => isWanted(volume, which));
  };
  return {
    async listVolumes({ query, driver, projectId, offset, limit }) {
      const { page, total } = paged(await wanted({ query, driver, projectId }), { offset, limit });
      return { volumes: page.map(each => volumeOf(each, projectId)), total };
    },

    async inspectVolume({ name }) {
      if (name === '') throw invalid('The request names no volume.');
      const volume = (await wanted({ query: '', driver: '', projectId: '' })).find(each => each.name === name);
      if (!volume) throw notFound(`volume ${JSON.stringify(name)} that this host made`);
      return { volume: volumeOf(volume) };
    },

    async createVolume({ name, driver, labels, options }) {
      if (!isLocal(driver)) throw invalid(`There is no driver ${JSON.stringify(driver)} of volumes: they are local.`);
      if (Object.keys(options).length > 0)
        throw notYet('A volume with options', 'Make it with `docker volume create`, and name it in the compose file.');
      const { volume, created } = await volumes.createVolume({ engine: await engineOf(), name, labels });
      return { created, ...(volume && { volume: volumeOf(volume) }) };
    },

    async removeVolume({ name, force }) {
      await volumes.removeVolume({ engine: await engineOf(), name, force });
      return { name, removed: true };
    },

    /** What no agent names and no container has; nothing without `force`. */
    async pruneVolumes({ query, driver, projectId, force }) {
      const told = (each: readonly Volume[]): TheirVolume[] => each.map(volume => volumeOf(volume, projectId));
      if (!isLocal(driver)) return { dryRun: !force };
      const engine = await engineOf();
      const { removed, needed } = await volumes.pruneVolumes({ engine, query, projectId, dryRun: !force });
      const matched = told([...removed, ...needed]);
      return { dryRun: !force, matched, removed: force ? told(removed) : [], skipped: told(needed) };
    },
  };
}

function isLocal(driver: string): boolean {
  return driver === '' || driver === 'local';
}

function isWanted({ name, projectIds }: Volume, { query, projectId }: Wanted): boolean {
  return name.toLowerCase().includes(query.toLowerCase()) && (projectId === '' || projectIds.includes(projectId));
}

/** Of several projects that need it, the one that was asked about. */
function volumeOf({ name, path, labels, createdAt, projectIds }: Volume, projectId = ''): TheirVolume {
  const at = time(createdAt);
  return create(VolumeSchema, {
    name,
    driver: 'local',
    path,
    labels,
    projectId: projectId || (projectIds[0] ?? ''),
    ...(at && { createdAt: at, updatedAt: at }),
  });
}
