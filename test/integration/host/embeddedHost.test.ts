import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectHost } from '../../../src/client/hostClient.js';
import { startHost, type Host } from '../../../src/host/bootstrap.js';
import { EventService, type WatchResponse } from '../../../src/protocol/gen/muster/v1/events_pb.js';
import { withHeader } from '../../support/agentCompose/wires.ts';
import { testRepository } from '../../support/hostProcess.ts';
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

test('who watches in JSON and who watches in binary hear the same', async () => {
  const host = await start(tempDirectory());
  const client = await connectHost({ stateDir: host.facts.stateDir, signal: never });
  const over = new AbortController();
  onTestFinished(() => {
    over.abort();
    client.dispose();
  });
  const { socket, token } = client.endpoint;
  const watching = [false, true].map(useBinaryFormat => {
    const transport = createConnectTransport({
      baseUrl: 'http://muster.localhost',
      httpVersion: '2',
      useBinaryFormat,
      nodeOptions: { createConnection: () => connect(socket) },
      interceptors: [withHeader('authorization', `Bearer ${token}`)],
    });
    return createClient(EventService, transport).watch({}, { signal: over.signal })[Symbol.asyncIterator]();
  });
  const heard = async (): Promise<readonly WatchResponse[]> =>
    await Promise.all(watching.map(async each => ((await each.next()) as { value: WatchResponse }).value));
  for (const { update } of await heard()) expect(update.case).toBe('snapshot');
  const repository = testRepository({ 'agent-compose.yml': 'name: shop\nagents:\n  gardener: {provider: demo}\n' });
  await client.projects.applyProject({ file: join(repository, 'agent-compose.yml'), consent: true });
  for (const { epoch, update } of await heard()) {
    expect(epoch).not.toBe('');
    expect(update).toMatchObject({
      case: 'changes',
      value: { projects: [{ name: 'shop', agents: [{ name: 'gardener' }] }] },
    });
  }
});
