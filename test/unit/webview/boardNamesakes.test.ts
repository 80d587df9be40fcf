import { create } from '@bufbuild/protobuf';
import { expect, test, vi } from 'vitest';
import { BoardController } from '../../../src/pages/board/boardController.js';
import type { BoardServices } from '../../../src/pages/board/boardServices.js';
import { agentsContent } from '../../../src/pages/board/tabs/agentsTab.js';
import { batchesContent } from '../../../src/pages/board/tabs/batchesTab.js';
import { chainView } from '../../../src/pages/board/tabs/chainsTab.js';
import { timelineContent } from '../../../src/pages/board/tabs/timelineTab.js';
import { ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunSchema, UsageSchema } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { GetThreadResponseSchema } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { projectNames } from '../../../src/protocol/projectNames.js';
import type { ToBoard } from '../../../src/protocol/webview/boardMessages.js';
import { agentLabel, matchesFilter } from '../../../webview/board/threadFilter.js';
import { applyMessage, emptyBoard, severalProjects, type BoardState } from '../../../webview/board/boardState.js';
import { FakeLive, wireThread } from './fakeLive.js';

/** Two projects of one name, which is what copying a compose file comes to. */
const projects = ['greeter', 'second'].map(folder =>
  create(ProjectSchema, {
    id: folder,
    name: 'demo',
    file: `/w/${folder}/agent-compose.yml`,
    agents: [{ name: 'dev' }],
  }),
);
const names = projectNames(projects);
const threads = projects.map(({ id, name }) =>
  wireThread({ id: `t-${id}`, projectId: id, projectName: name, batch: 'b', chain: { state: 'approved', depth: 1 } }),
);

function boardOf(live: FakeLive): { readonly state: () => BoardState; readonly controller: BoardController } {
  let state = emptyBoard;
  const post = (message: ToBoard): void => {
    if (message.type !== 'show') state = applyMessage(state, message);
  };
  const services = { live, tabs: {} } as unknown as BoardServices;
  return { state: () => state, controller: new BoardController({ services, strings: {}, post }) };
}

test('cards, agents and the filter of the board tell projects of one name apart, also when one gets it', async () => {
  const live = new FakeLive();
  live.listed = projects;
  for (const thread of threads) live.known.set(thread.id, thread);
  const { state, controller } = boardOf(live);
  controller.receive({ type: 'ready' });
  expect(severalProjects(state())).toBe(true);
  const views = [...state().threads.values()];
  const labels = views.map(view => agentLabel(view, { withProject: true }));
  expect(labels).toEqual(['demo (greeter)/dev', 'demo (second)/dev']);
  expect(state().strip.agents.map(({ projectName }) => projectName)).toEqual(['demo (greeter)', 'demo (second)']);
  const second = { query: '', agent: 'demo (second)/dev' };
  expect(views.map(view => matchesFilter(view, second, { withProject: true }))).toEqual([false, true]);

  const [greeter, other] = projects;
  live.listed = [greeter, { ...other, name: 'shop' }].filter(each => each !== undefined) as typeof projects;
  live.change(...threads);
  await vi.waitFor(
    () => expect([...state().threads.values()].map(({ projectName }) => projectName)).toEqual(['demo', 'shop']),
    { interval: 5, timeout: 30_000 },
  );
  controller.dispose();
});

test('so do the tabs', () => {
  const both = ['demo (greeter)', 'demo (second)'];
  const runs = threads.map(({ id }) => create(RunSchema, { id: `r-${id}`, threadId: id, agent: 'dev', queuedAt: 1n }));
  expect(timelineContent(runs, threads, names).runs.map(({ projectName }) => projectName)).toEqual(both);
  const chains = threads.flatMap(thread => chainView(create(GetThreadResponseSchema, { thread }), names));
  expect(chains.map(({ projectName }) => projectName)).toEqual(both);
  expect(batchesContent(threads.slice(1), names).batches[0]?.projectName).toBe('demo (second)');
  const day = '2026-11-26';
  const usage = projects.map(({ id }) =>
    create(UsageSchema, { projectId: id, projectName: 'demo', agent: 'dev', day, costUsd: 1 }),
  );
  const content = agentsContent({ projects, usage, days: [day] });
  expect(content.agents.map(({ projectName }) => projectName)).toEqual(both);
  expect(content.days[0]?.costs.map(({ agent }) => agent)).toEqual(both.map(name => `${name}/dev`));
});
