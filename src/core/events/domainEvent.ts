import type { MergeId, ProjectId, RunId, ThreadId } from '../../base/ids.js';

/** What changed, in the past tense. The feed carries ids; readers look up the present state. */
export type DomainEvent =
  | { readonly kind: 'project_changed'; readonly projectId: ProjectId }
  /** A trigger of the project fired, or was switched on or off. */
  | { readonly kind: 'schedule_changed'; readonly projectId: ProjectId }
  /** An event was published under a topic; its place among those. */
  | { readonly kind: 'topic_published'; readonly sequence: number }
  | { readonly kind: 'thread_changed'; readonly threadId: ThreadId }
  | { readonly kind: 'run_changed'; readonly threadId: ThreadId; readonly runId: RunId; readonly status: string }
  | { readonly kind: 'merge_changed'; readonly threadId: ThreadId; readonly mergeId: MergeId; readonly status: string };

/** An event with its place in the append-only feed. */
export interface RecordedEvent {
  readonly sequence: number;
  readonly at: number;
  readonly event: DomainEvent;
}
