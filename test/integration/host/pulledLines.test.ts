import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { RunId } from '../../../src/base/ids.js';
import type { OutputLine, RunOutput } from '../../../src/core/runs/runOutput.js';
import { createNodeClock } from '../../../src/drivers/process/nodeClock.js';
import { createProcessSandbox } from '../../../src/drivers/process/createProcessSandbox.js';
import { pulledLines } from '../../../src/host/feed/pulledLines.js';
import { randomIds } from '../../support/randomIds.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { noSecrets } from '../../support/secretMasks.ts';

interface Tailed {
  readonly run: RunId;
  readonly file: string;
  readonly output: RunOutput;
  /** Tails that go on, and the most characters that were handed over without being read. */
  readonly seen: { open: number; handedOver: number };
}

/** A run's output file, tailed by the real driver. */
function tailed(text: string): Tailed {
  const stateDir = tempDirectory();
  const run = randomIds().next<'run'>();
  mkdirSync(join(stateDir, 'runs', run), { recursive: true });
  const file = join(stateDir, 'runs', run, 'stdout.ndjson');
  writeFileSync(file, text);
  const real = createProcessSandbox({
    maskOf: () => noSecrets,
    stateDir,
    clock: createNodeClock(),
    log: silentLog,
  }).output;
  const seen = { open: 0, handedOver: 0 };
  const output: RunOutput = {
    async tail(id, options) {
      seen.open++;
      const onLines = (lines: readonly OutputLine[]): void => {
        seen.handedOver += lines.reduce((sum, line) => sum + line.text.length, 0);
        options.onLines(lines);
      };
      return await real.tail(id, { ...options, onLines }).finally(() => seen.open--);
    },
  };
  return { run, file, output, seen };
}

const never = new AbortController().signal;
const ended = AbortSignal.abort();

describe('the lines of a run', () => {
  test('come once, in order and whole, however slow the reader is, and few of them wait', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `${n} ${'x'.repeat(90)}`);
    const { run, output, seen } = tailed(`${lines.join('\n')}\nunfinished`);
    const read: string[] = [];
    let most = 0;
    let taken = 0;
    for await (const batch of pulledLines(output, { run, from: 0, until: ended, signal: never })) {
      // Long enough for a tail that does not wait for its reader to read all of the file.
      await new Promise(resolve => setTimeout(resolve, 20));
      most = Math.max(most, seen.handedOver - taken);
      taken += batch.reduce((sum, line) => sum + line.text.length, 0);
      read.push(...batch.map(line => line.text));
    }
    expect(read).toEqual([...lines, 'unfinished']);
    expect(most).toBeLessThan(3_000_000);
    expect(seen.open).toBe(0);
  });

  test('that are written later follow until the writer has ended', async () => {
    const { run, file, output } = tailed('one\n');
    const until = new AbortController();
    const read: string[] = [];
    for await (const batch of pulledLines(output, { run, from: 0, until: until.signal, signal: never })) {
      read.push(...batch.map(line => line.text));
      if (read.length === 1) appendFileSync(file, 'two\n');
      else until.abort();
    }
    expect(read).toEqual(['one', 'two']);
  });

  test('a reader that leaves ends the tail', async () => {
    const { run, output, seen } = tailed('one\n');
    const until = new AbortController();
    for await (const _ of pulledLines(output, { run, from: 0, until: until.signal, signal: never })) break;
    await expect.poll(() => seen.open).toBe(0);
  });

  test('a reader whose call was cut off gets no more', async () => {
    const { run, output, seen } = tailed('one\n');
    const call = new AbortController();
    const until = new AbortController();
    for await (const _ of pulledLines(output, { run, from: 0, until: until.signal, signal: call.signal })) call.abort();
    expect(seen.open).toBe(0);
  });

  test('an error of the tail comes after what was read before it', async () => {
    const read: string[] = [];
    const output: RunOutput = {
      async tail(_, { onLines }) {
        onLines([{ text: 'one', truncated: false, end: 4 }]);
        throw new Error('the disk is gone');
      },
    };
    const reading = (async () => {
      const run = randomIds().next<'run'>();
      for await (const batch of pulledLines(output, { run, from: 0, until: never, signal: never })) {
        read.push(...batch.map(line => line.text));
      }
    })();
    await expect(reading).rejects.toThrow('the disk is gone');
    expect(read).toEqual(['one']);
  });
});
