import { beforeEach, expect, test, vi } from 'vitest';
import { approveAndMerge, approveThread, mergeThread } from '../../../src/extension/review/mergeThread.js';
import { mayLeaveAll } from '../../../src/extension/review/mergeQuestion.js';
import type { Services } from '../../../src/extension/services.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Thread, ThreadSchema } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { makeThread } from '../../support/protoThreads.js';

const fake = vi.hoisted(() => ({
  shown: [] as { text: string; buttons: readonly string[] }[],
  answers: [] as (string | undefined)[],
  commands: [] as string[],
  /** What happens elsewhere while each message is read. */
  meanwhile: [] as (() => void)[],
}));
vi.mock('vscode', async original => {
  const ask = async (text: string, ...rest: readonly (string | { detail?: string })[]) => {
    const detail = rest.flatMap(each => (typeof each === 'string' ? [] : [each.detail ?? '']));
    const buttons = rest.filter(each => typeof each === 'string');
    fake.shown.push({ text: [text, ...detail].join(' '), buttons });
    const answer = fake.answers.shift();
    fake.meanwhile.shift()?.();
    return answer;
  };
  return {
    ...(await original<object>()),
    ProgressLocation: {},
    workspace: { getConfiguration: () => ({ get: () => undefined }), textDocuments: [] },
    commands: { executeCommand: async (...words: readonly string[]) => fake.commands.push(words.join(' ')) },
    window: {
      showWarningMessage: ask,
      showInformationMessage: ask,
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
  fake.meanwhile.length = 0;
});

const [seen, head] = ['1'.repeat(40), '2'.repeat(40)];
const base = { id: 'a', summary: 'Greet', agent: 'polite', status: 'ready', head, filesChanged: 1 } as const;

/** Without those that tell of a merge. */
function questions() {
  return fake.shown.filter(({ buttons }) => !buttons.includes('Undo Merge'));
}

/** A window on a thread; what its host was asked to do. */
function openWindow(
  facts: { readonly shownHead?: string; readonly draftComments: number },
  { ends = ['merged'] } = {},
) {
  const thread = makeThread({ ...base, ...facts });
  const done: string[] = [];
  const left = [...ends];
  let now: Thread | undefined;
  const become = (later: MessageInitShape<typeof ThreadSchema>): void =>
    void (now = makeThread({ ...base, ...facts, ...later }));
  const services = {
    host: {
      threads: new Map([['a', thread]]),
      client: async () => ({
        threads: { getThread: async () => ({ thread: now ?? thread }) },
        merges: {
          requestMerge: async ({ strategy }: { strategy: string }) => {
            done.push(`merge ${strategy}`.trim());
            become({ latestMerge: { id: 'm', status: left[0] ?? '' } });
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
  return { services, thread, done, become };
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
  expect(questions()).toEqual([
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
  expect(questions()).toHaveLength(2);
});

test('what was agreed to is not asked again when the merge is tried in another way', async () => {
  const { services, thread, done } = openWindow(
    { shownHead: head, draftComments: 1 },
    { ends: ['conflicted', 'merged'] },
  );
  fake.answers.push('Merge Anyway', 'Rebase and Merge');
  await mergeThread(services, thread);
  expect(done).toEqual(['merge', 'merge rebase']);
  expect(questions().map(({ buttons }) => buttons.includes('Merge Anyway'))).toEqual([true, false]);
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

test('what was merged elsewhere is not asked about', async () => {
  const { services, thread, done, become } = openWindow({ draftComments: 1 });
  become({ status: 'merged', outcome: 'merged' });
  await mergeThread(services, thread);
  await approveAndMerge(services, thread);
  const told = { text: '"Greet" is merged already.', buttons: [] };
  expect(fake.shown).toEqual([told, told]);
  expect(done).toEqual([]);
});

test('a button of a message looks whether what it offers is still so', async () => {
  const { services, thread, done, become } = openWindow(
    { shownHead: head, draftComments: 0 },
    { ends: ['conflicted'] },
  );
  fake.answers.push('Rebase and Merge');
  fake.meanwhile.push(() =>
    become({ status: 'merged', outcome: 'merged', latestMerge: { id: 'later', status: 'merged' } }),
  );
  await mergeThread(services, thread);
  expect(done).toEqual(['merge']);
  expect(fake.shown.at(-1)?.text).toBe('This message is out of date: "Greet" has moved on (Merged).');
});

test.each([
  ['is undone', { latestMerge: { id: 'm', status: 'merged', undone: 'restored' } }, 0],
  ['has another merge', { status: 'merged', latestMerge: { id: 'later', status: 'merged' } }, 0],
  ['has it still', { status: 'merged', latestMerge: { id: 'm', status: 'merged' } }, 1],
])('a merge is taken back from its message only where the thread %s', async (_, later, undos) => {
  const { services, thread, become } = openWindow({ shownHead: head, draftComments: 0 });
  fake.answers.push('Undo Merge');
  fake.meanwhile.push(() => become(later));
  await mergeThread(services, thread);
  await expect.poll(() => fake.shown.length + fake.commands.length).toBe(2);
  expect(fake.commands).toEqual(undos === 1 ? ['muster.undoMerge a'] : []);
});
