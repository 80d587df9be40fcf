import { create } from '@bufbuild/protobuf';
import { expect, test, vi } from 'vitest';
import { listAgents } from '../../../src/extension/dispatch/agentChoice.js';
import { receiverName } from '../../../src/extension/dispatch/sendTask.js';
import type { Services } from '../../../src/extension/services.js';
import { ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';

const fake = vi.hoisted(() => ({ file: '' }));
vi.mock('vscode', async original => ({
  ...(await original<object>()),
  window: {
    get activeTextEditor() {
      return fake.file === '' ? undefined : { document: { uri: { fsPath: fake.file } } };
    },
  },
}));

const [shop, store] = ['shop', 'store'].map(name =>
  create(ProjectSchema, { id: name, name, folder: `/${name}`, agents: [{ name: 'dev' }, { name: `${name}er` }] }),
);

function windowWith(recent: readonly string[], thread?: string): Services {
  return {
    host: { client: async () => ({}), threads: new Map([['t', { projectId: 'store' }]]) },
    reviews: { activeThreadId: undefined },
    pages: { activeThreadId: thread },
    scope: { projects: () => [shop, store] },
    context: { workspaceState: { get: () => recent } },
  } as unknown as Services;
}

async function marked(file: string, recent: readonly string[], thread?: string): Promise<string | undefined> {
  fake.file = file;
  const found = (await listAgents(windowWith(recent, thread))).filter(({ lastUsed }) => lastUsed);
  return found.map(({ project, agent }) => `${project.id}/${agent.name}`).join();
}

test('the agent that a task is likely for is of the project of the file or thread in front, and there the last used one', async () => {
  expect(await marked('/store/src/a.ts', [])).toBe('store/dev');
  expect(await marked('/elsewhere/a.ts', [])).toBe('shop/dev');
  expect(await marked('', [])).toBe('shop/dev');
  expect(await marked('/store/src/a.ts', ['shop/shoper'])).toBe('store/dev');
  expect(await marked('/store/src/a.ts', ['shop/shoper', 'store/storeer', 'store/dev'])).toBe('store/storeer');
  expect(await marked('', ['shop/shoper'])).toBe('shop/shoper');
  expect(await marked('', ['shop/shoper'], 't')).toBe('store/dev');
});

test('where several projects have agents, who a task is for names its project', () => {
  expect(receiverName(windowWith([]), { projectId: 'store', agent: 'dev' })).toBe('store/dev');
});
