import type { Run } from '../../../protocol/gen/muster/v1/runs_pb.js';
import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { projectNameOf, projectNames } from '../../../protocol/projectNames.js';
import type { TimelineRun, TimelineTab } from '../../../protocol/webview/boardTabs/timelineTab.js';
import { cut, defined, happened } from '../../../protocol/webview/viewFields.js';
import type { TabServices } from '../boardServices.js';
import type { BoardTabSource } from '../boardTabSource.js';

/** The newest of each project. */
const runsPerProject = 500;

/** When which agent worked on what. */
export function timelineTab({ live, client }: TabServices): BoardTabSource {
  return {
    async read(signal) {
      const { runs } = await client(signal);
      const lists = await Promise.all(
        live
          .projects()
          .filter(({ removed }) => !removed)
          .map(({ id }) => runs.listRuns({ project: id, limit: runsPerProject }, { signal })),
      );
      return timelineContent(
        lists.flatMap(list => list.runs),
        live.threads(),
        projectNames(live.projects()),
      );
    },
    act: async () => undefined,
  };
}

/** What the tab shows of runs; those of threads that the board does not show are left out. */
export function timelineContent(
  runs: readonly Run[],
  threads: readonly Thread[],
  names: ReadonlyMap<string, string>,
): TimelineTab {
  const shown = new Map(threads.map(thread => [thread.id, thread]));
  const views = runs.flatMap(run => {
    const thread = shown.get(run.threadId);
    return thread ? [{ ...runView(run, thread), projectName: cut(projectNameOf(thread, names)) }] : [];
  });
  return { tab: 'timeline', runs: views.toSorted((a, b) => a.queuedAt - b.queuedAt) };
}

function runView(run: Run, thread: Thread): Omit<TimelineRun, 'projectName'> {
  return {
    id: run.id,
    threadId: run.threadId,
    summary: cut(thread.summary),
    agent: cut(run.agent),
    status: run.status,
    queuedAt: Number(run.queuedAt),
    ...defined('startedAt', happened(run.startedAt)),
    ...defined('endedAt', happened(run.endedAt)),
    ...defined('costUsd', run.costUsd),
  };
}
