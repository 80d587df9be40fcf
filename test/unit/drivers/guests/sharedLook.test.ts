import { expect, test } from 'vitest';
import { SharedLook } from '../../../../src/drivers/guests/sharedLook.js';

function looks(answer: (look: number) => Promise<number>) {
  let now = 0;
  let begun = 0;
  const look = new SharedLook(() => answer(++begun), { clock: { awake: () => now }, freshMs: 10_000 });
  return { look, begun: () => begun, pass: (ms: number) => void (now += ms) };
}

test('all who ask within ten seconds share one look, and one that is under way', async () => {
  const { look, begun, pass } = looks(async number => number);
  expect(await Promise.all([look.get(), look.get()])).toEqual([1, 1]);
  pass(9_999);
  expect(await look.get()).toBe(1);
  pass(1);
  expect(await look.get()).toBe(2);
  expect(begun()).toBe(2);
});

test('what took a second is looked at every 50 seconds', async () => {
  const { look, pass } = looks(async number => number);
  const first = look.get();
  pass(1_000);
  await first;
  pass(49_999);
  expect(await look.get()).toBe(1);
  pass(1);
  expect(await look.get()).toBe(2);
});

test('a failure is told to all and looked at again later; what is never answered is given up', async () => {
  const failing = looks(async number => {
    if (number === 1) throw new Error('refused');
    return number;
  });
  await expect(failing.look.get()).rejects.toThrow('refused');
  await expect(failing.look.get()).rejects.toThrow('refused');
  failing.pass(10_000);
  expect(await failing.look.get()).toBe(2);

  const hanging = looks(number => (number === 1 ? new Promise<number>(() => undefined) : Promise.resolve(number)));
  void hanging.look.get();
  hanging.pass(59_999);
  void hanging.look.get();
  expect(hanging.begun()).toBe(1);
  hanging.pass(1);
  expect(await hanging.look.get()).toBe(2);
});
