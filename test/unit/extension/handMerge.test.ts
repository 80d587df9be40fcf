import { afterEach, expect, test, vi } from 'vitest';
import type { Services } from '../../../src/extension/services.js';
import { finishHandMerge } from '../../../src/extension/review/handMerge.js';
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
  return { Uri, groups, executed: [] as string[], warned: [] as string[] };
});
vi.mock('vscode', async original => {
  const nothing = { dispose: () => undefined };
  const never = () => nothing;
  return {
    ...(await original<object>()),
    Uri: fake.Uri,
    Disposable: { from: () => nothing },
    ProgressLocation: {},
    commands: { executeCommand: async (command: string) => void fake.executed.push(command) },
    workspace: { textDocuments: [], onDidChangeTextDocument: never, onDidCloseTextDocument: never },
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
      showWarningMessage: async (text: string) => void fake.warned.push(text),
      showInformationMessage: async () => undefined,
      withProgress: async (_: unknown, work: () => unknown) => work(),
    },
  };
});

afterEach(() => {
  vi.restoreAllMocks();
  fake.executed.length = 0;
  fake.warned.length = 0;
});

const path = 'src/greet.js';
const thread = makeThread({ id: '3f2a9k4m7p0q', handMerge: 'main', worktree: '/w' });

/** A window on a thread with a merge editor, and what it asked of its host. */
function openWindow() {
  const ended: object[] = [];
  const client = {
    threads: { getThread: async () => ({ thread }) },
    merges: {
      beginHandMerge: async () => ({ files: [path], base: 'b', ours: 'o', theirs: 't', target: 'main' }),
      endHandMerge: async (request: object) => {
        ended.push(request);
        return { target: 'main', head: 'abc' };
      },
    },
  };
  const services = {
    host: { client: async () => client },
    reviews: { save: async () => undefined },
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
