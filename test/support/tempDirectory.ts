import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Takes what is to be done at the end of whatever something was made for; the last comes first. */
export type CleanUps = (work: () => Promise<void> | void) => void;

/** A directory of its own, removed after the test, or when `cleanUps` says. Short enough for a unix socket in it. */
export function tempDirectory(name = 'muster-test', cleanUps: CleanUps = onTestFinished): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `${name}-`)));
  cleanUps(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
