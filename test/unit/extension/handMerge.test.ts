import { afterEach, expect, test, vi } from 'vitest';
import type { Services } from '../../../src/extension/services.js';
import { abandonHandMerge, finishHandMerge, mergeByHand } from '../../../src/extension/review/handMerge.js';
import { currentUri } from '../../../src/extension/review/reviewSides.js';
import { makeThread } from '../../support/protoThreads.js';

const fake = vi.hoisted(() => {
  class Uri {
    readonly path: string = '';
    toString(): string {
      return JSON.stringify(this);
    }
    static from(parts: object): Uri {
      return Object.assign(new Uri(), parts);
    }
  }
  interface Tab {
    readonly input: object;
  }
  const groups: { all: { tabs: readonly Tab[] }[]; active: Tab | undefined } = { all: [], active: undefined };
  /** What is saved of each file, by its path. */
  const disk = new Map<string, string>();
  return {
    Uri,
    groups,
    disk,
    opens: false,
    executed: [] as string[],
    warned: [] as string[],
    told: [] as string[],
    answers: [] as string[],
  };
});
vi.mock('vscode', async original => {
  const nothing = { dispose: () => undefined };
  const never = () => nothing;
  return {
    ...(await original<object>()),
    Uri: fake.Uri,
    Disposable: { from: () => nothing },
    ProgressLocation: {},
    commands: {
      executeCommand: async (command: string, argument?: { output: { path: string } }) => {
        fake.executed.push(argument === undefined ? command : `${command} ${argument.output.path}`);
        if (argument !== undefined && fake.opens) fake.groups.active = { input: { result: argument.output } };
      },
    },
    workspace: {
      fs: {
        readFile: async ({ path: file }: { path: string }) => {
          const text = fake.disk.get(file);
          if (text === undefined) throw new Error('EntryNotFound');
          return new TextEncoder().encode(text);
        },
      },
      textDocuments: [],
      onDidChangeTextDocument: never,
      onDidCloseTextDocument: never,
    },
    window: {
      tabGroups: {
        get all() {
          return fake.groups.all;
        },
        get activeTabGroup() {
          return { activeTab: fake.groups.active };
        },
        onDidChangeTabs: never,
        onDidChangeTabGroups: never,
      },
      showWarningMessage: async (text: string) => {
        fake.warned.push(text);
        return fake.answers.shift();
      },
      showInformationMessage: async (text: string) => void fake.told.push(text),
      withProgress: async (_: unknown, work: () => unknown) => work(),
    },
  };
});

afterEach(() => {
  vi.restoreAllMocks();
  fake.executed.length = 0;
  fake.warned.length = 0;
  fake.told.length = 0;
  fake.opens = false;
  fake.disk.clear();
});

const path = 'src/greet.js';
const thread = makeThread({ id: '3f2a9k4m7p0q', handMerge: 'main', worktree: '/w' });

/** A window on a thread with a merge editor, and what it asked of its host. */
function openWindow({ files = [path], isEnded = false }: { files?: readonly string[]; isEnded?: boolean } = {}) {
  const ended: object[] = [];
  const client = {
    threads: { getThread: async () => ({ thread: isEnded ? { ...thread, handMerge: '' } : thread }) },
    merges: {
      beginHandMerge: async () => ({ files, others: [], base: 'b', ours: 'o', theirs: 't', target: 'main' }),
      endHandMerge: async (request: object) => {
        ended.push(request);
        return { target: 'main', head: 'abc' };
      },
    },
  };
  const services = {
    host: { client: async () => client },
    reviews: { save: async () => undefined, close: async () => undefined },
    attention: { handleHere: () => () => undefined },
  } as unknown as Services;
  const merging = { input: { result: currentUri(thread, path) } };
  fake.groups.all = [{ tabs: [merging] }];
  return { services, ended, merging };
}

test('a merge is completed when what its merge editor shows was accepted', async () => {
  const { services, ended, merging } = openWindow();
  fake.groups.active = merging;
  await finishHandMerge(services, thread);
  expect(fake.executed).toContain('mergeEditor.acceptMerge');
  expect(ended).toEqual([{ threadId: thread.id }]);
});

test('a merge is not completed past a merge editor that does not come to the front: VS Code had asked about conflicts in it', async () => {
  const { services, ended } = openWindow();
  fake.groups.active = { input: {} };
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());
  await finishHandMerge(services, thread);
  expect(fake.executed).not.toContain('mergeEditor.acceptMerge');
  expect(ended).toEqual([]);
  expect(fake.warned).toEqual([expect.stringContaining(path)]);
});

const opened = (file: string): string => `_open.mergeEditor ${currentUri(thread, file).path}`;

test('only what has conflicts left is opened, and the first one in front', async () => {
  const files = ['a.txt', 'done.txt', 'b.txt'];
  const { services } = openWindow({ files });
  fake.opens = true;
  for (const file of files) {
    const text = file === 'done.txt' ? 'resolved\n' : '<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n';
    fake.disk.set(currentUri(thread, file).path, text);
  }
  fake.groups.all = [];
  const held = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());
  await mergeByHand(services, thread);
  held.mockRestore();
  expect(fake.executed).toEqual([opened('b.txt'), opened('a.txt')]);
});

test('what is named as not resolved is what is opened', async () => {
  const { services } = openWindow({ files: ['a.txt', path] });
  await mergeByHand(services, thread, [path]);
  expect(fake.executed).toEqual([opened(path)]);
});

test('a file that somebody deleted in the middle keeps the others from nothing', async () => {
  const { services } = openWindow({ files: ['deleted.txt', path] });
  fake.disk.set(currentUri(thread, path).path, '<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n');
  await mergeByHand(services, thread);
  expect(fake.executed).toEqual([opened(path)]);
});

test.each([
  ['completed', finishHandMerge],
  ['given up', abandonHandMerge],
])('a merge that was ended elsewhere is not %s from a message that is left of it', async (_, end) => {
  const { services, ended } = openWindow({ isEnded: true });
  await end(services, thread);
  // No question, no error, nothing asked of the host.
  expect([fake.warned, fake.executed, ended]).toEqual([[], [], []]);
  expect(fake.told).toEqual([expect.stringMatching(/^The merge in ".*" was completed or given up already\.$/)]);
});
