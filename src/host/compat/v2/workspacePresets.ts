import type { Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { OurCalls } from '../ours.js';

/** A place that agents begin from, which is a project’s folder. */
export interface Preset {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly configJson: string;
  readonly comment: string;
  readonly appliedAt: bigint;
}

/** What agent-compose calls workspace presets, or configurations: the folders of applied projects. */
export async function presetsOf({ projects }: OurCalls): Promise<readonly Preset[]> {
  return (await projects.listProjects({})).projects.filter(({ removed }) => !removed).map(presetOf);
}

/** How a preset is made here. */
export const presetsInstead = 'Workspaces are the folders of compose files: write one and apply it with `muster up`.';

function presetOf({ id, name, folder, file, appliedAt }: Project): Preset {
  return { id, name, type: 'local', configJson: JSON.stringify({ path: folder }), comment: file, appliedAt };
}
