import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { parseId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { FarContainer } from '../../../src/drivers/guests/farContainer.js';
import { FollowedRuns } from '../../../src/drivers/guests/followedRuns.js';
import { RunMirror } from '../../../src/drivers/guests/runMirror.js';
import { FarTooLarge } from '../../../src/drivers/guests/unpackFolder.js';
import { runFiles, runPath } from '../../../src/node/runFiles.js';
import { FakeClock } from '../../support/clock.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

const run = parseId<'run'>('k3m9x2q7w4rt');
const sandbox = parseId<'sandbox'>('h8n4c6v2b5zd');

/** A run elsewhere whose files come to `fetched`, and which is removed at the third attempt. */
function follow(fetched: Error | undefined) {
  const stateDir = tempDirectory('muster-followed-');
  const dir = runPath(stateDir, run);
  mkdirSync(dir, { recursive: true });
  const remote = { run, sandbox, workspace: join(stateDir, 'none'), readOnly: true, doors: new Map() };
  const none = async (): Promise<never> => await Promise.reject(new Error('nobody asks'));
  const far: FarContainer = {
    relayMark: '/none',
    isRunning: none,
    untilNextLook: none,
    tar: none,
    begin: none,
    tail: none,
  };
  const clock = new FakeClock();
  const runs = new FollowedRuns({ log: silentLog, clock });
  onTestFinished(() => runs.dispose());
  const asked: string[] = [];
  runs.begin({
    run,
    mirror: new RunMirror(stateDir, remote, far),
    async fetch() {
      asked.push('fetch');
      if (fetched) throw fetched;
    },
    async remove() {
      asked.push('remove');
      if (asked.length < 4) throw new AppError('sandbox.unavailable', 'away', { driver: 'docker', reason: 'away' });
    },
    whyGone: error => (error instanceof RangeError ? 'It went.' : undefined),
    isElsewhere: () => false,
  });
  const over = async (): Promise<void> => {
    let isOver = false;
    void runs.over(run).then(() => (isOver = true));
    await expect
      .poll(async () => {
        await clock.advance(2_000);
        return isOver;
      })
      .toBe(true);
  };
  return { runs, asked, over, complaints: () => readFileSync(join(dir, runFiles.stderr), 'utf8') };
}

test.each([
  {
    error: new FarTooLarge(10),
    why: /more than the 10 bytes that it may add \(resources\.disk\), and was not taken over\.$/,
  },
  { error: new RangeError('gone'), why: /^It went\.$/ },
])(
  'a run whose files do not come back says why, and is removed however often that fails ($error.message)',
  async ({ error, why }) => {
    const { runs, asked, over, complaints } = follow(error);
    await over();
    expect(asked).toEqual(['fetch', 'remove', 'remove', 'remove']);
    expect(runs.whyLost(run)).toMatch(why);
    expect(complaints()).toContain(runs.whyLost(run));
  },
);

test('what cannot be fetched at all is told, and left where it is', async () => {
  const { runs, asked, over, complaints } = follow(new Error('EIO: i/o error, write'));
  await over();
  expect(asked).toEqual(['fetch', 'fetch', 'fetch', 'fetch', 'fetch']);
  expect(runs.whyLost(run)).toBe('What the run left could not be fetched: EIO: i/o error, write.');
  expect(complaints()).toContain('EIO: i/o error, write.');
});

test('what came back is not fetched again when it cannot be removed at once', async () => {
  const { runs, asked, over } = follow(undefined);
  await over();
  expect(asked).toEqual(['fetch', 'remove', 'remove', 'remove']);
  expect(runs.whyLost(run)).toBeUndefined();
});
