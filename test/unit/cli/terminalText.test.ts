import { describe, expect, test } from 'vitest';
import { createPrinter } from '../../../src/cli/output/printer.js';
import { ProjectService } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { runInProcess } from '../../support/cliRunner.ts';
import { wireHostWith } from '../../support/wireHostWith.ts';

/** Cursor, title, link, clipboard, an eight-bit command, hidden direction, a carriage return. */
const hostile =
  'a\u001b[2Ab \u001b]0;title\u0007 \u001b]8;;http://x\u001b\\link \u001b]52;c;eA==\u0007 \u009b2J \u202egpj\u202c c\rd';
// eslint-disable-next-line no-control-regex
const commanding = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const colour = new RegExp(String.raw`\u001b\[\d{1,3}m`, 'g');

async function host() {
  const run = {
    id: '5bbbbbbbbbbb',
    threadId: '5aaaaaaaaaaa',
    agent: 'dev',
    status: 'succeeded',
    startedAt: 1n,
    endedAt: 2n,
  };
  const thread = { id: '5aaaaaaaaaaa', status: 'ready', summary: hostile, agent: hostile, projectName: hostile };
  return await wireHostWith(router => {
    router.service(ProjectService, {
      getProject: () => ({ project: { id: 'p', name: 'shop', agents: [{ name: 'dev' }] } }),
    });
    router.service(ThreadService, {
      dispatch: () => ({ threadId: thread.id, runId: run.id }),
      listThreads: () => ({ threads: [thread] }),
      overview: () => ({ project: { id: 'p', name: 'shop', agents: [{ name: 'dev' }] }, threads: [thread] }),
      getThread: () => ({
        thread,
        runs: [run],
        messages: [{ from: hostile, to: 'dev', body: hostile, runId: run.id }],
      }),
      diffThread: () => ({ patch: `+${hostile}\n`, files: [{ path: hostile, status: 'added' }] }),
    });
    router.service(RunService, {
      getRun: () => ({ run }),
      listRuns: () => ({ runs: [run], details: [{ runId: run.id }] }),
      async *readTranscript() {
        yield { items: [{ end: 1n, item: { case: 'text', value: { text: hostile } } }] };
      },
      async *readLog() {
        yield { chunk: Uint8Array.from(Buffer.from(hostile)), end: 1n };
      },
    });
  });
}

describe('on a terminal nothing of an agent’s bytes commands it', () => {
  test.each([
    ['ps'],
    ['ps', '--json'],
    ['run', 'dev', 'x'],
    ['run', 'dev', 'x', '--json'],
    ['logs', '5aaaaaaaaaaa'],
    ['logs', '5aaaaaaaaaaa', '--json'],
    ['logs', '5aaaaaaaaaaa', '--raw'],
    ['logs', '5aaaaaaaaaaa', '--raw', '--stderr'],
    ['logs', 'dev'],
    ['logs', '5aaaaaaaaaaa', '--tail', '3'],
    ['diff', '5aaaaaaaaaaa'],
    ['diff', '5aaaaaaaaaaa', '--stat'],
  ])('muster %s %s %s %s', async (...args) => {
    const stateDir = await host();
    const { stdout, stderr } = await runInProcess(args.filter(Boolean), { stateDir, terminal: 200 });
    expect(stdout).not.toBe('');
    expect(stdout.replace(colour, '')).not.toMatch(commanding);
    expect(stderr.replace(colour, '')).not.toMatch(commanding);
  });

  test('a pipe gets the raw log byte for byte', async () => {
    const { stdout } = await runInProcess(['logs', '5aaaaaaaaaaa', '--raw'], { stateDir: await host() });
    expect(stdout).toBe(hostile);
  });
});

describe('the printer', () => {
  function terminal() {
    const written: (string | Uint8Array)[] = [];
    const sink = { isTTY: true, write: (text: string | Uint8Array) => written.push(text) };
    const printer = createPrinter({ stdout: sink, stderr: sink, env: {} });
    return { printer, text: () => written.join('') };
  }

  test('keeps characters and line breaks that are cut between two pieces', () => {
    const { printer, text } = terminal();
    const bytes = Buffer.from('ä\r\nb');
    for (let i = 0; i < bytes.length; i++) printer.raw(bytes.subarray(i, i + 1));
    expect(text()).toBe('ä\nb');
  });

  test('keeps its own colours in a line, and nothing else that commands', () => {
    const { printer, text } = terminal();
    printer.line(`${printer.style.bold('x')} ${hostile}`);
    expect(text()).toContain('\u001b[1mx\u001b[22m');
    expect(text().replace(colour, '')).not.toMatch(commanding);
  });

  test('writes JSON that says the same', () => {
    const { printer, text } = terminal();
    printer.json({ text: hostile });
    expect(JSON.parse(text())).toEqual({ text: hostile });
  });
});
