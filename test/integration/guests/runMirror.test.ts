import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { parseId } from '../../../src/base/ids.js';
import type { FarContainer } from '../../../src/drivers/guests/farContainer.js';
import { RunMirror } from '../../../src/drivers/guests/runMirror.js';
import { FarTooLarge } from '../../../src/drivers/guests/unpackFolder.js';
import { runFiles, runPath } from '../../../src/node/runFiles.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const run = parseId<'run'>('k3m9x2q7w4rt');
const sandbox = parseId<'sandbox'>('h8n4c6v2b5zd');
const diskBytes = 100_000;

function mirrorOf(container: Partial<FarContainer>): { readonly mirror: RunMirror; readonly output: string } {
  const stateDir = tempDirectory('muster-run-mirror');
  const dir = runPath(stateDir, run);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, runFiles.pid), '7');
  const remote = { run, sandbox, workspace: join(stateDir, 'none'), readOnly: true, doors: new Map(), diskBytes };
  const far: FarContainer = {
    relayMark: '/none',
    isRunning: async () => true,
    untilNextLook: () => new Promise(resolve => setImmediate(resolve)),
    tar: async () => undefined,
    begin: () => Promise.reject(new Error('nothing is begun')),
    tail: () => Promise.reject(new Error('nothing is followed')),
    ...container,
  };
  return { mirror: new RunMirror(stateDir, remote, far), output: join(dir, runFiles.stdout) };
}

test('a run elsewhere that never stops talking fills no disk of this machine', async () => {
  const { mirror, output } = mirrorOf({
    async tail(file) {
      const endless = function* () {
        while (file.endsWith(runFiles.stdout)) yield Buffer.alloc(30_000, 'x');
      };
      const said = Readable.from(endless());
      return { output: said, end: () => void said.destroy() };
    },
  });
  await expect(mirror.follow(new AbortController().signal)).rejects.toThrow(FarTooLarge);
  expect(statSync(output).size).toBeLessThanOrEqual(diskBytes);
});

test('what it said at last is not taken either when it is longer than a disk that it has', async () => {
  const { mirror, output } = mirrorOf({
    async tar(path) {
      if (!path.endsWith(runFiles.stdout)) return undefined;
      const archive = pack();
      archive.entry({ name: runFiles.stdout }, Buffer.alloc(10 * diskBytes, 'x'));
      archive.finalize();
      return archive.pipe(new PassThrough());
    },
  });
  await expect(mirror.fetch()).rejects.toThrow(FarTooLarge);
  expect(statSync(output).size).toBeLessThanOrEqual(diskBytes);
});
