import type { Project } from '../../core/projects/project.js';
import { projectOfThread } from '../../core/projects/projectOfThread.js';
import { findProject, projectOfFolder } from '../../core/projects/projectService.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { findThreadAlone } from '../../core/threads/threadLookup.js';
import type { DispatchRequest } from '../../protocol/gen/muster/v1/threads_pb.js';
import { absolutePath, fail } from './requestFields.js';

/** The project that a task is for. */
export function projectFor(
  store: Store<Stores>,
  request: Pick<DispatchRequest, 'threadId' | 'project' | 'folder'>,
): Project {
  return store.read(stores => {
    if (request.threadId !== '') {
      return projectOfThread(stores, findThreadAlone(stores, request.threadId));
    }
    if (request.project !== '') return findProject(stores, request.project);
    if (request.folder === '') throw fail('project', 'neither a project nor a folder is named');
    return projectOfFolder(stores, absolutePath(request.folder, 'folder'));
  });
}
