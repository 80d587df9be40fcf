import { beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { undoMerge } from '../../../src/extension/review/undoMerge.js';
import type { Services } from '../../../src/extension/services.js';
import { makeThread } from '../../support/protoThreads.js';

const fake = vi.hoisted(() => ({ shown: [] as unknown[], answers: [] as (string | undefined)[] }));
vi.mock('vscode', async original => {
  const show = async (text: string, ...rest: readonly (string | { detail?: string })[]) => {
    const detail = rest.flatMap(each => (typeof each === 'string' ? [] : [each.detail]));
    fake.shown.push({ text, detail, buttons: rest.filter(each => typeof each === 'string') });
    return fake.answers.shift();
  };
  return {
    ...(await original<object>()),
    ProgressLocation: {},
    window: {
      showErrorMessage: show,
      showWarningMessage: show,
      setStatusBarMessage: () => undefined,
      withProgress: async (_: unknown, work: () => unknown) => work(),
    },
  };
});

beforeEach(() => {
  fake.shown.length = 0;
  fake.answers.length = 0;
});

const thread = makeThread({ id: 'qq92sxrqmnma', summary: 'Edit one' });
const reason =
  'main is checked out in /r2, where these files are edited: notes.txt. Commit them, then undo the merge again';

test('an undo that was refused is told by the title of the thread, readable whole, and can be tried again', async () => {
  let refusals = 2;
  const undo = async () => {
    if (refusals-- > 0) throw new AppError('merge.refused', 'refused', { thread: thread.id, reason });
    return { kind: 'restored', target: 'main', commit: '1'.repeat(40) };
  };
  const services = { host: { client: async () => ({ merges: { undoMerge: undo } }) } } as unknown as Services;
  fake.answers.push('Show Details', 'Try Again', 'Try Again');
  await undoMerge(services, thread);
  const text = 'The merge of "Edit one" was not undone.';
  const told = { text: `${text} ${reason}.`, detail: [], buttons: ['Try Again', 'Show Details'] };
  expect(fake.shown).toEqual([told, { text, detail: [`${reason}.`], buttons: ['Try Again'] }, told]);
  expect(refusals).toBe(-1);
});
