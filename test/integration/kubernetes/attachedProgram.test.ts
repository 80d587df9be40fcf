import { PassThrough, Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { attachProgram } from '../../../src/drivers/kubernetes/attachedProgram.js';
import { carrying } from '../../support/carriedPrograms.js';

const frame = (channel: number, text: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
const exit = (code: number): Buffer =>
  frame(
    3,
    JSON.stringify({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: `command terminated with non-zero exit code ${code}`,
      details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
    }),
  );

const waiting = { timeout: 60_000 };
const never = new AbortController().signal;

/** Somebody at a terminal, or at the end of a pipe. */
function person() {
  const heard = { out: '', err: '' };
  const sink = (of: 'out' | 'err'): Writable =>
    new Writable({
      write(bytes: Buffer, _encoding, done) {
        heard[of] += bytes.toString('utf8');
        done();
      },
    });
  const setRaw = vi.fn<(raw: boolean) => void>();
  const stdin = new PassThrough();
  const stdout = Object.assign(sink('out'), { columns: 111, rows: 33 });
  return { heard, stdin, stdout, stderr: sink('err'), setRaw };
}

/** What the server was told, by channel. */
function listen(socket: WebSocket): { readonly channel: number; readonly text: string }[] {
  const told: { readonly channel: number; readonly text: string }[] = [];
  socket.on('message', (data: Buffer) =>
    told.push({ channel: data[0] ?? -1, text: data.subarray(1).toString('utf8') }),
  );
  return told;
}

test('in a terminal keys go in as they are, the size is told when it changes, and the exit status comes back', async () => {
  const { promise, resolve } = Promise.withResolvers<{ socket: WebSocket; query: URLSearchParams }>();
  const place = await carrying({ autoPong: true }, (socket, query) => resolve({ socket, query }));
  const at = person();
  const attached = attachProgram(place, { command: ['sh', '-c', 'x'], terminal: true }, at, never);
  const { socket, query } = await promise;
  const told = listen(socket);
  expect(query.getAll('command')).toEqual(['sh', '-c', 'x']);
  expect(Object.fromEntries(query)).toMatchObject({ tty: 'true', stdin: 'true', stdout: 'true', stderr: 'false' });
  await vi.waitFor(() => expect(told).toContainEqual({ channel: 4, text: '{"Width":111,"Height":33}' }), waiting);
  expect(at.setRaw).toHaveBeenLastCalledWith(true);
  at.stdout.rows = 44;
  at.stdout.emit('resize');
  at.stdin.write('\x03');
  await vi.waitFor(() => expect(told).toContainEqual({ channel: 4, text: '{"Width":111,"Height":44}' }), waiting);
  await vi.waitFor(() => expect(told).toContainEqual({ channel: 0, text: '\x03' }), waiting);
  socket.send(frame(1, 'bye'));
  socket.send(exit(7));
  expect(await attached).toEqual({ code: 7, words: '' });
  expect(at.heard).toEqual({ out: 'bye', err: '' });
  expect(at.setRaw).toHaveBeenLastCalledWith(false);
  expect(at.stdout.listenerCount('resize')).toBe(0);
});

test('in a pipe the end of the input is told, and complaints are kept apart', async () => {
  const { promise, resolve } = Promise.withResolvers<WebSocket>();
  const place = await carrying({ autoPong: true }, resolve);
  const at = person();
  const attached = attachProgram(place, { command: ['cat'], terminal: false }, at, never);
  const socket = await promise;
  const told = listen(socket);
  at.stdin.end('all');
  const all = [
    { channel: 0, text: 'all' },
    { channel: 255, text: '\0' },
  ];
  await vi.waitFor(() => expect(told).toEqual(all), waiting);
  socket.send(frame(2, 'oh'));
  socket.send(frame(3, '{"status":"Success"}'));
  expect(await attached).toEqual({ code: 0, words: '' });
  expect(at.heard).toEqual({ out: '', err: 'oh' });
  expect(at.setRaw).not.toHaveBeenCalled();
});

test('a connection that breaks off ends it, and what the cluster could not start is told in its words', async () => {
  const place = await carrying({ autoPong: true }, socket => socket.close());
  const broken = await attachProgram(place, { command: ['sh'], terminal: true }, person(), never);
  expect(broken).toEqual({ code: undefined, words: 'the connection to the pod broke off' });
  const refused = await carrying({ autoPong: true }, socket =>
    socket.send(frame(3, '{"status":"Failure","message":"no such file or directory"}')),
  );
  expect(await attachProgram(refused, { command: ['sh'], terminal: false }, person(), never)).toEqual({
    code: -1,
    words: 'no such file or directory',
  });
});

test.each(['nobody reads any more', 'it is left'] as const)('the connection ends when %s', async how => {
  const { promise, resolve } = Promise.withResolvers<WebSocket>();
  const place = await carrying({ autoPong: true }, resolve);
  const leaving = new AbortController();
  const at = person();
  const attached = attachProgram(place, { command: ['yes'], terminal: false }, at, leaving.signal);
  const socket = await promise;
  const closed = new Promise(over => socket.once('close', over));
  // What comes first shows that it listens.
  socket.send(frame(1, 'y'));
  await vi.waitFor(() => expect(at.heard.out).toBe('y'), waiting);
  if (how === 'it is left') leaving.abort(new Error('left'));
  else at.stdout.emit('error', new Error('EPIPE'));
  expect(await attached).toEqual({ code: undefined, words: '' });
  await closed;
});

test('who reads slowly makes the server wait: not all of it is held here', async () => {
  const total = 64 * 1024 ** 2;
  let sent = 0;
  const place = await carrying({ autoPong: true }, socket => {
    const piece = frame(1, Buffer.alloc(64 * 1024, 1));
    const say = (): void => {
      sent += 64 * 1024;
      if (sent >= total) socket.send(piece, () => socket.send(frame(3, '{"status":"Success"}')));
      else socket.send(piece, say);
    };
    say();
  });
  const gate = Promise.withResolvers<void>();
  let read = 0;
  const slow = new Writable({
    write(bytes: Buffer, _encoding, done) {
      read += bytes.length;
      void gate.promise.then(() => done());
    },
  });
  const attached = attachProgram(place, { command: ['cat'], terminal: false }, { ...person(), stdout: slow }, never);
  // What the connection itself holds is a few megabytes; the server stands still then.
  let before = -1;
  await vi.waitFor(
    () => {
      const now = sent;
      const stands = now === before && now > 0;
      before = now;
      expect(stands).toBe(true);
    },
    { interval: 300, timeout: 30_000 },
  );
  expect(sent).toBeLessThan(total / 2);
  gate.resolve();
  expect(await attached).toMatchObject({ code: 0 });
  expect(read).toBe(total);
});
