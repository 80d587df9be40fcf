import { expect, test } from 'vitest';
import type { SandboxId } from '../../../../src/base/ids.js';
import type { DockerEngine } from '../../../../src/drivers/docker/dockerEngine.js';
import { DockerPool } from '../../../../src/drivers/docker/dockerPool.js';
import { FakeClock } from '../../../support/clock.js';
import { randomIds } from '../../../support/randomIds.js';

interface Container {
  readonly sandbox: SandboxId;
  readonly asks: string;
}

const gigabyte = 1024 ** 3;

/** An engine of two processors and four gigabytes; `containers` undefined: it does not answer. */
function engine(address: string, containers: readonly Container[] | undefined): DockerEngine {
  const listed = containers?.map(({ sandbox, asks }) => ({
    Labels: { 'dev.muster.sandbox': sandbox, 'dev.muster.asks': asks },
  }));
  const found = {
    address,
    facts: async () => ({ processors: 2, memoryBytes: 4 * gigabyte, rootless: false, remote: false }),
    docker: {
      listContainers: async () => {
        if (!listed) throw new Error('refused');
        return listed;
      },
    },
  };
  return found as unknown as DockerEngine;
}

function pool() {
  let now = 0;
  const told: string[] = [];
  const over = new AbortController();
  const ids = randomIds();
  // Whoever waits longer than that is not waited for.
  const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    if (ms < 5_000) over.abort(new Error('it waits'));
    else await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('over'))));
    signal.throwIfAborted();
  };
  const placing = new DockerPool({ now: () => now, awake: () => now++, sleep });
  const place = async (
    engines: readonly DockerEngine[],
    resources: { cpus?: number; memoryBytes?: number },
    id = ids.next<'sandbox'>(),
  ) => {
    const asked = { id, driver: { name: 'docker' as const }, resources };
    const chosen = await placing.place(engines, asked, over.signal, ({ text }) => told.push(text));
    return { address: chosen.address, id };
  };
  return { place, placing, told, ids };
}

test('a run goes where the largest part is free, by what those that are there ask for', async () => {
  const { place, ids } = pool();
  const busy = engine('busy', [{ sandbox: ids.next(), asks: `1 ${gigabyte}` }]);
  const full = engine('full', [{ sandbox: ids.next(), asks: ` ${3.9 * gigabyte}` }]);
  expect(await place([full, engine('away', undefined), busy], { cpus: 1, memoryBytes: gigabyte })).toMatchObject({
    address: 'busy',
  });
  expect(await place([busy, engine('free', [])], {})).toMatchObject({ address: 'free' });
});

test('what was promised is nobody else’s until its run has begun, and nobody waits for one that is over', async () => {
  const { place, placing, told } = pool();
  const only = [engine('only', [])];
  const { id } = await place(only, { cpus: 2 });
  // Its own next question is no second run.
  expect(await place(only, { cpus: 2 }, id)).toMatchObject({ address: 'only' });
  placing.settled(id);
  const next = await place(only, { cpus: 2 });
  await expect(place(only, { cpus: 1 })).rejects.toThrow('it waits');
  expect(told).toEqual(['Waiting for an engine (2 of 2 processors and 0.3 of 4.0 GB of only are taken)']);
  expect(next.address).toBe('only');
});

test('none that is large enough is said at once, unless one of them is away', async () => {
  const small = engine('small', []);
  await expect(pool().place([small], { cpus: 4 })).rejects.toThrow('No engine is large enough');
  await expect(pool().place([small, engine('away', undefined)], { cpus: 4 })).rejects.toThrow('it waits');
});

test('what engines have together is told with what is asked for, who waits, and which are away', async () => {
  const ids = randomIds();
  const pool = new DockerPool(new FakeClock());
  const one = engine('one', [{ sandbox: ids.next(), asks: `1.5 ${gigabyte}` }]);
  const two = engine('two', [{ sandbox: ids.next(), asks: ' ' }]);
  const engines = [one, two, engine('away', undefined)];
  const over = new AbortController();
  const asked = { id: ids.next<'sandbox'>(), driver: { name: 'docker' as const }, resources: { cpus: 2 } };
  const waiting = Promise.withResolvers<string>();
  const onStep = ({ text }: { text: string }): void => waiting.resolve(text);
  // Room is on none: what one has left is too little, and the other is asked about elsewhere.
  const full = [one, engine('other', [{ sandbox: ids.next(), asks: '1 ' }])];
  const placing = pool.place(full, asked, over.signal, onStep);
  placing.catch(() => undefined);
  await waiting.promise;
  expect(await pool.capacityOf(engines)).toEqual({
    name: 'one, two, away',
    machines: { ready: 2, all: 3 },
    cpus: { has: 4, asked: 1.5 },
    memoryBytes: { has: 8 * gigabyte, asked: 1.25 * gigabyte },
    atWork: 2,
    waiting: [],
    unknown: 'away: no answer',
  });
  expect((await pool.capacityOf(full)).waiting).toEqual([
    '1.5 of 2 processors and 1.0 of 4.0 GB of one are taken; 1 of 2 processors and 0.3 of 4.0 GB of other are taken',
  ]);
  over.abort(new Error('enough'));
  await expect(placing).rejects.toThrow('enough');
  expect((await pool.capacityOf(full)).waiting).toEqual([]);
});
