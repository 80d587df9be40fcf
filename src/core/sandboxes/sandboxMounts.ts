import { AppError } from '../../base/errors.js';
import type { AgentSpec, MountSpec } from '../../compose/projectSpec.js';
import type { Project } from '../projects/project.js';

/** Where Muster's own things are inside; nothing of the compose file takes their place. */
const taken = ['/muster', '/workspace', '/proc', '/sys', '/dev', '/run', '/tmp'];

/**
 * What the compose file wants mounted, in the runtime's terms: folders of this machine by their absolute path, volumes by their name.
 * Errors: `request.invalid` for a place that is not free, or a folder of Muster's own state.
 */
export function mountsOf(
  agent: AgentSpec,
  project: Pick<Project, 'folder' | 'spec'>,
  { stateDir }: { readonly stateDir: string },
): readonly MountSpec[] {
  return agent.volumes.map((mount, index) => {
    const refuse = (reason: string): never => {
      throw new AppError(
        'request.invalid',
        `Agent ${agent.name} cannot have ${mount.source} at ${mount.target}: ${reason}.`,
        {
          field: `agents.${agent.name}.volumes[${index}]`,
          reason,
        },
      );
    };
    const target = normal(mount.target);
    if (target === '/' || taken.some(place => isWithin(place, target))) refuse('that place is not free');
    if (mount.type === 'volume') return { ...mount, target, source: volumeName(mount.source, project) };
    const source = normal(mount.source.startsWith('/') ? mount.source : `${project.folder}/${mount.source}`);
    if (isWithin(stateDir, source) || isWithin(source, stateDir)) refuse('it holds what Muster keeps of all agents');
    return { ...mount, target, source };
  });
}

/** What the runtime calls a volume that an agent names by its key, or by its name. */
export function volumeName(key: string, { spec }: Pick<Project, 'spec'>): string {
  return spec.volumes.find(volume => volume.key === key)?.name ?? key;
}

/** Without `.`, `..` and empty parts. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
