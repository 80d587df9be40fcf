import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { isId } from '../../base/ids.js';
import type { UsedVolume, VolumeService } from '../../core/volumes/volumeService.js';
import {
  VolumeSchema,
  type Volume as WireVolume,
  type VolumeService as WireVolumeService,
} from '../../protocol/gen/muster/v1/volumes_pb.js';
import { engineOf, fail } from './requestFields.js';

export function volumesApi(volumes: VolumeService): ServiceImpl<typeof WireVolumeService> {
  return {
    async listVolumes({ engine }) {
      return { volumes: (await volumes.list(engineOf(engine))).map(wireVolume) };
    },
    async createVolume({ engine, name, labels }) {
      const own = Object.keys(labels).find(label => label.startsWith('dev.muster.'));
      if (own !== undefined) throw fail('labels', `${own} is one of Muster’s own`);
      const { volume, created } = await volumes.create(engineOf(engine), { name: nameOf(name), labels: { ...labels } });
      return { volume: wireVolume(volume), created };
    },
    async removeVolume({ engine, name, force }) {
      await volumes.remove(engineOf(engine), nameOf(name), { force });
      return {};
    },
    async pruneVolumes({ engine, query, projectId, dryRun }) {
      // What is no id is none of a project.
      if (projectId !== '' && !isId<'project'>(projectId)) return {};
      const project = projectId === '' ? {} : { project: projectId };
      const { removed, needed } = await volumes.prune(engineOf(engine), { query, ...project, dryRun });
      return { removed: removed.map(wireVolume), needed: needed.map(wireVolume) };
    },
  };
}

function nameOf(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) throw fail('name', `${JSON.stringify(name)} is no name of a volume`);
  return name;
}

function wireVolume({ name, path, labels, createdAt, containers, projects }: UsedVolume): WireVolume {
  return create(VolumeSchema, {
    name,
    path,
    labels: { ...labels },
    createdAt: BigInt(createdAt),
    containers,
    projectIds: [...projects],
  });
}
