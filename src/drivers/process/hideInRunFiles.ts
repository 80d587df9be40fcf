import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { RunId } from '../../base/ids.js';
import { openForeignFile } from '../../node/foreignFile.js';
import type { SecretMask } from '../../node/secretMask.js';
import { runFiles, runPath } from '../../node/runFiles.js';

/** Per turn of the event loop: half a millisecond of work. */
const sliceBytes = 64 * 1024;

/** Overwrites the secrets in what a run wrote, where they stand: places in the files stay what they are. */
export async function hideInRunFiles(stateDir: string, run: RunId, mask: SecretMask): Promise<void> {
  for (const name of [runFiles.stdout, runFiles.stderr]) await hideInFile(join(runPath(stateDir, run), name), mask);
}

async function hideInFile(path: string, mask: SecretMask): Promise<void> {
  const opened = await openForeignFile(path, { write: true });
  if (opened.kind !== 'file') return;
  const { file } = opened;
  try {
    const buffer = Buffer.alloc(sliceBytes + 2 * mask.reach);
    for (let at = 0; ; at += sliceBytes) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      for (const { from, to } of mask.hide(buffer, 0, bytesRead)) await file.write(buffer, from, to - from, at + from);
      if (bytesRead < buffer.length) return;
      await setImmediate();
    }
  } finally {
    await file.close();
  }
}
