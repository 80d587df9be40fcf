import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { QuickPickItemKind, type QuickPickItem } from 'vscode';
import { askForTask, type TaskAnswer } from '../../../src/extension/dispatch/askForTask.js';
import { AgentSchema, ProjectSchema } from '../../../src/protocol/gen/muster/v1/projects_pb.js';

/** VS Code's list as an extension sees it: which row is active, and which was chosen, arrive before and after the letters. */
const list = vi.hoisted(() => {
  const listeners = new Map<string, (() => void)[]>();
  const on = (name: string) => (listener: () => void) =>
    listeners.set(name, [...(listeners.get(name) ?? []), listener]);
  const tell = (name: string): void => listeners.get(name)?.forEach(listener => listener());
  const pick = {
    value: '',
    items: [] as QuickPickItem[],
    activeItems: [] as QuickPickItem[],
    selectedItems: [] as QuickPickItem[],
    onDidChangeValue: on('value'),
    onDidChangeActive: on('active'),
    onDidAccept: on('accept'),
    onDidHide: on('hide'),
    show: () => undefined,
    hide: () => tell('hide'),
    dispose: () => listeners.clear(),
  };
  return { pick, tell };
});
vi.mock('vscode', async original => ({
  ...(await original<object>()),
  workspace: { asRelativePath: (path: string) => path },
  window: { createQuickPick: () => list.pick },
  commands: { executeCommand: () => Promise.resolve() },
}));

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(list.pick, { value: '', items: [], activeItems: [], selectedItems: [] });
});
afterEach(() => vi.useRealTimers());

const demo = create(ProjectSchema, { id: 'p1', name: 'demo', folder: '/demo' });
const second = create(ProjectSchema, { id: 'p2', name: 'second', folder: '/second' });
const choices = [
  { project: demo, name: 'dev' },
  { project: demo, name: 'slowpoke' },
  { project: second, name: 'dev' },
  { project: demo, name: 'broken', problem: 'no program' },
].map(({ project, name, problem = '' }) => ({
  project,
  agent: create(AgentSchema, { name, provider: 'demo', driver: 'process', workspace: 'worktree', problem }),
  lastUsed: name === 'slowpoke',
}));

function ask(): Promise<TaskAnswer | undefined> {
  return askForTask(choices, { title: 'Dispatch a task', several: true });
}

/** VS Code has done what it was told, has said so, and nothing else happened. */
async function settled(): Promise<void> {
  list.tell('active');
  await vi.runAllTimersAsync();
}

const agents = (): QuickPickItem[] => list.pick.items.filter(({ kind }) => kind !== QuickPickItemKind.Separator);

/** By the arrow keys, to the nth row. */
async function go(nth: number): Promise<void> {
  list.pick.activeItems = agents().slice(nth, nth + 1);
  await settled();
}

/** VS Code goes to the first row that is left and tells that, then the letter. */
function press(letter: string): void {
  list.pick.activeItems = agents().slice(0, 1);
  list.tell('active');
  list.pick.value += letter;
  list.tell('value');
}

async function type(text: string): Promise<void> {
  for (const letter of text) {
    press(letter);
    await settled();
  }
}

function enter(): void {
  list.pick.selectedItems = list.pick.activeItems;
  list.tell('accept');
}

const to = (project: string, agent: string, prompt: string) => ({
  prompt,
  choice: { project: { name: project }, agent: { name: agent } },
});

test.each(['fix the bug', 'Add a health check', 'update docs', 'refactor the parser', 'develop it', 'second thoughts'])(
  'the agent that a person went to keeps the task while “%s” is typed',
  async task => {
    const answer = ask();
    await settled();
    await go(agents().findIndex(({ description }) => description?.startsWith('project second')));
    await type(task);
    expect(list.pick.activeItems).toMatchObject([
      { label: 'dev', description: expect.stringContaining('second'), detail: `Dispatch: ${task}` },
    ]);
    enter();
    expect(await answer).toMatchObject(to('second', 'dev', task));
  },
);

test('the last used agent keeps the task while it is typed, also by somebody who is faster than VS Code', async () => {
  const answer = ask();
  for (const letter of 'refactor the parser') press(letter);
  await settled();
  expect(list.pick.activeItems).toMatchObject([{ label: 'slowpoke', detail: 'Dispatch: refactor the parser' }]);
  enter();
  expect(await answer).toMatchObject(to('demo', 'slowpoke', 'refactor the parser'));
});

test('Enter right after the last letter means the chosen agent, not the row that VS Code went to by itself', async () => {
  const answer = ask();
  await settled();
  await type('Mend the tes');
  press('t');
  list.pick.activeItems = agents().slice(0, 1);
  enter();
  expect(await answer).toMatchObject(to('demo', 'slowpoke', 'Mend the test'));
});

test('whoever goes to another agent in the middle of a task gives it to that one', async () => {
  const answer = ask();
  await settled();
  await type('Mend the');
  await go(0);
  await type(' test');
  enter();
  expect(await answer).toMatchObject(to('demo', 'dev', 'Mend the test'));
});

test.each(['s', 'sec', 'second', 'second dev', 'dev sec'])(
  'typing “%s” finds the agent of that project',
  async typed => {
    const answer = ask();
    await settled();
    await type(typed);
    const named = agents().find(({ description }) => description?.startsWith('project second'));
    expect(named).toMatchObject({ label: 'dev', detail: 'Choose dev and write its task' });
    expect(agents().at(-1)?.label).toBe(`Dispatch “${typed}” to slowpoke — demo`);
    expect(list.pick.activeItems[0]?.label).not.toMatch(/^Dispatch/);
    list.pick.activeItems = named ? [named] : [];
    await settled();
    enter();
    expect(await answer).toMatchObject(to('second', 'dev', ''));
  },
);

test.each(['dev', 'slowpoke', 'demo', 'second'])(
  'one Enter never dispatches “%s”, however fast; the row that says so does',
  async typed => {
    const fast = ask();
    for (const letter of typed) press(letter);
    enter();
    expect(await fast).toMatchObject({ prompt: '' });
    list.pick.value = '';
    const answer = ask();
    await settled();
    await type(typed);
    await go(agents().length - 1);
    enter();
    expect(await answer).toMatchObject(to('demo', 'slowpoke', typed));
  },
);

test('agents are listed by project, each under its name', async () => {
  const answer = ask();
  const named = list.pick.items.map(({ kind, label }) => (kind === QuickPickItemKind.Separator ? `[${label}]` : label));
  expect(named).toEqual(['[demo]', 'dev', 'slowpoke', 'broken', '[second]', 'dev']);
  list.pick.hide();
  expect(await answer).toBeUndefined();
});
