import type { ProjectId } from '../../base/ids.js';
import type { Project } from './project.js';

/** Port: projects and their append-only revisions. */
export interface ProjectStore {
  get(id: ProjectId): Project | undefined;
  byFile(file: string): Project | undefined;
  /** Not removed, by name then file. */
  list(): readonly Project[];
  /** Writes the project's present row; a revision not seen before is appended to its history. */
  save(project: Project): void;
}

/** What a transaction needs that touches projects. */
export interface ProjectStores {
  readonly projects: ProjectStore;
}
