import { afterEach, beforeEach, expect, test } from 'vitest';
import { OrderShell } from '../../../src/node/orderShell.js';

const answerMs = 100;
let shell: OrderShell;
beforeEach(() => {
  shell = new OrderShell({ program: '/bin/sh', env: { PATH: '/usr/bin:/bin' }, answerMs });
});
afterEach(() => shell.dispose());

/** What one order says first; undefined when its shell has ended. */
function say(text: (token: string) => string): Promise<string | undefined> {
  return new Promise(resolve => {
    const over = shell.order(text, words => {
      over();
      resolve(words);
    });
  });
}

/** Nothing of this process goes on meanwhile, as on a machine that writes to its swap. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test.runIf(process.platform === 'linux')('a shell that answered while the host stood still is not ended', async () => {
  const pid = await say(token => `echo ${token} $$`);
  // The first order is with the shell before this process stands still.
  const answers = [say(token => `echo ${token} one`)];
  await new Promise(resolve => setImmediate(resolve));
  standStill(5 * answerMs);
  answers.push(say(token => `echo ${token} two`));
  expect(await Promise.all(answers)).toEqual(['one', 'two']);
  expect(await say(token => `echo ${token} $$`)).toBe(pid);
});

test.runIf(process.platform === 'linux')('one that hangs is ended, and the next order has another', async () => {
  const pid = await say(token => `echo ${token} $$`);
  process.kill(Number(pid), 'SIGSTOP');
  expect(await say(token => `echo ${token} never`)).toBeUndefined();
  expect(await say(token => `echo ${token} $$`)).not.toBe(pid);
});
