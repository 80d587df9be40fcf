import { create } from '@bufbuild/protobuf';
import { expect, test, vi } from 'vitest';
import { askForTask } from '../../../src/extension/dispatch/askForTask.js';
import { AgentSchema, ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';

/** VS Code's list as an extension sees it: which row is active, and which was chosen, arrive after the letters. */
const list = vi.hoisted(() => {
  const listeners = new Map<string, () => void>();
  const on = (name: string) => (listener: () => void) => listeners.set(name, listener);
  const pick = {
    value: '',
    items: [] as object[],
    activeItems: [] as object[],
    selectedItems: [] as object[],
    onDidChangeValue: on('value'),
    onDidChangeActive: on('active'),
    onDidAccept: on('accept'),
    onDidHide: on('hide'),
    show: () => undefined,
    hide: () => listeners.get('hide')?.(),
    dispose: () => undefined,
  };
  const tell = (name: string): void => listeners.get(name)?.();
  return { pick, tell };
});
vi.mock('vscode', async original => ({
  ...(await original<object>()),
  ThemeIcon: vi.fn<() => void>(),
  workspace: { asRelativePath: (path: string) => path },
  window: { createQuickPick: () => list.pick },
}));

const project = create(ProjectSchema, { name: 'shop', folder: '/shop' });
const choices = ['ada', 'bob'].map(name => ({
  project,
  agent: create(AgentSchema, { name }),
  lastUsed: name === 'bob',
  hasNamesake: false,
}));

test.each([
  ['that was used last', undefined, 'bob'],
  ['that a person went to', 0, 'ada'],
])('Enter right after the last letter gives the task to the agent %s', async (_, went, expected) => {
  const { pick, tell } = list;
  Object.assign(pick, { value: '', selectedItems: [] });
  const answer = askForTask(choices, { title: 'Dispatch a task', several: false });
  if (went !== undefined) {
    pick.activeItems = pick.items.slice(went, went + 1);
    tell('active');
  }
  pick.value = 'Mend the test';
  tell('value');
  pick.activeItems = [];
  tell('active');
  tell('accept');
  tell('hide');
  expect(await answer).toMatchObject({ prompt: 'Mend the test', choice: { agent: { name: expected } } });
});
