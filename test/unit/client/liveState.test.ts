import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAppError } from '../../../src/base/errors.js';
import { connectHost } from '../../../src/client/hostClient.js';
import { LiveState, type ConnectionState } from '../../../src/client/liveState.js';
import {
  EventService,
  type WatchRequest,
  type WatchResponseSchema,
} from '../../../src/protocol/gen/muster/v1/events_pb.js';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { startWireHost } from '../../support/wireHost.ts';

type Response = MessageInitShape<typeof WatchResponseSchema>;

/** A feed whose entries the test pushes. */
class Feed {
  readonly requests: WatchRequest[] = [];
  #entries: Response[] = [];
  #wake = Promise.withResolvers<void>();

  push(...entries: readonly Response[]): void {
    this.#entries.push(...entries);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  async *watch(request: WatchRequest, signal: AbortSignal): AsyncGenerator<Response> {
    this.requests.push(request);
    while (!signal.aborted) {
      const wake = this.#wake.promise;
      const entries = this.#entries;
      this.#entries = [];
      yield* entries;
      if (this.#entries.length === 0) await wake;
    }
  }
}

const snapshot = (...ids: readonly string[]): Response => ({
  epoch: 'one',
  sequence: 5n,
  update: { case: 'snapshot', value: { threads: ids.map(id => ({ id, status: 'working' })) } },
});

/** `lost`: streams that break before they have said anything, as those of a killed host do. */
function setUp({ lost = 0 } = {}) {
  const stateDir = tempDirectory();
  const feed = new Feed();
  const watch = (request: WatchRequest, signal: AbortSignal) => {
    if (lost-- > 0) throw new ConnectError('read ECONNRESET', Code.Aborted);
    return feed.watch(request, signal);
  };
  const start = () =>
    startWireHost(stateDir, {
      routes: router => router.service(EventService, { watch: (request, { signal }) => watch(request, signal) }),
    });
  const live = new LiveState({ connect: signal => connectHost({ stateDir, signal }) });
  onTestFinished(() => live.dispose());
  return { stateDir, feed, start, live };
}

const never = new AbortController().signal;
const statusOf = (live: LiveState, id: string) => (live.threads.get(id)?.status === 'ready' ? true : undefined);

describe('LiveState', () => {
  test('holds the snapshot, then what changes, and says which', async () => {
    const { feed, start, live } = setUp();
    const host = await start();
    const heard: (readonly string[])[] = [];
    live.onDidChange(({ threads }) => heard.push(threads));
    feed.push(snapshot('a', 'b'));
    await live.whenConnected(never);
    expect([...live.threads.keys()]).toEqual(['a', 'b']);
    feed.push({
      epoch: 'one',
      sequence: 6n,
      update: { case: 'changes', value: { threads: [{ id: 'b', status: 'ready' }], runIds: ['r'] } },
    });
    await live.waitFor(() => statusOf(live, 'b'), never);
    expect(heard).toEqual([['a', 'b'], ['b']]);
    await live.dispose();
    await host.kill();
  });

  test('threads are called after their project as it is now, and are heard of when that or a namesake changes', async () => {
    const { feed, start, live } = setUp();
    const host = await start();
    const heard: (readonly string[])[] = [];
    live.onDidChange(({ threads }) => heard.push(threads));
    const project = (id: string, name: string) => ({ id, name, file: `/${id}/agent-compose.yml` });
    const threads = ['one', 'two', 'other'].map(id => ({
      id,
      projectId: `p-${id}`,
      projectName: id === 'other' ? id : 'demo',
    }));
    const projects = [project('p-one', 'demo'), project('p-two', 'demo'), project('p-other', 'other')];
    feed.push({ epoch: 'one', sequence: 5n, update: { case: 'snapshot', value: { projects, threads } } });
    await live.whenConnected(never);
    const changes = (...value: ReturnType<typeof project>[]): Response => ({
      epoch: 'one',
      sequence: 6n,
      update: { case: 'changes', value: { projects: value } },
    });
    feed.push(changes(project('p-two', 'demo'), project('p-other', 'other')));
    feed.push(changes(project('p-two', 'shop')));
    await live.waitFor(() => live.projects.get('p-two')?.name === 'shop' || undefined, never);
    expect([...live.threads.values()].map(({ projectName }) => projectName)).toEqual(['demo', 'shop', 'other']);
    // What is not called otherwise is left alone.
    expect(heard.slice(1)).toEqual([[], ['one', 'two']]);
    await live.dispose();
    await host.kill();
  });

  test('goes on from where it was after the host came back', async () => {
    const { feed, start, live } = setUp();
    const first = await start();
    const states: ConnectionState[] = [];
    live.onDidChangeConnection(state => states.push(state));
    feed.push(snapshot('a'));
    await live.whenConnected(never);
    const lost = new Promise<void>(resolve => void live.onDidChangeConnection(() => resolve()));
    await first.kill();
    await lost;
    const second = await start();
    feed.push({
      epoch: 'one',
      sequence: 9n,
      update: { case: 'changes', value: { threads: [{ id: 'a', status: 'ready' }] } },
    });
    live.retryNow();
    await expect.poll(() => live.threads.get('a')?.status).toBe('ready');
    expect(feed.requests.map(({ epoch, since }) => [epoch, since])).toEqual([
      ['', 0n],
      ['one', 5n],
    ]);
    expect(states[0]).toBe('connected');
    expect(states.at(-1)).toBe('connected');
    await live.dispose();
    await second.kill();
  });

  test('a thread that the new snapshot does not have is gone, and heard of', async () => {
    const { feed, start, live } = setUp();
    const host = await start();
    feed.push(snapshot('a', 'b'));
    await live.whenConnected(never);
    const gone = new Promise<readonly string[]>(resolve => void live.onDidChange(({ threads }) => resolve(threads)));
    feed.push(snapshot('b'));
    expect(await gone).toContain('a');
    expect([...live.threads.keys()]).toEqual(['b']);
    await live.dispose();
    await host.kill();
  });

  test('is offline, with the reason, when there is no host, and comes by itself when one starts', async () => {
    const { feed, start, live } = setUp();
    const error = await live.whenConnected(never).catch((reason: unknown) => reason);
    expect(isAppError(error, 'host.unreachable')).toBe(true);
    expect(live.connection).toBe('offline');
    const host = await start();
    feed.push(snapshot('a'));
    await expect.poll(() => live.connection).toBe('connected');
    await live.dispose();
    await host.kill();
  });

  test('a host that goes away before it has said how things are is tried again, and whoever waits hears nothing of it', async () => {
    const { feed, start, live } = setUp({ lost: 3 });
    const host = await start();
    const states: ConnectionState[] = [];
    live.onDidChangeConnection(state => states.push(state));
    feed.push(snapshot('a'));
    await live.whenConnected(never);
    expect(states).toEqual(['connected']);
    await live.dispose();
    await host.kill();
  });

  test('one that always does is as good as none', async () => {
    const { start, live } = setUp({ lost: Infinity });
    const host = await start();
    const error = await live.whenConnected(never).catch((reason: unknown) => reason);
    expect(isAppError(error, 'host.unreachable')).toBe(true);
    expect(live.connection).toBe('offline');
    await live.dispose();
    await host.kill();
  });

  test('waiting ends when aborted and when disposed', async () => {
    const { feed, start, live } = setUp();
    const host = await start();
    feed.push(snapshot('a'));
    await live.whenConnected(never);
    const stop = new AbortController();
    const waits = [live.waitFor(() => undefined, stop.signal), live.waitFor(() => undefined, never)];
    const ends = waits.map(wait => wait.catch((error: unknown) => isAppError(error, 'cancelled')));
    stop.abort();
    expect(await ends[0]).toBe(true);
    await live.dispose();
    expect(await ends[1]).toBe(true);
    await host.kill();
  });
});
