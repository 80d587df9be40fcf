import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { attachedArguments, attachedScript } from '../../../src/core/agents/providers/attachedCommand.js';
import { FifoInputs, openWays } from '../../../src/drivers/process/fifoInputs.js';
import { RunFolderWatches } from '../../../src/drivers/process/runFolderWatches.js';
import { runPath } from '../../../src/node/runFiles.js';
import { countingIds } from '../../support/ids.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

/** A run's directory with a command that is told what to read while it runs. */
async function world(command: string) {
  const stateDir = tempDirectory();
  const run = countingIds().next<'run'>();
  const dir = runPath(stateDir, run);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'attached.sh'), attachedScript);
  writeFileSync(join(dir, 'prompt.txt'), command);
  const inputs = new FifoInputs({ stateDir, watches: new RunFolderWatches({ stateDir, log: silentLog }) });
  const start = () => {
    const [program = '', ...words] = attachedArguments(dir, join(dir, 'prompt.txt'), undefined);
    return spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  };
  return { dir, run, inputs, start };
}

async function answerOf(child: ReturnType<Awaited<ReturnType<typeof world>>['start']>): Promise<string> {
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  return Buffer.concat(chunks).toString();
}

describe.skipIf(process.platform === 'win32')('the input of a command', () => {
  test('arrives whole, also when all of it was there and ended before the command began', async () => {
    const { dir, run, inputs, start } = await world('wc -c');
    const sink = await inputs.make(run);
    await sink.write(Buffer.from('early'));
    sink.end();
    expect((await answerOf(start())).trim()).toBe('5');
    expect([existsSync(join(dir, 'input')), existsSync(join(dir, 'sizes'))]).toEqual([false, false]);
    sink.close();
  });

  test('ends when whoever gives it is gone, before the command began or after', async () => {
    const early = await world('cat; echo over');
    (await early.inputs.make(early.run)).close();
    expect(await answerOf(early.start())).toBe('over\n');
    const late = await world('echo begun; cat; echo over');
    const sink = await late.inputs.make(late.run);
    const child = late.start();
    await once(child.stdout, 'readable');
    sink.close();
    expect(await answerOf(child)).toBe('begun\nover\n');
  });

  test('of megabytes waits for a command that does not read, holds up nobody else, and is dropped when that ends', async () => {
    const { dir, run, inputs, start } = await world('read first; echo "$first"; exec tail -f /dev/null');
    const sink = await inputs.make(run);
    const child = start();
    const written = sink.write(Buffer.from(`first\n${'x'.repeat(4_000_000)}`));
    let taken = false;
    void written.then(() => (taken = true));
    await once(child.stdout, 'readable');
    // Files are read by the same threads that a blocked write would hold.
    const looks = Array.from({ length: 8 }, () => readFile(join(dir, 'prompt.txt'), 'utf8'));
    expect((await Promise.all(looks)).at(-1)).toContain('tail');
    expect(taken).toBe(false);
    child.kill();
    sink.close();
    await written;
    rmSync(dir, { recursive: true });
  });
});

test.skipIf(process.platform !== 'linux')(
  'of two pipes the first does not stay open when there is no second',
  async () => {
    const dir = tempDirectory();
    const [input, sizes] = [join(dir, 'input'), join(dir, 'sizes')];
    execFileSync('mkfifo', [input]);
    writeFileSync(sizes, 'no pipe');
    expect(() => openWays({ input, sizes })).toThrow('somebody put something else there');
    await expect.poll(() => openFiles()).not.toContain(input);
  },
);

function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').map(file => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`);
    } catch {
      // The one that the folder was read through.
      return '';
    }
  });
}
