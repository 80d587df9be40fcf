import { approvers, chainStateOf } from '../../../protocol/chainState.js';
import { chainSteps, type ChainStep } from '../../../protocol/chainSteps.js';
import { sumKnown } from '../../../protocol/displayFormat.js';
import type { GetThreadResponse, Thread } from '../../../protocol/gen/muster/v1/threads_pb.js';
import { projectNameOf, projectNames } from '../../../protocol/projectNames.js';
import { parseThreadStatus } from '../../../protocol/threadDisplay.js';
import type { ChainStepView, ChainView } from '../../../protocol/webview/boardTabs/chainsTab.js';
import { toRunView } from '../../../protocol/webview/threadView.js';
import { cut, defined } from '../../../protocol/webview/viewFields.js';
import type { TabServices } from '../boardServices.js';
import type { BoardTabSource } from '../boardTabSource.js';

/** Each costs a call; the others are one click away, on their thread's page. */
const chainsAtMost = 30;

/** Who handed what to whom, and what came of it. */
export function chainsTab({ live, client }: TabServices): BoardTabSource {
  return {
    async read(signal) {
      const threads = live
        .threads()
        .filter(({ chain }) => chain !== undefined)
        .toSorted((a, b) => Number(b.updatedAt - a.updatedAt));
      const shown = threads.slice(0, chainsAtMost);
      const { threads: calls } = await client(signal);
      const found = await Promise.all(shown.map(({ id }) => calls.getThread({ threadId: id }, { signal })));
      const names = projectNames(live.projects());
      return {
        tab: 'chains',
        chains: found.flatMap(each => chainView(each, names)),
        older: threads.length - shown.length,
        several: live.projects().length > 1,
      };
    },
    act: async () => undefined,
  };
}

/** One chain as the tab draws it; none when the thread is gone or nothing was handed on. */
export function chainView(found: GetThreadResponse, names: ReadonlyMap<string, string>): readonly ChainView[] {
  const { thread } = found;
  const chain = thread?.chain;
  if (!thread || !chain) return [];
  const approvedBy = approvers(thread);
  return [
    {
      ...factsOf(thread),
      projectName: cut(projectNameOf(thread, names)),
      state: chainStateOf(chain, thread),
      approvedBy: approvedBy.map(cut),
      depth: Math.max(0, chain.depth),
      waiting: chain.waiting.map(cut),
      // What it asks of a person is done when the person has approved.
      note: approvedBy.includes('you') ? '' : cut(chain.note),
      steps: chainSteps(found).map(stepView),
      ...defined('costUsd', sumKnown(...found.runs.map(({ costUsd }) => costUsd))),
    },
  ];
}

function factsOf({ id, summary, status }: Thread) {
  return { threadId: id, summary: cut(summary), status: parseThreadStatus(status) };
}

function stepView({ message, run, verdict }: ChainStep): ChainStepView {
  const view = run && toRunView(run);
  return {
    from: cut(message.from),
    to: cut(message.to),
    intent: message.intent,
    ...defined('status', view?.status),
    ...defined('verdict', verdict),
    ...defined('startedAt', view?.startedAt),
    ...defined('endedAt', view?.endedAt),
    ...defined('costUsd', view?.costUsd),
    ...defined('tokens', view?.tokens),
  };
}
