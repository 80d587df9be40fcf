import { createReadStream } from 'node:fs';
import { EventEmitter, once } from 'node:events';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import type { Log } from '../../../src/base/log.js';
import { survivesStrayErrors } from '../../../src/host/log/strayErrors.js';

test('an error that nobody waits for is logged, and no longer after the host has ended', async () => {
  const reasons: unknown[] = [];
  const ignore = (): void => undefined;
  const log: Log = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (_, fields) => reasons.push(fields?.['reason']),
  };
  const source = new EventEmitter();
  const watching = survivesStrayErrors(log, source);
  // What a stream on a folder says, and what would end a process.
  const [error] = (await once(createReadStream(tmpdir()).resume(), 'end').catch((reason: unknown) => [reason])) as [
    Error,
  ];
  source.emit('uncaughtException', error);
  source.emit('unhandledRejection', 'a text');
  expect(reasons).toEqual([expect.stringContaining('EISDIR'), 'a text']);
  await watching.dispose();
  expect(source.listenerCount('uncaughtException')).toBe(0);
});
