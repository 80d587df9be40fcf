import { describe, expect, test } from 'vitest';
import { parseExit, parseIdentity } from '../../../../src/drivers/process/runRecords.js';

describe('exit.json', () => {
  test.each([
    { text: '{"code":0}', exit: { code: 0 } },
    { text: `${'{"code":3}'.padEnd(255)}\n`, exit: { code: 3 } },
    { text: '{"signal":15}', exit: { signal: 'SIGTERM' } },
    { text: '{"signal":"SIGKILL"}', exit: { signal: 'SIGKILL' } },
    { text: '{"signal":63}', exit: { signal: 'SIG63' } },
  ])('$text', ({ text, exit }) => {
    expect(parseExit(text, 5)).toEqual({ ...exit, endedAt: 5 });
  });

  test.each(['', '\0\0\0', '{', '[]', 'null', '{"code":"0"}', '{"code":1.5}', '{}'])('%j is not readable', text => {
    expect(parseExit(text, 5)).toBeUndefined();
  });
});

describe('pid', () => {
  test('names the wrapper', () => {
    const identity = { pid: 77, group: 77, start: '123', boot: 'b' };
    expect(parseIdentity(`${JSON.stringify(identity).padEnd(255)}\n`)).toEqual(identity);
  });

  // As the target of a signal, 0, 1 and -1 would mean far more than a run.
  test.each([0, 1, -1, -77, 1.5, '77', null])('never names the process or group %j', number => {
    const identity = { pid: 77, group: 77, start: '123', boot: 'b' };
    expect(parseIdentity(JSON.stringify({ ...identity, pid: number }))).toBeUndefined();
    expect(parseIdentity(JSON.stringify({ ...identity, group: number }))).toBeUndefined();
  });
});
