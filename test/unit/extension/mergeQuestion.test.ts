import { beforeEach, expect, test, vi } from 'vitest';
import { approveAndMerge, approveThread, mergeThread } from '../../../src/extension/review/mergeThread.js';
import { mayLeaveAll } from '../../../src/extension/review/mergeQuestion.js';
import type { Services } from '../../../src/extension/services.js';
import { makeThread } from '../../support/protoThreads.js';

const fake = vi.hoisted(() => ({
  shown: [] as { text: string; buttons: readonly string[] }[],
  answers: [] as (string | undefined)[],
  commands: [] as string[],
}));
vi.mock('vscode', async original => {
  const ask = async (text: string, ...rest: readonly (string | { detail?: string })[]) => {
    const detail = rest.flatMap(each => (typeof each === 'string' ? [] : [each.detail ?? '']));
    const buttons = rest.filter(each => typeof each === 'string');
    fake.shown.push({ text: [text, ...detail].join(' '), buttons });
    return fake.answers.shift();
  };
  return {
    ...(await original<object>()),
    ProgressLocation: {},
    workspace: { getConfiguration: () => ({ get: () => undefined }), textDocuments: [] },
    commands: { executeCommand: async (...words: readonly string[]) => fake.commands.push(words.join(' ')) },
    window: {
      showWarningMessage: ask,
      showInformationMessage: async () => 'stay',
      setStatusBarMessage: () => undefined,
      withProgress: async (_: unknown, work: (progress: unknown, token: object) => unknown) =>
        work(undefined, { onCancellationRequested: () => ({ dispose: () => undefined }) }),
    },
  };
});

beforeEach(() => {
  fake.shown.length = 0;
  fake.answers.length = 0;
  fake.commands.length = 0;
});

const [seen, head] = ['1'.repeat(40), '2'.repeat(40)];
const base = { id: 'a', summary: 'Greet', agent: 'polite', status: 'ready', head, filesChanged: 1 } as const;

/** A window on a thread; what its host was asked to do. */
function openWindow(
  facts: { readonly shownHead?: string; readonly draftComments: number },
  { ends = ['merged'] } = {},
) {
  const thread = makeThread({ ...base, ...facts });
  const done: string[] = [];
  const left = [...ends];
  const services = {
    host: {
      threads: new Map([['a', thread]]),
      client: async () => ({
        threads: { getThread: async () => ({ thread }) },
        merges: {
          requestMerge: async ({ strategy }: { strategy: string }) => {
            done.push(`merge ${strategy}`.trim());
            return { merge: { id: 'm' } };
          },
          waitMerge: async () => ({
            merge: { id: 'm', status: left.shift(), files: ['a.txt'], target: 'main', message: '', commit: '' },
          }),
        },
      }),
    },
    attention: { handleHere: () => () => undefined },
    reviews: {
      save: async () => undefined,
      close: async () => undefined,
      hasEdits: () => false,
      isOpen: () => false,
      reviewedHead: async () => head,
      approve: async () => {
        done.push('approve');
        return head;
      },
    },
  } as unknown as Services;
  return { services, thread, done };
}

test('a merge that leaves a comment unsent is asked about, and sending it merges nothing', async () => {
  const { services, thread, done } = openWindow({ shownHead: head, draftComments: 1 });
  fake.answers.push('Request Changes');
  await mergeThread(services, thread);
  const text = 'Merge "Greet" without sending your comments? 1 comment was not sent to polite.';
  expect(fake.shown).toEqual([{ text, buttons: ['Request Changes', 'Merge Anyway'] }]);
  expect([done, fake.commands]).toEqual([[], ['muster.requestChanges a']]);
});

test('who dismisses the question merges nothing; who means it merges', async () => {
  const { services, thread, done } = openWindow({ shownHead: head, draftComments: 2 });
  await mergeThread(services, thread);
  expect(done).toEqual([]);
  fake.answers.push('Merge Anyway');
  await mergeThread(services, thread);
  expect(done).toEqual(['merge']);
  expect(fake.shown[1]?.text).toContain('2 comments were not sent to polite.');
});

test.each([
  ['nobody has looked', {}, 'Review Changes', 'Merge', 'Merge "Greet" without looking at it?'],
  [
    'it has changed since',
    { shownHead: seen },
    'What Changed Since',
    'Merge as It Is Now',
    'has changed since you looked',
  ],
])('where %s as well, there is one question', async (_, facts, review, merge, question) => {
  const { services, thread, done } = openWindow({ ...facts, draftComments: 1 });
  fake.answers.push(merge);
  await mergeThread(services, thread);
  expect(fake.shown).toEqual([
    { text: expect.stringContaining(question), buttons: [review, 'Request Changes', merge] },
  ]);
  expect(fake.shown[0]?.text).toContain('1 comment was not sent to polite.');
  expect(done).toEqual(['merge']);
  fake.answers.push('Request Changes');
  await mergeThread(services, thread);
  expect([done, fake.commands.at(-1)]).toEqual([['merge'], 'muster.requestChanges a']);
});

test('approving and merging asks once, before the approval', async () => {
  const { services, thread, done } = openWindow({ shownHead: head, draftComments: 1 });
  fake.answers.push('Request Changes', 'Merge Anyway');
  await approveAndMerge(services, thread);
  expect(done).toEqual([]);
  await approveAndMerge(services, thread);
  expect(done).toEqual(['approve', 'merge']);
  expect(fake.shown).toHaveLength(2);
});

test('what was agreed to is not asked again when the merge is tried in another way', async () => {
  const { services, thread, done } = openWindow(
    { shownHead: head, draftComments: 1 },
    { ends: ['conflicted', 'merged'] },
  );
  fake.answers.push('Merge Anyway', 'Rebase and Merge');
  await mergeThread(services, thread);
  expect(done).toEqual(['merge', 'merge rebase']);
  expect(fake.shown.map(({ buttons }) => buttons.includes('Merge Anyway'))).toEqual([true, false]);
});

test('an approval says the same', async () => {
  const { services, thread, done } = openWindow({ shownHead: head, draftComments: 1 });
  fake.answers.push('Approve Anyway');
  await approveThread(services, thread, { reviewed: true });
  const text = 'Approve "Greet" without sending your comments? 1 comment was not sent to polite.';
  expect(fake.shown).toEqual([{ text, buttons: ['Request Changes', 'Approve Anyway'] }]);
  expect(done).toEqual(['approve']);
});

test('before all that is approved is merged, those with comments are named', async () => {
  expect(await mayLeaveAll([makeThread(base)])).toBe(true);
  expect(fake.shown).toEqual([]);
  fake.answers.push('Merge Anyway');
  const others = [
    { ...base, id: 'b', summary: 'Wave', draftComments: 1 },
    { ...base, id: 'c', summary: 'Nod', draftComments: 3 },
  ];
  expect(await mayLeaveAll([base, ...others].map(each => makeThread(each)))).toBe(true);
  expect(fake.shown[0]?.text).toContain(
    '• Wave: 1 comment was not sent to polite.\n• Nod: 3 comments were not sent to polite.',
  );
  expect(fake.shown[0]?.text).not.toContain('Greet');
  expect(await mayLeaveAll(others.map(each => makeThread(each)))).toBe(false);
});
