import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { maxLineLength } from '../../../src/core/runs/runOutput.js';
import { soaking } from '../../support/sample.js';
import { ProcessRuns } from '../../support/processRuns.js';

const mebibyte = 1024 * 1024;
const floodBytes = (soaking ? 1024 : 64) * mebibyte;

let runs: ProcessRuns;
beforeEach(async () => {
  runs = await ProcessRuns.open();
});
afterEach(() => runs.dispose());

test(`${floodBytes / mebibyte} MiB of output arrive whole, in bounded memory, while the host goes on`, async () => {
  const line = 'x'.repeat(63);
  const before = process.memoryUsage().rss;
  let peak = before;
  let position = 0;
  let wrong = 0;
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const heard = await runs.start(`yes ${line} | head -c ${floodBytes}`, { keepLines: false });
  heard.onBatch = lines => {
    peak = Math.max(peak, process.memoryUsage.rss());
    for (const { text, end } of lines) {
      if (text !== line || end !== position + 64) wrong++;
      position = end;
    }
  };
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 0 } });
  clearInterval(ticking);
  expect({ position, wrong, lines: heard.lineCount }).toEqual({
    position: floodBytes,
    wrong: 0,
    lines: floodBytes / 64,
  });
  expect(peak - before).toBeLessThan(160 * mebibyte);
  expect(turns).toBeGreaterThan(10);
});

test('a line of 10 MB is cut, and what follows it is not', async () => {
  const heard = await runs.start(`echo before; head -c 10000000 /dev/zero | tr '\\0' z; printf '\\nafter\\n'`);
  await heard.ended;
  expect(heard.lines.map(({ text, truncated, end }) => ({ length: text.length, truncated, end }))).toEqual([
    { length: 6, truncated: false, end: 7 },
    { length: maxLineLength, truncated: true, end: 10_000_008 },
    { length: 5, truncated: false, end: 10_000_014 },
  ]);
});

test('bytes that are not UTF-8 do not stop what follows', async () => {
  const heard = await runs.start(`printf 'ok\\n\\377\\376 broken \\303\\nstill \\342\\202\\254 here\\n\\000'`);
  await heard.ended;
  expect(heard.texts).toEqual(['ok', '\ufffd\ufffd broken \ufffd', 'still € here', '\0']);
});

test('an agent that empties its own output is heard again', async () => {
  const heard = await runs.start(`echo first; while [ ! -e go ]; do sleep 0.01; done; echo again`);
  await heard.said('first');
  await truncate(join(runs.sandbox.directory.path(heard.run), 'stdout.ndjson'));
  await writeFile(join(runs.stateDir, 'go'), '');
  expect(await heard.ended).toMatchObject({ kind: 'exited' });
  expect(heard.texts).toEqual(['first', 'again']);
});

test('a process that the agent left behind does not keep its output open forever', async () => {
  const heard = await runs.start(`(while :; do echo noise; done) & echo up; exit 0`);
  expect(await heard.ended).toMatchObject({ kind: 'exited', exit: { code: 0 } });
  const count = heard.lineCount;
  await new Promise(resolve => setImmediate(resolve));
  expect(heard.lineCount).toBe(count);
});
