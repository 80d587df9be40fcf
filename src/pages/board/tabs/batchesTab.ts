import type { Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { sumKnown } from '../../../protocol/displayFormat.js';
import { projectNameOf, projectNames } from '../../../protocol/projectNames.js';
import { parseThreadStatus } from '../../../protocol/threadDisplay.js';
import type { BatchesTab, BatchView } from '../../../protocol/webview/boardTabs/batchesTab.js';
import { cut, defined } from '../../../protocol/webview/viewFields.js';
import { testsOutcome } from '../../../protocol/webview/testRunText.js';
import { toThreadView } from '../../../protocol/webview/threadView.js';
import type { TabServices } from '../boardServices.js';
import type { BoardTabSource } from '../boardTabSource.js';

/** Threads that share a name. */
export function batchesTab({ live, client, mayAbandonBatch }: TabServices): BoardTabSource {
  return {
    read: async () => batchesContent(live.threads(), projectNames(live.projects())),
    async act(action, signal) {
      if (action.tab !== 'batches') return;
      const { batch } = action.action;
      if (!(await mayAbandonBatch(batch))) return;
      const { threads } = await client(signal);
      const { failed } = await threads.abandonBatch({ batch }, { signal });
      const [reason] = Object.values(failed);
      if (reason !== undefined) throw new Error(reason);
    },
  };
}

/** What the tab shows of threads; `names` are those of the projects. */
export function batchesContent(threads: readonly Thread[], names: ReadonlyMap<string, string>): BatchesTab {
  const summaries = new Map(threads.map(thread => [thread.id, thread.summary]));
  const groups = Map.groupBy(
    threads.filter(({ batch }) => batch !== ''),
    ({ batch }) => batch,
  );
  const batches = [...groups].map(([name, members]) => batchView(name, { members, summaries, names }));
  return { tab: 'batches', batches: batches.toSorted((a, b) => b.updatedAt - a.updatedAt) };
}

function batchView(
  name: string,
  {
    members,
    summaries,
    names,
  }: {
    readonly members: readonly Thread[];
    readonly summaries: ReadonlyMap<string, string>;
    readonly names: ReadonlyMap<string, string>;
  },
): BatchView {
  const [first] = members;
  return {
    name: cut(name),
    projectName: first ? cut(projectNameOf(first, names)) : '',
    threads: members
      .toSorted((a, b) => Number(a.createdAt - b.createdAt) || (a.id < b.id ? -1 : 1))
      .map(thread => ({
        id: thread.id,
        summary: cut(thread.summary),
        agent: cut(thread.agent),
        status: parseThreadStatus(thread.status),
        waitsFor: thread.waitsFor.map(id => cut(summaries.get(id) ?? id)),
        ...defined('model', thread.model === '' ? undefined : cut(thread.model)),
        ...defined('files', thread.filesChanged),
        ...defined('additions', thread.additions),
        ...defined('deletions', thread.deletions),
        ...defined('tests', testsOutcome(thread.latestRun?.tests ?? [])),
        ...defined('costUsd', thread.costUsd),
      })),
    ...defined('costUsd', sumKnown(...members.map(({ costUsd }) => costUsd))),
    ...defined('tokens', sumKnown(...members.map(thread => toThreadView(thread, names).tokens))),
    updatedAt: Math.max(...members.map(({ updatedAt }) => Number(updatedAt))),
  };
}
