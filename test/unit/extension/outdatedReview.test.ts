import { beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { approveThread, mergeThread } from '../../../src/extension/review/mergeThread.js';
import type { Services } from '../../../src/extension/services.js';
import { makeThread } from '../../support/protoThreads.js';

const fake = vi.hoisted(() => ({ shown: [] as unknown[], answers: [] as (string | undefined)[] }));
vi.mock('vscode', async original => ({
  ...(await original<object>()),
  ProgressLocation: {},
  workspace: { getConfiguration: () => ({ get: () => undefined }), textDocuments: [] },
  window: {
    showWarningMessage: async (text: string, ...rest: readonly (string | { detail?: string })[]) => {
      const detail = rest.flatMap(each => (typeof each === 'string' ? [] : [each.detail ?? '']));
      fake.shown.push({ text: [text, ...detail].join(' '), buttons: rest.filter(each => typeof each === 'string') });
      return fake.answers.shift();
    },
    setStatusBarMessage: () => undefined,
    withProgress: async (_: unknown, work: () => unknown) => work(),
  },
}));

beforeEach(() => {
  fake.shown.length = 0;
  fake.answers.length = 0;
});

const [seen, now] = ['1'.repeat(40), '2'.repeat(40)];
const thread = makeThread({ id: 'a', summary: 'Greet', status: 'ready', shownHead: seen, head: now });

/** A window where somebody reads a review that an agent has changed beneath them. */
function openWindow({ isOpen, conflictFiles = [] }: { readonly isOpen: boolean; readonly conflictFiles?: string[] }) {
  const opened: object[] = [];
  const approved: string[] = [];
  const services = {
    host: {
      threads: new Map([['a', thread]]),
      client: async () => ({
        threads: { getThread: async () => ({ thread: { ...thread, conflictFiles, conflictTarget: 'main' } }) },
      }),
    },
    reviews: {
      save: async () => undefined,
      hasEdits: () => false,
      isOpen: () => isOpen,
      open: async (_thread: object, _signal: object, options: object = {}) => opened.push(options),
      approve: async (_thread: object, { shown = '' }: { shown?: string }) => {
        if (shown !== '') throw new AppError('review.outdated', 'changed', { thread: 'a', files: ['notes.txt'] });
        approved.push(now);
        return now;
      },
    },
  } as unknown as Services;
  return { services, opened, approved };
}

test('a merge of what has changed says what is on screen, and leads to what changed', async () => {
  const { services, opened } = openWindow({ isOpen: true });
  fake.answers.push('What Changed Since');
  await mergeThread(services, thread);
  const text =
    '"Greet" has changed since you looked at it. Merge it as it is now? ' +
    'You saw commit 11111111, and it is at 22222222 now. The review that is open shows it as it is now.';
  expect(fake.shown).toEqual([{ text, buttons: ['What Changed Since', 'Merge as It Is Now'] }]);
  expect(opened).toEqual([{ sinceLast: true }]);
});

test('an approval of what has changed says what is on screen, and takes that when this is meant', async () => {
  const { services, opened, approved } = openWindow({ isOpen: true });
  fake.answers.push('What Changed Since', 'Approve as It Is Now');
  await approveThread(services, thread, { reviewed: true });
  expect([opened, approved]).toEqual([[{ sinceLast: true }], []]);
  await approveThread(services, thread, { reviewed: true });
  expect(approved).toEqual([now]);
  const text = '"Greet" has changed since you reviewed it: notes.txt. The review that is open shows it as it is now.';
  expect(fake.shown[1]).toEqual({ text, buttons: ['What Changed Since', 'Approve as It Is Now'] });
});

test('of a review that is not open nothing is said', async () => {
  const { services } = openWindow({ isOpen: false });
  await approveThread(services, thread, { reviewed: true });
  expect(fake.shown).toMatchObject([{ text: '"Greet" has changed since you reviewed it: notes.txt.' }]);
});

test('what a merge is known to conflict with is said when it is asked for', async () => {
  const { services } = openWindow({ isOpen: false, conflictFiles: ['notes.txt', 'README.md'] });
  await mergeThread(services, thread);
  const text = 'You saw commit 11111111, and it is at 22222222 now. It conflicts with main in notes.txt, README.md.';
  expect(fake.shown).toMatchObject([{ text: expect.stringContaining(text) }]);
});
