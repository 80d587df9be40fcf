import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { isAppError } from '../base/errors.js';
import { silentLog } from '../base/log.js';
import { connectEndpoint, type HostClient } from '../client/hostClient.js';
import { ensureHost } from '../client/hostLauncher.js';
import { LiveState } from '../client/liveState.js';
import { stateDirectory } from '../client/stateDirectory.js';
import { createMcpServer } from './server.js';
import { workingFolder } from '../node/person.js';

const leaving = new AbortController();
const { env } = process;

const live = new LiveState({
  connect: signal =>
    ensureHost({
      stateDir: stateDirectory(env),
      hostBundle: join(dirname(fileURLToPath(import.meta.url)), 'host.js'),
      env,
      nodeSetting: env['MUSTER_NODE'],
      signal,
      // An agent that Muster runs stays recognisable: what it may not do, it may not do here either.
      runId: env['MUSTER_RUN_ID'],
      log: silentLog,
      connect: connectEndpoint,
    }),
  log: silentLog,
});

const client = (): Promise<HostClient> => live.whenConnected(leaving.signal);

async function ask<T>(call: (client: HostClient) => Promise<T>): Promise<T> {
  const first = await client();
  try {
    return await call(first);
  } catch (error) {
    if (!isAppError(error, 'host.unreachable')) throw error;
    const changed = (): HostClient | undefined => (live.client === first ? undefined : live.client);
    return await call(await live.waitFor(changed, leaving.signal));
  }
}

const server = serveStdio(() =>
  createMcpServer({
    live,
    client,
    ask,
    env,
    folder: workingFolder(env),
    signal: leaving.signal,
  }),
);

/** The client closed our input, or somebody wants this process to end. The host and its agents go on. */
async function leave(): Promise<void> {
  if (leaving.signal.aborted) return;
  leaving.abort();
  await server.close();
  await live.dispose();
}

process.stdin.on('end', () => void leave());
process.on('SIGTERM', () => void leave());
process.on('SIGINT', () => void leave());
