import { AppError } from '../../base/errors.js';
import type { Thread } from '../threads/thread.js';
import type { Project } from './project.js';
import type { ProjectStores } from './projectStore.js';

/** A removed project starts nothing any more, and its name alone would not tell why. Errors: `project.unknown`. */
export function projectOfThread(stores: ProjectStores, { id, projectId }: Thread): Project {
  const project = stores.projects.get(projectId);
  if (project && project.removedAt === undefined) return project;
  throw new AppError(
    'project.unknown',
    project
      ? `Thread ${id} belongs to project ${project.name}, which was removed. Apply ${project.file} again with \`muster up\`.`
      : `Thread ${id} belongs to no project.`,
    { project: project?.name ?? '' },
  );
}
