import { expect, test } from 'vitest';
import { makeId } from '../../../../src/base/ids.js';
import { portBlocks, portVariables } from '../../../../src/core/workspaces/preparation.js';
import { freePorts } from '../../../../src/drivers/process/freePorts.js';
import { createServer } from 'node:net';

const id = (last: number) => makeId<'thread'>(new Uint8Array(12).fill(last, 11));

test('a thread tries the same blocks each time, each once, and none that another worktree has', () => {
  const first = [...portBlocks(id(1), [])];
  expect(first).toEqual([...portBlocks(id(1), [])]);
  expect(new Set(first).size).toBe(1000);
  expect(first.every(port => port >= 20_000 && port + 9 < 30_000 && port % 10 === 0)).toBe(true);
  const [taken, next] = first;
  expect(portBlocks(id(1), [taken ?? 0]).next().value).toBe(next);
  expect(portBlocks(id(2), []).next().value).not.toBe(taken);
});

test('names of the file are ports of the block, in their order', () => {
  expect(portVariables(20_010, ['API', 'WEB'])).toMatchObject({
    MUSTER_PORT: '20010',
    MUSTER_PORT_9: '20019',
    API: '20010',
    WEB: '20011',
  });
});

test('a block in which somebody listens is not free', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await freePorts.areFree(port, 1)).toBe(false);
  await new Promise(resolve => server.close(resolve));
  expect(await freePorts.areFree(port, 1)).toBe(true);
});
