import { expect, test } from 'vitest';
import { deferred } from '../../../../src/base/async.js';
import type { Run } from '../../../../src/core/runs/run.js';
import { WorkflowBudget } from '../../../../src/core/scripts/workflowBudget.js';

const never = new AbortController().signal;

/** Agents that cost ten tokens each and end when they are told to. */
function world(total: number) {
  let spent = 0;
  const atWork: (() => void)[] = [];
  const budget = new WorkflowBudget(total, () => spent);
  const begin = async (signal = never): Promise<string> => {
    const work = async () => {
      const over = deferred<void>();
      atWork.push(over.resolve);
      await over.promise;
      spent += 10;
      return { run: { outputTokens: 10 } as Run };
    };
    return await budget.run(work, signal).then(
      () => 'done',
      (error: unknown) => (error as Error).message,
    );
  };
  /** Whatever could go on has done so. */
  const settled = () => new Promise(resolve => setImmediate(resolve));
  return {
    begin,
    atWork,
    async endOne(): Promise<void> {
      atWork.shift()?.();
      await settled();
    },
    settled,
    spent: () => spent,
  };
}

test('what is at work counts as much as the dearest that has ended: the rest waits, and then there is nothing left', async () => {
  const { begin, atWork, endOne, settled, spent } = world(45);
  const first = begin();
  await settled();
  await endOne();
  expect(await first).toBe('done');
  const many = Array.from({ length: 6 }, () => begin());
  await settled();
  // Ten are spent; of the 35 that are left three use thirty.
  expect(atWork).toHaveLength(3);
  await endOne();
  expect(atWork).toHaveLength(2);
  await endOne();
  await endOne();
  // The last five are one agent's.
  expect(atWork).toHaveLength(1);
  await endOne();
  expect(await Promise.all(many)).toEqual([
    ...Array.from({ length: 4 }, () => 'done'),
    ...Array.from({ length: 2 }, () => 'The workflow has used its budget: 50 of 45 output tokens.'),
  ]);
  expect(spent()).toBe(50);
});

test('nobody waits before it is known what one costs, and one that waits ends with its workflow', async () => {
  const { begin, atWork, endOne, settled } = world(35);
  const abort = new AbortController();
  const first = [begin(), begin()];
  await settled();
  expect(atWork).toHaveLength(2);
  await endOne();
  const late = [begin(), begin(abort.signal)];
  await settled();
  expect(atWork).toHaveLength(2);
  abort.abort(new Error('over'));
  await endOne();
  await endOne();
  expect(await Promise.all([...first, ...late])).toEqual(['done', 'done', 'done', 'over']);
});
