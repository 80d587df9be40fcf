import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AttachInbox, type Taken } from '../../../src/host/compat/v2/attachInbox.js';
import {
  AttachExecRequestSchema,
  type AttachExecRequest,
  type AttachExecStart,
} from '../../../src/protocol/gen/agentcompose/v2/exec_pb.js';

type Frame = NonNullable<MessageInitShape<typeof AttachExecRequestSchema>['frame']>;

const never = new AbortController().signal;
const cancel: Frame = { case: 'cancel', value: { reason: 'enough' } };
const stdin = (data: Uint8Array): Frame => ({ case: 'stdin', value: { data } });
const resize = (rows: number): Frame => ({ case: 'resize', value: { terminalSize: { rows, cols: 80 } } });

/** Sends these frames, the next one when the one before was taken; then the connection stays open. */
async function attached(taken: Taken, frames: Iterable<Frame>) {
  const sent = { count: 0 };
  async function* requests(): AsyncGenerator<AttachExecRequest> {
    yield create(AttachExecRequestSchema, { frame: { case: 'start', value: {} } });
    for (const frame of frames) {
      sent.count++;
      yield create(AttachExecRequestSchema, { frame });
    }
    await new Promise(() => undefined);
  }
  const startOf = ({ frame }: AttachExecRequest): AttachExecStart | undefined =>
    frame.case === 'start' ? frame.value : undefined;
  const inbox = new AttachInbox(requests(), { startOf, takenBy: () => taken }, never);
  await inbox.start();
  return { inbox, sent };
}

/** Everything that does not wait for something else has happened. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

function* repeated(frame: Frame, times: number): Generator<Frame> {
  for (let count = 0; count < times; count++) yield frame;
}

test.each<Frame>([cancel, { case: 'signal', value: { signal: 'SIGINT' } }])(
  'an end ($case) is heard while thousands of pieces of input wait, which are not lost',
  async end => {
    const { inbox } = await attached('input', [...repeated(stdin(new Uint8Array([1, 2])), 5_000), end]);
    await expect.poll(() => inbox.cancelled.aborted).toBe(true);
    let length = 0;
    for await (const data of inbox.input()) length += data.length;
    expect(length).toBe(10_000);
  },
);

test('a size is heard as well, the last one of several', async () => {
  const { inbox } = await attached('input', [
    ...repeated(stdin(new Uint8Array(1)), 100),
    resize(10),
    ...repeated(stdin(new Uint8Array(1)), 100),
    resize(20),
  ]);
  await settled();
  expect((await inbox.sizes().next()).value).toMatchObject({ rows: 20 });
});

test('who waits for input and who waits for a size both hear of theirs, whichever comes first', async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  async function* later(): AsyncGenerator<AttachExecRequest> {
    yield create(AttachExecRequestSchema, { frame: { case: 'start', value: {} } });
    await go;
    yield create(AttachExecRequestSchema, { frame: resize(10) });
    await settled();
    yield create(AttachExecRequestSchema, { frame: stdin(new Uint8Array(3)) });
  }
  const opening = { startOf: () => true, takenBy: (): Taken => 'input' };
  const inbox = new AttachInbox(later(), opening, never);
  await inbox.start();
  const [data, size] = [inbox.input().next(), inbox.sizes().next()];
  resolve();
  expect((await size).value).toMatchObject({ rows: 10 });
  expect((await data).value).toHaveLength(3);
});

test('input that nobody reads is held back once it is much, and goes on when somebody does', async () => {
  const piece = new Uint8Array(256 * 1024);
  const { inbox, sent } = await attached('input', [...repeated(stdin(piece), 100), { case: 'stdinEof', value: {} }]);
  await settled();
  expect(sent.count).toBeLessThan(40);
  let length = 0;
  for await (const data of inbox.input()) length += data.length;
  expect([length, sent.count]).toEqual([100 * piece.length, 101]);
});

test('what nobody will ever read keeps nobody from being heard', async () => {
  const much = stdin(new Uint8Array(1024 * 1024));
  const said: Frame = { case: 'humanMessage', value: { text: 'x'.repeat(1024 * 1024) } };
  for (const [taken, frame] of [
    ['neither', much],
    ['messages', much],
    ['input', said],
  ] as const) {
    const { inbox } = await attached(taken, [...repeated(frame, 50), cancel]);
    await expect.poll(() => inbox.cancelled.aborted).toBe(true);
  }
});
