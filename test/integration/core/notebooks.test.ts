import { describe, expect, onTestFinished, test } from 'vitest';
import { deferred, untilAborted, type Deferred } from '../../../src/base/async.js';
import type { RunId, ThreadId } from '../../../src/base/ids.js';
import { silentLog } from '../../../src/base/log.js';
import type { NotebookServerDriver, ServerName } from '../../../src/core/notebooks/notebookServerDriver.js';
import { NotebookService } from '../../../src/core/notebooks/notebookService.js';
import { settle } from '../../support/clock.js';
import { coreHost, coreWorld, type CoreWorld } from '../../support/coreHost.ts';

/** A server that answers, and ends, when the test says so. */
interface FakeServer {
  readonly ready: Deferred<void>;
  readonly ended: Deferred<string>;
  alive: boolean;
}

class FakeServers implements NotebookServerDriver {
  readonly servers = new Map<RunId, FakeServer>();
  /** What starting one fails with. */
  refuses: Error | undefined;

  async start({ id }: ServerName): Promise<void> {
    if (this.refuses) throw this.refuses;
    this.servers.set(id, { ready: deferred(), ended: deferred(), alive: true });
  }
  async whenReady({ id }: ServerName, signal: AbortSignal): Promise<void> {
    await untilAborted(this.#of(id).ready.promise, signal);
  }
  async whenEnded({ id }: ServerName, signal: AbortSignal): Promise<string> {
    return await untilAborted(this.#of(id).ended.promise, signal);
  }
  async isAlive({ id }: ServerName): Promise<boolean> {
    return this.servers.get(id)?.alive === true;
  }
  async stop({ id }: ServerName): Promise<void> {
    this.#of(id).alive = false;
    this.#of(id).ended.resolve('It was ended by SIGTERM.');
  }
  async activity(): Promise<undefined> {
    return undefined;
  }
  /** What there is for a browser. */
  page: string | undefined;
  async firstPage(): Promise<string | undefined> {
    return this.page;
  }
  async forget({ id }: ServerName): Promise<void> {
    this.servers.delete(id);
  }
  async cells(): Promise<readonly never[]> {
    return [];
  }
  async *follow(): AsyncGenerator<readonly string[]> {}
  execute(): Promise<never> {
    return Promise.reject(new Error('No cell was expected'));
  }

  #of(id: RunId): FakeServer {
    const found = this.servers.get(id);
    if (!found) throw new Error(`No server ${id}`);
    return found;
  }
}

const never = new AbortController().signal;

function serviceOn(world: CoreWorld, driver: NotebookServerDriver): NotebookService {
  const { store, clock, ids } = world;
  const environment = { ofThread: async () => ({ variables: { PATH: '/bin' }, searched: [] }) };
  const sandboxes = { prepareServer: async () => undefined };
  const service = new NotebookService({ store, clock, ids, log: silentLog, driver, environment, sandboxes });
  onTestFinished(() => service.dispose());
  return service;
}

async function begin() {
  const world = coreWorld();
  const host = coreHost(world);
  const { thread } = await host.dispatch({ prompt: 'Analyse' });
  await settle();
  const driver = new FakeServers();
  const service = serviceOn(world, driver);
  const stateOf = (id: ThreadId = thread.id) => service.of(id)?.state;
  const only = (): FakeServer => {
    const [server] = driver.servers.values();
    if (!server) throw new Error('No server was started');
    return server;
  };
  return { world, host, thread: thread.id, driver, service, stateOf, only };
}

describe('a guest server', () => {
  test('is starting, ready when it answers, and one for all who ask', async () => {
    const { service, thread, stateOf, only, driver } = await begin();
    const asked = [service.start(thread, never), service.start(thread, never)];
    await settle();
    expect(stateOf()).toBe('starting');
    only().ready.resolve();
    const [first, second] = await Promise.all(asked);
    expect(first?.state).toBe('ready');
    expect(second?.id).toBe(first?.id);
    expect(driver.servers.size).toBe(1);
  });

  test('has a page for a browser, or says what would bring one', async () => {
    const { service, thread, only, driver } = await begin();
    const asked = service.startPage(thread, never);
    await settle();
    only().ready.resolve();
    await expect(asked).rejects.toMatchObject({
      code: 'notebooks.missing',
      message: expect.stringContaining('muster jupyter install --lab'),
    });
    driver.page = 'lab';
    expect(await service.startPage(thread, never)).toEqual({ thread, page: 'lab' });
  });

  test('that ends before it answers has failed; a later end has only stopped', async () => {
    const { service, thread, stateOf, only } = await begin();
    const asked = service.start(thread, never);
    await settle();
    only().ended.resolve('no module named tornado');
    only().alive = false;
    await expect(asked).rejects.toMatchObject({ code: 'notebooks.failed' });
    expect(service.of(thread)).toMatchObject({ state: 'failed', reason: 'no module named tornado' });

    const again = service.start(thread, never);
    await settle();
    only().ready.resolve();
    await again;
    only().ended.resolve('It ended.');
    await settle();
    expect(stateOf()).toBe('stopped');
  });

  test('that cannot be started leaves the reason', async () => {
    const { service, thread, driver } = await begin();
    driver.refuses = new Error('not installed');
    await expect(service.start(thread, never)).rejects.toThrow('not installed');
    expect(service.of(thread)).toMatchObject({ state: 'failed', reason: 'not installed' });
  });

  test('that does not answer in a minute is ended and has failed', async () => {
    const { world, service, thread, only } = await begin();
    const asked = service.start(thread, never);
    const refused = expect(asked).rejects.toMatchObject({ code: 'notebooks.failed' });
    await settle();
    await world.clock.advance(60_000);
    await refused;
    expect(only().alive).toBe(false);
    expect(service.of(thread)?.state).toBe('failed');
  });

  test('can be ended while it starts', async () => {
    const { service, thread, only } = await begin();
    const asked = service.start(thread, never);
    const refused = expect(asked).rejects.toMatchObject({ code: 'notebooks.failed' });
    await settle();
    await service.endOf(thread);
    await refused;
    expect(only().alive).toBe(false);
    expect(service.of(thread)).toMatchObject({ state: 'stopped', reason: 'It was ended.' });
  });

  test('ends with its thread, and none is started for one that is over', async () => {
    const { host, service, thread, stateOf, only } = await begin();
    const asked = service.start(thread, never);
    await settle();
    only().ready.resolve();
    await asked;
    await host.threads.close(thread, { stop: true });
    await settle();
    expect(stateOf()).toBe('stopped');
    await expect(service.start(thread, never)).rejects.toMatchObject({ code: 'thread.closed' });
  });

  test('is taken up by the next host when it lives, and told as ended when not', async () => {
    const { world, service, thread, only, driver } = await begin();
    const asked = service.start(thread, never);
    await settle();
    only().ready.resolve();
    await asked;
    service.dispose();

    const next = serviceOn(world, driver);
    await next.takeUp();
    expect(next.of(thread)?.state).toBe('ready');
    only().ended.resolve('It ended.');
    await settle();
    expect(next.of(thread)?.state).toBe('stopped');

    const third = serviceOn(world, new FakeServers());
    world.store.transact(stores => {
      const server = stores.notebookServers.ofThread(thread);
      if (server) stores.notebookServers.save({ ...server, state: 'ready' });
    });
    await third.takeUp();
    expect(third.of(thread)).toMatchObject({ state: 'stopped', reason: 'It ended while no host was there.' });
  });
});
