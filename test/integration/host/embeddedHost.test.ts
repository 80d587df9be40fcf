import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectHost } from '../../../src/client/hostClient.js';
import { startHost, type Host } from '../../../src/host/bootstrap.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

const never = new AbortController().signal;

async function start(stateDir: string): Promise<Host> {
  const host = await startHost({ stateDir, mode: 'embedded', distDir: '/nowhere' });
  onTestFinished(async () => {
    host.shutdown('the test is over');
    await host.ended;
  });
  return host;
}

describe('a host inside another process', () => {
  test('gives everything back when it ends, so that the same process may start the next', async () => {
    const stateDir = tempDirectory();
    const first = await start(stateDir);
    await expect(startHost({ stateDir, mode: 'embedded', distDir: '/nowhere' })).rejects.toMatchObject({
      code: 'host.locked',
    });
    first.shutdown('enough');
    first.shutdown('enough, again');
    await first.ended;
    expect(existsSync(join(stateDir, 'endpoint.json'))).toBe(false);
    expect(existsSync(first.facts.socket)).toBe(false);
    const second = await start(stateDir);
    const client = await connectHost({ stateDir, signal: never });
    expect(await client.host.getStatus({})).toMatchObject({ mode: 'embedded', activeRuns: 0 });
    client.dispose();
    expect(second.facts.socket).toBe(first.facts.socket);
  });

  test('ends although clients are connected and watching', async () => {
    const host = await start(tempDirectory());
    const client = await connectHost({ stateDir: host.facts.stateDir, signal: never });
    const watching = (async () => {
      for await (const _ of client.events.watch({ epoch: '', since: 0n })) host.shutdown('enough');
    })();
    await Promise.allSettled([watching, host.ended]);
    await host.ended;
    client.dispose();
  });

  test('a state directory whose database is a folder is named, and nothing stays locked', async () => {
    const stateDir = tempDirectory();
    mkdirSync(join(stateDir, 'muster.db'));
    await expect(startHost({ stateDir, mode: 'embedded', distDir: '/nowhere' })).rejects.toMatchObject({
      code: 'state.unwritable',
    });
    rmdirSync(join(stateDir, 'muster.db'));
    await start(stateDir);
  });

  test('an agent may not end it', async () => {
    const host = await start(tempDirectory());
    const client = await connectHost({ stateDir: host.facts.stateDir, signal: never, runId: 'abc' });
    await expect(client.host.shutdown({ reason: 'mine' })).rejects.toMatchObject({ code: 'run.notAllowed' });
    client.dispose();
  });
});
