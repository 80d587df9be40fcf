import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ProjectWatchEventType,
  type WatchProjectResponseSchema,
} from '../../../protocol/gen/agentcompose/v2/projects_pb.js';
import type { Project } from '../../../protocol/gen/muster/v1/projects_pb.js';
import type { OurCalls } from '../ours.js';
import { projectOf, revisionOf } from './shapes.js';

type Seen = MessageInitShape<typeof WatchProjectResponseSchema>;

/** A project now, and whenever it is applied, is removed or something else of it changes; ends when it was removed. */
export async function* watchProject({ events }: OurCalls, project: Project, signal: AbortSignal): AsyncGenerator<Seen> {
  let before = project;
  yield seen(ProjectWatchEventType.CHANGED, project);
  for await (const { update } of events.watch({}, { signal })) {
    if (update.case !== 'snapshot' && update.case !== 'changes') continue;
    const now = update.value.projects.find(({ id }) => id === project.id);
    if (!now) continue;
    if (now.removed) {
      yield seen(ProjectWatchEventType.REMOVED, now);
      return;
    }
    const isApplied = now.appliedAt !== before.appliedAt;
    if (update.case === 'changes' || isApplied)
      yield seen(isApplied ? ProjectWatchEventType.APPLIED : ProjectWatchEventType.CHANGED, now);
    before = now;
  }
}

function seen(type: ProjectWatchEventType, project: Project): Seen {
  return { type, project: projectOf(project), revision: revisionOf(project) };
}
