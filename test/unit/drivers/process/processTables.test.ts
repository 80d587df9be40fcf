import { describe, expect, test } from 'vitest';
import { parseLinuxEnvironment, parseLinuxStat } from '../../../../src/drivers/process/linuxProcessTable.js';
import { parsePsListing } from '../../../../src/drivers/process/macosProcessTable.js';
import { SharedList } from '../../../../src/drivers/process/processTable.js';
import type { ProcessEntry } from '../../../../src/drivers/process/processTable.js';
import { parseWindowsListing } from '../../../../src/drivers/process/windowsProcessTable.js';

describe('Linux', () => {
  const after = '1 4242 4242 0 -1 4194560 5 0 0 0 0 0 0 0 20 0 1 0 987654 2560000 354 18446744073709551615';

  test('reads a process whose name holds blanks and parentheses', () => {
    expect(parseLinuxStat(`4242 (evil) S 7 (name)) S ${after}`)).toEqual({
      pid: 4242,
      parent: 1,
      group: 4242,
      session: 4242,
      start: '987654',
    });
  });

  test.each(['Z', 'X'])('a process in state %s is not alive', state => {
    expect(parseLinuxStat(`4242 (sh) ${state} ${after}`)).toBeUndefined();
  });

  test.each(['', 'garbage', '12 (sh) S 1'])('%j is no process', text => {
    expect(parseLinuxStat(text)).toBeUndefined();
  });

  test.each([
    { environment: 'MUSTER_RUN_ID=abc\0PATH=/bin\0', run: 'abc' },
    { environment: 'PATH=/bin\0MUSTER_RUN_ID=abc\0', run: 'abc' },
    { environment: 'PATH=/bin\0MUSTER_RUN_ID=abc', run: 'abc' },
    { environment: 'X=MUSTER_RUN_ID=no\0MUSTER_RUN_ID=yes\0', run: 'yes' },
    { environment: 'NOT_MUSTER_RUN_ID=no\0', run: undefined },
    { environment: '', run: undefined },
  ])('finds the run in $environment', ({ environment, run }) => {
    expect(parseLinuxEnvironment(Buffer.from(environment))).toBe(run);
  });
});

describe('macOS', () => {
  test('reads what ps prints', () => {
    const listing = [
      '    1     0     1 Ss   Mon Nov  3 08:15:00 2025 /sbin/launchd',
      '  501   500   501 S+   Thu Nov 20 21:57:34 2025 node agent.js PATH=/bin MUSTER_RUN_ID=0123456789ab HOME=/Users/me',
      '  502   500   501 Z    Thu Nov 20 21:57:35 2025 (node)',
      '  503     1   503 S    Thu Nov 20 21:57:36 2025 /bin/sh -c script MUSTER_RUN_ID=0123456789ac /run',
      '',
    ].join('\n');
    expect(parsePsListing(listing)).toEqual([
      { pid: 1, parent: 0, group: 1, session: 1, start: 'Mon Nov 3 08:15:00 2025' },
      { pid: 501, parent: 500, group: 501, session: 501, start: 'Thu Nov 20 21:57:34 2025', run: '0123456789ab' },
      { pid: 503, parent: 1, group: 503, session: 503, start: 'Thu Nov 20 21:57:36 2025', run: '0123456789ac' },
    ]);
  });
});

describe('Windows', () => {
  test('hands the id of a run down from the wrapper to its descendants, and not to strangers', () => {
    const listing = JSON.stringify([
      { pid: 4, parent: 0, start: 0, command: null },
      { pid: 100, parent: 4, start: 1000, command: 'node -e … MUSTER_RUN_ID=0123456789ab {}' },
      { pid: 101, parent: 100, start: 1001, command: 'claude.exe' },
      { pid: 102, parent: 101, start: 1002, command: 'git status' },
      // Its parent's number was given to the wrapper later.
      { pid: 103, parent: 100, start: 500, command: 'stranger.exe' },
    ]);
    expect(parseWindowsListing(listing).map(({ pid, run }) => ({ pid, run }))).toEqual([
      { pid: 4, run: undefined },
      { pid: 100, run: '0123456789ab' },
      { pid: 101, run: '0123456789ab' },
      { pid: 102, run: '0123456789ab' },
      { pid: 103, run: undefined },
    ]);
  });

  test('reads a listing of one process, which PowerShell does not put into a list', () => {
    expect(parseWindowsListing('{"pid":7,"parent":1,"start":5,"command":"x"}')).toHaveLength(1);
  });
});

test('a listing is shared by those who ask while an earlier one is read, and never older than the question', async () => {
  const readings: PromiseWithResolvers<readonly ProcessEntry[]>[] = [];
  const shared = new SharedList(() => {
    const reading = Promise.withResolvers<readonly ProcessEntry[]>();
    readings.push(reading);
    return reading.promise;
  });
  const entry = (pid: number): ProcessEntry => ({ pid, parent: 1, group: 1, session: 1, start: '' });
  const first = shared.list();
  await Promise.resolve();
  const second = shared.list();
  const third = shared.list();
  expect(readings).toHaveLength(1);
  readings[0]?.resolve([entry(1)]);
  expect(await first).toEqual([entry(1)]);
  await expect.poll(() => readings.length).toBe(2);
  readings[1]?.resolve([entry(2)]);
  expect(await second).toEqual([entry(2)]);
  expect(await third).toEqual([entry(2)]);
});
