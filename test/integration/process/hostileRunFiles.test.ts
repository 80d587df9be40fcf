import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { RunId } from '../../../src/base/ids.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { createProcessSandbox } from '../../../src/drivers/process/createProcessSandbox.js';
import { hideInRunFiles } from '../../../src/drivers/process/hideInRunFiles.js';
import { runFiles } from '../../../src/node/runFiles.js';
import { readRunLog } from '../../../src/host/feed/runLog.js';
import { countingIds } from '../../support/ids.js';
import { maskOf } from '../../support/secretMasks.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const mask = maskOf('very-secret-value');
const kinds: Readonly<Record<string, (path: string) => void>> = {
  'named pipe': path => execFileSync('mkfifo', [path]),
  'folder': path => mkdirSync(path),
  'device': path => symlinkSync('/dev/zero', path),
  'link to a FIFO': path => {
    execFileSync('mkfifo', [`${path}.fifo`]);
    symlinkSync(`${path}.fifo`, path);
  },
  'file of 100 MB': path => {
    writeFileSync(path, 'x');
    truncateSync(path, 100_000_000);
  },
};

async function runWith(name: string, make: (path: string) => void) {
  const stateDir = tempDirectory();
  const run: RunId = countingIds().next();
  const sandbox = createProcessSandbox({ stateDir, maskOf: () => mask, clock: createNodeClock(), log: silentLog });
  await sandbox.directory.create(run, { spec: {}, prompt: '', files: {} });
  const dir = sandbox.directory.path(run);
  rmSync(join(dir, name), { recursive: true, force: true });
  make(join(dir, name));
  return { stateDir, run, sandbox, dir };
}

describe.skipIf(process.platform === 'win32')(
  'an agent that puts something else at a name of its run directory',
  () => {
    const cases = Object.values(runFiles).flatMap(name => Object.keys(kinds).map(kind => [name, kind] as const));

    test.each(cases)('(%s: a %s) does not hold up the host', { timeout: 60_000 }, async (name, kind) => {
      const make = kinds[kind];
      if (!make) throw new Error(kind);
      const { stateDir, run, sandbox, dir } = await runWith(name, make);
      const { directory, output, runs, mailbox } = sandbox;
      const longestMs = kind === 'file of 100 MB' ? 30_000 : 3_000;
      const began = performance.now();
      const stop = AbortSignal.timeout(longestMs);
      await directory.readExit(run);
      expect(mailbox.unanswered(run)).toEqual([]);
      await directory.claimStart(run);
      await directory.stderrTail(run, 4096);
      expect(await runs.isAlive(run)).toBe(false);
      await output
        .tail(run, { from: 0, onLines: () => {}, until: AbortSignal.abort(), signal: stop })
        .catch(() => 'refused');
      for (const file of ['stdout.ndjson', 'stderr.log']) {
        const request = { file: join(dir, file), from: 0, tailBytes: 4096, follow: false, ended: AbortSignal.abort() };
        for await (const _ of readRunLog({ ...request, signal: stop, maskOf: () => mask })) continue;
      }
      await hideInRunFiles(stateDir, run, mask);
      expect(performance.now() - began).toBeLessThan(longestMs + 1_000);
    });
  },
);

test('a secret is not overwritten in a file of the user’s that has a second name in the run directory', async () => {
  const users = join(tempDirectory(), 'notes.txt');
  writeFileSync(users, 'very-secret-value\n');
  const { stateDir, run, dir } = await runWith('stdout.ndjson', path => linkSync(users, path));
  await hideInRunFiles(stateDir, run, mask);
  expect(readFileSync(users, 'utf8')).toBe('very-secret-value\n');
  rmSync(join(dir, 'stdout.ndjson'));
  closeSync(openSync(join(dir, 'stdout.ndjson'), 'w', 0o600));
  writeFileSync(join(dir, 'stdout.ndjson'), 'a very-secret-value\n');
  await hideInRunFiles(stateDir, run, mask);
  expect(readFileSync(join(dir, 'stdout.ndjson'), 'utf8')).toBe(`a ${'*'.repeat(17)}\n`);
});

test('secrets are hidden in a file of many slices, also where two slices meet', async () => {
  const slice = 256 * 1024;
  const { stateDir, run, dir } = await runWith('stdout.ndjson', path => {
    const text = Buffer.alloc(3 * slice, 'x');
    for (const at of [0, slice - 5, 2 * slice - 17, 3 * slice - 17]) text.write('very-secret-value', at);
    writeFileSync(path, text);
  });
  await hideInRunFiles(stateDir, run, mask);
  const text = readFileSync(join(dir, 'stdout.ndjson'), 'utf8');
  expect(text).toHaveLength(3 * slice);
  expect(text.match(/\*{17}/g)).toHaveLength(4);
  expect(text).not.toContain('secret');
});
