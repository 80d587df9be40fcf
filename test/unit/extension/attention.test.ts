import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Thread } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { Attention, type AttentionOptions } from '../../../src/extension/notifications/attention.js';
import { OwnTasks } from '../../../src/extension/notifications/ownTasks.js';
import { tellApart } from '../../../src/extension/threads/threadTitles.js';
import type { NamedProject } from '../../../src/protocol/projectNames.js';
import { makeThread } from '../../support/protoThreads.js';

const vscode = vi.hoisted(() => {
  const told: string[] = [];
  const buttons: (readonly string[])[] = [];
  const focusListeners: ((state: { focused: boolean }) => void)[] = [];
  const state = { focused: false };
  const commands: string[] = [];
  /** What is pressed of the next message, once it is told. */
  const presses: Promise<string>[] = [];
  return { told, buttons, focusListeners, state, commands, presses };
});
vi.mock('vscode', async original => {
  const { told, buttons, focusListeners, state } = vscode;
  const tell = async (text: string, ...offered: readonly string[]): Promise<string | undefined> => {
    told.push(text);
    buttons.push(offered);
    return await vscode.presses.shift();
  };
  return {
    ...(await original<object>()),
    commands: { executeCommand: async (...words: readonly string[]) => vscode.commands.push(words.join(' ')) },
    workspace: { getConfiguration: () => ({ get: () => undefined }) },
    window: {
      state,
      onDidChangeWindowState(listener: (now: { focused: boolean }) => void) {
        focusListeners.push(listener);
        return { dispose: () => undefined };
      },
      showInformationMessage: tell,
      showWarningMessage: tell,
    },
  };
});

const needy = (id: string): Thread =>
  makeThread({ id, agent: 'dev', summary: `Task ${id}`, status: 'needs_you', needs: 'the key has expired' });

/** A window that shows these threads from when `arrive` is called. */
function openWindow({
  reviewed = [],
  projects = [],
}: { readonly reviewed?: readonly string[]; readonly projects?: readonly NamedProject[] } = {}) {
  const threads = new Map<string, Thread>();
  let changed: (change: { threads: readonly Thread[] }) => void = () => undefined;
  const attention = new Attention({
    host: {
      threads,
      onDidChange(listener: typeof changed) {
        changed = listener;
        return { dispose: () => undefined };
      },
    },
    scope: { threads: () => [...threads.values()], projects: () => projects },
    muted: { has: () => false },
    own: new OwnTasks({ get: () => undefined, update: async () => undefined } as never),
    isVisible: () => false,
    isReviewed: (id: string) => reviewed.includes(id),
  } as unknown as AttentionOptions);
  const arrive = (...list: readonly Thread[]): void => {
    for (const thread of list) threads.set(thread.id, thread);
    changed({ threads: list });
  };
  arrive(makeThread({ id: 'old', status: 'working' }));
  return { attention, arrive };
}

beforeEach(() => {
  vi.useFakeTimers();
  vscode.told.length = 0;
  vscode.buttons.length = 0;
  vscode.commands.length = 0;
  vscode.state.focused = false;
});
afterEach(() => vi.useRealTimers());

async function soon(): Promise<readonly string[]> {
  await vi.advanceTimersByTimeAsync(1_000);
  return [...vscode.told];
}

function comeToFront(): void {
  vscode.state.focused = true;
  for (const listener of vscode.focusListeners.splice(0)) listener({ focused: true });
}

test('of several projects it says whose agent that is, also where two have one name', async () => {
  const projects = ['greeter', 'second'].map(id => ({ id, name: 'demo', file: `/w/${id}/agent-compose.yml` }));
  const { arrive } = openWindow({ projects });
  tellApart([], projects);
  arrive({ ...needy('a'), projectId: 'second', projectName: 'demo' });
  expect(await soon()).toEqual([]);
  comeToFront();
  expect(await soon()).toEqual(['demo (second)/dev, Task a: the key has expired']);
  tellApart([], []);
});

test('of two windows only the one that asked for the work tells, and the other nothing when it is seen to', async () => {
  const [asked, other] = [openWindow(), openWindow()];
  asked.attention.dispatchedHere('a');
  for (const { arrive } of [asked, other]) arrive(needy('a'));
  expect(await soon()).toEqual(['dev, Task a: the key has expired']);

  other.arrive(makeThread({ id: 'a', status: 'working' }));
  comeToFront();
  expect(await soon()).toHaveLength(1);
});

test('a window that comes to the front tells what still needs somebody', async () => {
  const { arrive } = openWindow();
  arrive(needy('a'));
  expect(await soon()).toEqual([]);
  comeToFront();
  expect(await soon()).toEqual(['dev, Task a: the key has expired']);
});

test('threads that one cause stopped are one notification', async () => {
  const { arrive } = openWindow();
  comeToFront();
  arrive(needy('a'), needy('b'), needy('c'));
  expect(await soon()).toEqual(['dev, 3 threads: the key has expired']);
});

const done = (id: string, filesChanged: number): Thread =>
  makeThread({
    id,
    agent: 'dev',
    summary: `Task ${id}`,
    status: 'ready',
    filesChanged,
    latestRun: { id: `run-${id}` },
  });

test('work that was asked for here is told when it is done, also while nobody looks; that of others is not', async () => {
  const { attention, arrive } = openWindow();
  attention.dispatchedHere('a');
  arrive(done('a', 2), done('b', 1));
  expect(await soon()).toEqual(['dev, Task a: ready for review, 2 files']);
  attention.dispatchedHere('c');
  arrive(done('c', 0));
  expect((await soon()).at(-1)).toBe('dev, Task c: done, without changes');
});

test('several that are done are one notification', async () => {
  const { attention, arrive } = openWindow();
  for (const id of ['a', 'b']) attention.dispatchedHere(id);
  arrive(done('a', 2), done('b', 1));
  expect(await soon()).toEqual(['2 threads are ready for review: Task a, Task b']);
});

test('a merge that somebody has begun by hand is not told to them', async () => {
  const { arrive } = openWindow();
  comeToFront();
  arrive(makeThread({ id: 'a', status: 'needs_you', needs: 'You are merging main into it', handMerge: 'main' }));
  expect(await soon()).toEqual([]);
});

test('what changes beneath an open review is told, with the way to what changed', async () => {
  const { arrive } = openWindow({ reviewed: ['a'] });
  comeToFront();
  const again = { ...done('a', 2), shownHead: '1'.repeat(40), head: '2'.repeat(40) };
  arrive(again, { ...again, id: 'b' });
  expect(await soon()).toEqual([
    'dev changed "Task a" after you looked. The review that is open shows it as it is now.',
  ]);
  expect(vscode.buttons).toEqual([['What Changed Since', 'Mute Thread']]);
});

test('a need has two buttons beside the one that mutes, and one of them is a look at the work', async () => {
  const { arrive } = openWindow();
  comeToFront();
  const latestRun = { id: 'r', status: 'failed' };
  const failed = makeThread({ ...{ id: 'a', agent: 'dev', status: 'needs_you', needs: 'It failed' }, latestRun });
  arrive(failed);
  await soon();
  arrive(makeThread({ ...failed, id: 'b', filesChanged: 2 }));
  await soon();
  expect(vscode.buttons).toEqual([
    ['Try again', 'Open', 'Mute Thread'],
    ['Try again', 'Review changes', 'Mute Thread'],
  ]);
});

test.each([
  ['that is still ready is merged', done('a', 2), ['muster.merge a'], 1],
  ['that was merged elsewhere is told of', makeThread({ ...done('a', 2), status: 'merged' }), [], 2],
])('by the button of an old message a thread %s', async (_, now, commands, messages) => {
  const { attention, arrive } = openWindow();
  const { promise, resolve } = Promise.withResolvers<string>();
  vscode.presses.push(promise);
  attention.dispatchedHere('a');
  arrive(done('a', 2));
  await soon();
  arrive(now);
  resolve('Merge');
  const told = await soon();
  expect(vscode.commands).toEqual(commands);
  expect(told).toHaveLength(messages);
  if (messages === 2) expect(told[1]).toBe('This message is out of date: "Task a" has moved on (Merged).');
});
