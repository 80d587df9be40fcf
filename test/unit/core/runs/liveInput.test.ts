import { expect, test } from 'vitest';
import { LiveInputs, type InputSink } from '../../../../src/core/runs/liveInput.js';
import { countingIds } from '../../../support/ids.js';

const never = new AbortController().signal;
const text = (data: string) => ({ data: new TextEncoder().encode(data), end: false });
const end = { data: new Uint8Array(), end: true };

function world() {
  const said: string[] = [];
  const sink: InputSink = {
    write: async data => void said.push(new TextDecoder().decode(data)),
    resize: ({ rows, columns }) => void said.push(`${rows}x${columns}`),
    end: () => void said.push('end'),
    close: () => void said.push('close'),
  };
  const inputs = new LiveInputs({ make: async () => sink });
  return { inputs, said, sink, run: countingIds().next<'run'>() };
}

test('what is written before the command is there waits for it, in its order', async () => {
  const { inputs, said, run } = world();
  inputs.expect(run, {});
  const given = [
    inputs.of(run)?.give(text('one'), never),
    inputs.of(run)?.give({ ...text('two'), size: { rows: 3, columns: 4 } }, never),
    inputs.of(run)?.give(end, never),
  ];
  expect(said).toEqual([]);
  await inputs.connect(run);
  for (const each of given) await each;
  expect(said).toEqual(['one', '3x4', 'two', 'end']);
});

test('whoever writes to a run that ends before it began is not kept waiting', async () => {
  const { inputs, said, run } = world();
  inputs.expect(run, {});
  const given = inputs.of(run)?.give(text('one'), never);
  inputs.leave(run);
  await given;
  expect([said, inputs.of(run)]).toEqual([[], undefined]);
});

test('whoever goes away waits no more, and a run that nobody expects has no input', async () => {
  const { inputs, run } = world();
  await inputs.connect(run);
  expect(inputs.of(run)).toBeUndefined();
  inputs.expect(run, {});
  const gone = new AbortController();
  const given = inputs.of(run)?.give(text('one'), gone.signal);
  gone.abort(new Error('gone'));
  await expect(given).rejects.toThrow('gone');
});

test('pipes that come when their run has ended are closed', async () => {
  const { said, run, sink } = world();
  const made = Promise.withResolvers<InputSink>();
  const late = new LiveInputs({ make: () => made.promise });
  late.expect(run, {});
  const connected = late.connect(run);
  late.leave(run);
  made.resolve(sink);
  await connected;
  expect(said).toEqual(['close']);
});

test('where no pipe leads it is read to its end first, and refused when it is too long', async () => {
  const { inputs, run } = world();
  inputs.expect(run, {});
  const input = inputs.of(run);
  const whole = input?.whole(never);
  await input?.give(text('one '), never);
  await input?.give(text('two'), never);
  await input?.give(end, never);
  expect(new TextDecoder().decode(await whole)).toBe('one two');

  const other = countingIds().next<'run'>();
  inputs.leave(run);
  inputs.expect(other, {});
  const long = inputs.of(other)?.whole(never);
  await inputs.of(other)?.give({ data: new Uint8Array(1024 * 1024 + 1), end: true }, never);
  await expect(long).rejects.toMatchObject({ code: 'request.invalid' });
});
