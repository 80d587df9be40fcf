import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../src/base/ids.js';
import type { RunDirectory, RunExit } from '../../src/core/runs/runDirectory.js';
import type { OutputLine, RunOutput } from '../../src/core/runs/runOutput.js';
import type {
  Guest,
  RunDriver,
  SandboxDriver,
  SandboxLaunch,
  SandboxSpec,
} from '../../src/core/sandboxes/sandboxDriver.js';
import { randomIds } from '../support/randomIds.js';
import type { ProgramStep } from '../support/programs.js';

export interface SandboxUnderTest {
  readonly directory: RunDirectory;
  readonly output: RunOutput;
  readonly driver: SandboxDriver;
  /** A sandbox of it whose workspace is an empty folder. */
  readonly spec: SandboxSpec;
  /** Another one, with another workspace; missing where all sandboxes are the same place. */
  readonly neighbour?: SandboxSpec;
  readonly env: Readonly<Record<string, string>>;
  command(steps: readonly ProgramStep[]): readonly string[];
  /** What this machine is called inside; missing: its loopback interface is there as it is here. */
  readonly hostName?: string;
  /** A port that is free inside; missing where nothing listens. */
  readonly freePort?: number;
  /** Whether somebody counts what is used. */
  readonly measured?: boolean;
  dispose(): Promise<void>;
}

const never = new AbortController().signal;

/** Says a line to an address and returns all that is answered. */
async function ask({ host, port }: { readonly host: string; readonly port: number }, line: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect({ host, port }, () => socket.write(`${line}\n`));
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => (answer += text));
  socket.once('error', reject);
  socket.once('close', () => resolve(answer));
  return await promise;
}

/** What the supervisor may rely on, of every sandbox. */
export function sandboxContract(name: string, open: () => Promise<SandboxUnderTest>): void {
  describe(name, () => {
    let sandbox: SandboxUnderTest;
    let run: RunId;
    let runs: RunDriver;
    let guest: Guest;
    let cwd: string;
    const ids = randomIds();
    beforeEach(async () => {
      sandbox = await open();
      run = ids.next();
      runs = sandbox.driver.runsIn(sandbox.spec);
      guest = await sandbox.driver.ensure(sandbox.spec, never);
      cwd = guest.place(sandbox.spec.workspace.folder);
    });
    afterEach(async () => {
      await runs.stop(run, { graceMs: 0 });
      await sandbox.dispose();
    });

    async function prepare(prompt = ''): Promise<void> {
      await sandbox.directory.create(run, { spec: {}, prompt, files: {} });
    }
    async function start(steps: readonly ProgramStep[], launch: Partial<SandboxLaunch> = {}): Promise<void> {
      const { env, spec } = sandbox;
      const argv = sandbox.command(steps);
      await runs.start({ run, argv, env, cwd, stdin: 'none', sandbox: spec, ...launch }, never);
    }
    function end(): Promise<RunExit> {
      return sandbox.directory.waitForExit(run, never);
    }
    async function drain(from = 0): Promise<readonly OutputLine[]> {
      const lines: OutputLine[] = [];
      const until = AbortSignal.abort();
      expect(await sandbox.output.tail(run, { from, until, signal: never, onLines: some => lines.push(...some) })).toBe(
        'drained',
      );
      return lines;
    }
    /** Tails until `count` lines came; gives back how to end the tail. */
    async function tail(count: number, from = 0) {
      const lines: OutputLine[] = [];
      const enough = Promise.withResolvers<void>();
      const until = new AbortController();
      const signal = new AbortController();
      const over = sandbox.output.tail(run, {
        from,
        until: until.signal,
        signal: signal.signal,
        onLines: some => {
          lines.push(...some);
          if (lines.length >= count) enough.resolve();
        },
      });
      await enough.promise;
      return { lines, until, signal, over };
    }

    test('is ready as often as it is asked to be, and knows its own places', async () => {
      const again = await sandbox.driver.ensure(sandbox.spec, never);
      expect(again.place(sandbox.spec.workspace.folder)).toBe(cwd);
      expect(again.runDir(run)).toBe(guest.runDir(run));
      expect(again.reach(4711)).toEqual({ host: sandbox.hostName ?? '127.0.0.1', port: 4711 });
      expect((await sandbox.driver.inspect(sandbox.spec)).state).toBe('ready');
    });

    test('a run directory exists from create to remove', async () => {
      expect(await sandbox.directory.exists(run)).toBe(false);
      await prepare();
      expect(await sandbox.directory.exists(run)).toBe(true);
      await sandbox.directory.remove(run);
      expect(await sandbox.directory.exists(run)).toBe(false);
    });

    test.each(['../escape', 'a/b', '.hidden', '', 'pid'])('refuses %j as the name of a run file', async file => {
      await expect(
        sandbox.directory.create(run, { spec: {}, prompt: '', files: { [file]: '' } }),
      ).rejects.toMatchObject({
        code: 'internal',
      });
    });

    test('the start of a run is claimed once, and a later host sees that it was one that gave it up', async () => {
      await prepare();
      expect(await sandbox.directory.claimStart(run)).toBe('claimed');
      expect(await sandbox.directory.claimStart(run)).toBe('given_up');
    });

    test('is prepared once more when an earlier host was ended before it could start it', async () => {
      const { directory } = sandbox;
      await directory.create(run, { spec: {}, prompt: 'one', files: { 'tools.json': 'one' }, mail: true });
      await directory.create(run, { spec: {}, prompt: 'two', files: { 'tools.json': 'two' }, mail: true });
      await start([{ printInput: true }], { stdin: 'prompt' });
      expect(await end()).toMatchObject({ code: 0 });
      expect((await drain()).map(line => line.text)).toEqual(['two']);
    });

    test('a directory that is gone proves nothing about the start', async () => {
      await prepare();
      await sandbox.directory.remove(run);
      expect(await sandbox.directory.claimStart(run)).toBe('gone');
      expect(await sandbox.directory.exists(run)).toBe(false);
    });

    test('a claimed run never begins', async () => {
      await prepare();
      await sandbox.directory.claimStart(run);
      await start([{ print: 'it ran\n' }]);
      await expect.poll(() => runs.isAlive(run), { timeout: 20_000 }).toBe(false);
      expect(await drain()).toEqual([]);
      expect(await sandbox.directory.readExit(run)).toBeUndefined();
    });

    test('a run that is started twice runs once', async () => {
      await prepare();
      await Promise.all([start([{ print: 'it ran\n' }]), start([{ print: 'it ran\n' }])]);
      await end();
      await expect.poll(() => runs.isAlive(run), { timeout: 20_000 }).toBe(false);
      expect((await drain()).map(line => line.text)).toEqual(['it ran']);
      expect(await sandbox.directory.claimStart(run)).toBe('taken');
    });

    test('tells how the command ended', async () => {
      await prepare();
      await start([{ complain: 'no, ' }, { complain: 'thanks' }, { exit: 3 }]);
      expect(await end()).toMatchObject({ code: 3 });
      expect(await sandbox.directory.readExit(run)).toMatchObject({ code: 3 });
      await sandbox.directory.waitForStart(run, never);
      expect(await sandbox.directory.stderrTail(run, 100)).toBe('no, thanks');
      expect(await sandbox.directory.stderrTail(run, 6)).toBe('thanks');
    });

    test('the prompt is standard input, when asked for', async () => {
      const prompt = `-x "quoted" 'twice' $HOME \`no\` ünï\n`;
      await prepare(prompt);
      await start([{ printInput: true }], { stdin: 'prompt' });
      await end();
      expect((await drain()).map(line => `${line.text}\n`).join('')).toBe(prompt);
    });

    test('standard input is empty otherwise', async () => {
      await prepare('secret');
      await start([{ printInput: true }, { print: 'nothing\n' }]);
      await end();
      expect((await drain()).map(line => line.text)).toEqual(['nothing']);
    });

    test("the environment is the launch's, and the run's id", async () => {
      await prepare();
      await start([{ printVariable: 'GREETING' }, { printVariable: 'PATH' }, { printVariable: 'MUSTER_RUN_ID' }], {
        env: { ...sandbox.env, GREETING: 'hello = "you"' },
      });
      await end();
      expect((await drain()).map(line => line.text)).toEqual(['hello = "you"', sandbox.env['PATH'], run]);
    });

    test('names a missing command and a missing folder', async () => {
      await prepare();
      await expect(start([], { argv: ['no-such-command-anywhere'] })).rejects.toMatchObject({
        code: 'provider.missing',
        data: { command: 'no-such-command-anywhere' },
      });
      await expect(start([], { cwd: guest.place(`${sandbox.spec.workspace.folder}/missing`) })).rejects.toMatchObject({
        code: 'worktree.missing',
      });
      expect(await sandbox.directory.claimStart(run)).toBe('claimed');
    });

    test('is alive until it has ended', async () => {
      await prepare();
      expect(await runs.isAlive(run)).toBe(false);
      await start([{ print: 'up\n' }, { wait: true }]);
      expect(await runs.isAlive(run)).toBe(true);
      await sandbox.directory.waitForStart(run, never);
      expect(await runs.isAlive(run)).toBe(true);
      const { until, over } = await tail(1);
      await runs.stop(run, { graceMs: 10_000 });
      expect(await runs.isAlive(run)).toBe(false);
      expect(await end()).toMatchObject({ signal: 'SIGTERM' });
      until.abort();
      await over;
    });

    test('stops a command that ignores SIGTERM', async () => {
      await prepare();
      await start([{ ignoreTerm: true }, { print: 'up\n' }, { wait: true }]);
      const { until, over } = await tail(1);
      await runs.stop(run, { graceMs: 50 });
      expect(await runs.isAlive(run)).toBe(false);
      until.abort();
      expect(await over).toBe('drained');
    });

    test('has nothing to stop of a run that never began', async () => {
      await prepare();
      await runs.stop(run, { graceMs: 10_000 });
    });

    test('waits end when they are aborted', async () => {
      await prepare();
      const abort = new AbortController();
      const waits = [
        sandbox.directory.waitForExit(run, abort.signal),
        sandbox.directory.waitForStart(run, abort.signal),
      ];
      abort.abort(new Error('enough'));
      for (const wait of waits) await expect(wait).rejects.toThrow('enough');
      await expect(sandbox.directory.waitForExit(run, abort.signal)).rejects.toThrow('enough');
    });

    test('says what runs, stops it, and resumes with what it had written', async () => {
      await prepare();
      const inspect = async (): Promise<string> => (await sandbox.driver.inspect(sandbox.spec)).state;
      const path = `${guest.place(sandbox.spec.workspace.folder)}/kept.txt`;
      if (sandbox.measured) {
        await start([{ write: { path, text: 'kept' } }, { print: 'up\n' }, { wait: true }]);
        const { signal, over } = await tail(1);
        expect(await inspect()).toBe('running');
        const used = await sandbox.driver.stats(sandbox.spec);
        expect(used?.processes).toBeGreaterThan(0);
        expect(used?.memoryBytes).toBeGreaterThan(0);
        await sandbox.driver.stop(sandbox.spec, { graceMs: 1_000 });
        expect(await runs.isAlive(run)).toBe(false);
        expect(await inspect()).toBe('ready');
        expect(await sandbox.driver.stats(sandbox.spec)).toBeUndefined();
        signal.abort();
        await over;
      } else {
        await start([{ write: { path, text: 'kept' } }]);
        await end();
      }
      await sandbox.driver.resume(sandbox.spec, never);
      const next = ids.next<'run'>();
      await sandbox.directory.create(next, { spec: {}, prompt: '', files: {} });
      const argv = sandbox.command([{ read: path }]);
      await runs.start({ run: next, argv, env: sandbox.env, cwd, stdin: 'none', sandbox: sandbox.spec }, never);
      await sandbox.directory.waitForExit(next, never);
      const lines: string[] = [];
      await sandbox.output.tail(next, {
        from: 0,
        until: AbortSignal.abort(),
        signal: never,
        onLines: some => lines.push(...some.map(line => line.text)),
      });
      expect(lines).toEqual(['kept']);
    });

    test('leads to a port inside', async () => {
      const port = sandbox.freePort;
      if (port === undefined) return;
      await prepare();
      await start([{ listen: port }, { wait: true }]);
      const { signal, over } = await tail(1);
      const forwarded = await sandbox.driver.forward(sandbox.spec, { port }, never);
      try {
        expect(await Promise.all(['one', 'two'].map(word => ask(forwarded, word)))).toEqual([
          'heard one\n',
          'heard two\n',
        ]);
      } finally {
        await forwarded.dispose();
      }
      signal.abort();
      await over;
    });

    test('has nothing of its neighbour', async () => {
      const { neighbour, driver } = sandbox;
      if (!neighbour) return;
      await prepare();
      await driver.ensure(neighbour, never);
      const path = `${guest.place(sandbox.spec.workspace.folder)}/mine.txt`;
      await start([{ write: { path, text: 'mine' } }]);
      await end();
      const next = ids.next<'run'>();
      await sandbox.directory.create(next, { spec: {}, prompt: '', files: {} });
      const argv = sandbox.command([{ read: path }]);
      const other = driver.runsIn(neighbour);
      await other.start({ run: next, argv, env: sandbox.env, cwd, stdin: 'none', sandbox: neighbour }, never);
      expect((await sandbox.directory.waitForExit(next, never)).code).not.toBe(0);
    });

    test('hands over lines with the offset where to go on', async () => {
      await prepare();
      await start([{ print: 'one\ntwö\n' }, { print: '\nunfinished' }]);
      await end();
      expect(await drain()).toEqual([
        { text: 'one', truncated: false, end: 4 },
        { text: 'twö', truncated: false, end: 9 },
        { text: '', truncated: false, end: 10 },
        { text: 'unfinished', truncated: false, end: 20 },
      ]);
      expect((await drain(9)).map(line => line.text)).toEqual(['', 'unfinished']);
      expect(await drain(20)).toEqual([]);
    });

    test('a tail that is stopped leaves the unfinished line to the next', async () => {
      await prepare();
      await start([{ print: 'one\ntw' }, { wait: true }]);
      const first = await tail(1);
      first.signal.abort();
      expect(await first.over).toBe('stopped');
      expect(first.lines).toEqual([{ text: 'one', truncated: false, end: 4 }]);
      await runs.stop(run, { graceMs: 10_000 });
      expect((await drain(4)).map(line => line.text)).toEqual(['tw']);
    });
  });
}
