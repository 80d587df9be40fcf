import { beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../../../src/base/ids.js';
import { silentLog } from '../../../../src/base/log.js';
import { DirectoryRunSupervisor } from '../../../../src/core/runs/directoryRunSupervisor.js';
import type { RunEnd, RunLimits, RunListener } from '../../../../src/core/runs/runSupervisor.js';
import { FakeClock, settle } from '../../../support/clock.js';
import { FakeSandbox, fakeCommand } from '../../../support/fakes/fakeSandbox.js';
import { countingIds } from '../../../support/ids.js';
import type { ProgramStep } from '../../../support/programs.js';

const noLimits: RunLimits = { wallClockMs: 0, stallMs: 0, graceMs: 1000 };

describe('the run supervisor', () => {
  let clock: FakeClock;
  let sandbox: FakeSandbox;
  let supervisor: DirectoryRunSupervisor;
  let run: RunId;
  let heard: (string | RunEnd)[];
  let listener: RunListener;

  beforeEach(() => {
    clock = new FakeClock();
    sandbox = new FakeSandbox();
    supervisor = open();
    run = countingIds().next();
    heard = [];
    listener = {
      onStarted: () => heard.push('started'),
      onLines: lines => heard.push(...lines.map(line => `line ${line.text}`)),
      onEnded: end => heard.push(end),
    };
  });

  function open(runs = sandbox.runs, output = sandbox.output): DirectoryRunSupervisor {
    return new DirectoryRunSupervisor({
      directory: sandbox.directory,
      output,
      drivers: { ofRun: () => runs },
      clock,
      log: silentLog,
    });
  }
  function launch(steps: readonly ProgramStep[]) {
    return { run, argv: [fakeCommand, JSON.stringify(steps)], env: {}, cwd: '/', stdin: 'none' as const };
  }
  async function start(steps: readonly ProgramStep[], limits = noLimits): Promise<void> {
    supervisor.start(launch(steps), limits, listener);
    await settle();
  }
  async function adopt(
    limits = noLimits,
    from: { readonly outputOffset?: number; readonly agoMs?: number; readonly seenStarted?: boolean } = {},
  ): Promise<void> {
    const { outputOffset = 0, agoMs = 0, seenStarted = false } = from;
    supervisor.adopt(
      { run, outputOffset, startedAt: clock.now() - agoMs, seenStarted, cancelled: false },
      limits,
      listener,
    );
    await settle();
  }
  /** Nothing of an ended run goes on: no timer, no watch. */
  function expectQuiet(): void {
    expect({ sleeping: clock.sleeping, watching: sandbox.watching }).toEqual({ sleeping: 0, watching: 0 });
  }

  describe('a run that is started', () => {
    test('is told from its start over its output to its one end', async () => {
      await start([{ print: 'one\n' }, { complain: 'hm' }, { print: 'two\nlast' }, { exit: 3 }]);
      expect(heard).toEqual([
        'started',
        'line one',
        'line two',
        'line last',
        { kind: 'exited', exit: { code: 3, endedAt: 0 }, stderrTail: 'hm' },
      ]);
      expectQuiet();
    });

    test('whose command is missing has not started, and can never start any more', async () => {
      supervisor.start({ ...launch([]), argv: ['nothing'] }, noLimits, listener);
      await settle();
      expect(heard).toMatchObject([{ kind: 'not_started', error: { code: 'provider.missing' } }]);
      expect(await sandbox.directory.claimStart(run)).toBe('given_up');
      expectQuiet();
    });

    test('goes on when the start failed after the wrapper had begun', async () => {
      sandbox.onStart = async started => {
        sandbox.leave(run, { alive: ['wrapper'] });
        sandbox.begin(started);
        throw new Error('the message about the start got lost');
      };
      await start([{ print: 'one\n' }, { exit: 0 }]);
      expect(heard).toMatchObject(['started', 'line one', { kind: 'exited' }]);
    });

    test('whose wrapper and command die without a word is lost', async () => {
      await start([{ print: 'one\n' }, { wait: true }]);
      sandbox.kill(run, 'wrapper');
      await clock.advance(60_000);
      expect(heard).toEqual(['started', 'line one']);
      sandbox.write(run, 'unfinished');
      sandbox.kill(run, 'cli');
      await clock.advance(2000);
      expect(heard.slice(2)).toEqual(['line unfinished', { kind: 'lost', started: true, stderrTail: '' }]);
      expectQuiet();
    });

    test('whose directory was removed meanwhile has run all the same', async () => {
      await start([{ print: 'one\n' }, { wait: true }]);
      await sandbox.directory.remove(run);
      sandbox.kill(run, 'wrapper');
      sandbox.kill(run, 'cli');
      await clock.advance(2000);
      expect(heard.slice(2)).toEqual([{ kind: 'lost', started: true, stderrTail: '' }]);
      expectQuiet();
    });

    test('whose directory was removed before anybody saw it start may have run', async () => {
      sandbox.wrapperWaits = true;
      await start([{ print: 'one\n' }]);
      await sandbox.directory.remove(run);
      sandbox.kill(run, 'wrapper');
      await clock.advance(2000);
      expect(heard).toMatchObject(['started', { kind: 'lost', started: true }]);
    });

    test('whose wrapper died before its first act has certainly not run', async () => {
      sandbox.wrapperWaits = true;
      await start([{ print: 'one\n' }]);
      sandbox.kill(run, 'wrapper');
      await clock.advance(2000);
      expect(heard).toEqual([{ kind: 'lost', started: false, stderrTail: '' }]);
    });

    test('leaves nothing behind when it has ended', async () => {
      await start([{ wait: true }]);
      sandbox.leave(run, { started: true, pid: true, alive: ['grandchild'] });
      sandbox.exit(run, { code: 0 });
      await settle();
      expect(heard).toMatchObject(['started', { kind: 'exited' }]);
      expect(await sandbox.runs.isAlive(run)).toBe(false);
    });

    test('is not disturbed by a listener that throws', async () => {
      listener = {
        ...listener,
        onLines: () => {
          throw new Error('bad listener');
        },
      };
      await start([{ print: 'one\n' }, { exit: 0 }]);
      expect(heard).toMatchObject(['started', { kind: 'exited' }]);
    });
  });

  describe('cancelling', () => {
    test('stops the run, and hands over what it said', async () => {
      await start([{ print: 'one\nhalf' }, { wait: true }]);
      await supervisor.cancel(run);
      expect(heard).toEqual(['started', 'line one', 'line half', { kind: 'cancelled' }]);
      expect(sandbox.stops).toEqual([run]);
      expectQuiet();
    });

    test('does nothing to a run that has ended by itself', async () => {
      await start([{ exit: 0 }]);
      await supervisor.cancel(run);
      expect(heard).toMatchObject(['started', { kind: 'exited' }]);
      expect(heard).toHaveLength(2);
    });

    test('a run that ended at the same moment has ended by itself', async () => {
      await start([{ wait: true }]);
      sandbox.exit(run, { code: 0 });
      await supervisor.cancel(run);
      expect(heard.at(-1)).toMatchObject({ kind: 'exited' });
    });

    test('before the wrapper has begun keeps it from ever beginning', async () => {
      sandbox.wrapperWaits = true;
      const steps = launch([{ print: 'it ran\n' }]);
      supervisor.start(steps, noLimits, listener);
      await settle();
      await supervisor.cancel(run);
      sandbox.begin(steps);
      await settle();
      expect(heard).toEqual([{ kind: 'cancelled' }]);
    });

    test('while the process is being made waits for that', async () => {
      const made = Promise.withResolvers<void>();
      sandbox.onStart = () => made.promise;
      await start([{ print: 'it ran\n' }]);
      const cancelled = supervisor.cancel(run);
      await settle();
      expect(heard).toEqual([]);
      made.resolve();
      await cancelled;
      expect(heard).toEqual([{ kind: 'cancelled' }]);
    });

    test('twice is once', async () => {
      await start([{ wait: true }]);
      await Promise.all([supervisor.cancel(run), supervisor.cancel(run)]);
      expect(heard).toEqual(['started', { kind: 'cancelled' }]);
      expect(sandbox.stops).toEqual([run]);
    });

    test('says when something cannot be stopped, and ends the run all the same', async () => {
      await start([{ wait: true }]);
      sandbox.stopError = new Error('it will not die');
      await expect(supervisor.cancel(run)).rejects.toThrow('it will not die');
      await settle();
      expect(heard.at(-1)).toEqual({ kind: 'cancelled' });
    });

    test('an unknown run is nothing to do', async () => {
      await supervisor.cancel(run);
      expect(sandbox.stops).toEqual([]);
    });
  });

  describe('limits', () => {
    test('end a run that takes too long, and stop it first', async () => {
      await start([{ print: 'one\n' }, { wait: true }], { ...noLimits, wallClockMs: 10_000 });
      await clock.advance(9_999);
      expect(heard).toEqual(['started', 'line one']);
      await clock.advance(1);
      expect(heard.at(-1)).toEqual({ kind: 'timed_out', limit: 'wall_clock', stderrTail: '' });
      expect(sandbox.stops).toEqual([run]);
      expectQuiet();
    });

    test('end a run that says nothing for too long', async () => {
      await start([{ wait: true }], { ...noLimits, stallMs: 10_000 });
      await clock.advance(9_000);
      sandbox.write(run, 'still here\n');
      await clock.advance(9_999);
      expect(heard).toEqual(['started', 'line still here']);
      await clock.advance(1);
      expect(heard.at(-1)).toMatchObject({ kind: 'timed_out', limit: 'stall' });
    });

    test('do not count the time that the machine sleeps', async () => {
      await start([{ wait: true }], { ...noLimits, wallClockMs: 10_000, stallMs: 10_000 });
      clock.suspend(3_600_000);
      await clock.advance(9_999);
      expect(heard).toEqual(['started']);
    });

    test('stand still while they are held', async () => {
      await start([{ wait: true }], { ...noLimits, wallClockMs: 10_000, stallMs: 8_000 });
      await clock.advance(4_000);
      const holds = [supervisor.holdClock(run), supervisor.holdClock(run)];
      await clock.advance(100_000);
      await holds[0]?.dispose();
      await holds[0]?.dispose();
      await clock.advance(100_000);
      await holds[1]?.dispose();
      await clock.advance(3_999);
      expect(heard).toEqual(['started']);
      await clock.advance(2_000);
      expect(heard.at(-1)).toMatchObject({ kind: 'timed_out', limit: 'stall' });
    });

    test('count what earlier hosts have used of the wall clock', async () => {
      sandbox.leave(run, { started: true, pid: true, alive: ['wrapper', 'cli'] });
      await adopt({ ...noLimits, wallClockMs: 10_000 }, { agoMs: 7_000 });
      await clock.advance(2_999);
      expect(heard).toEqual(['started']);
      await clock.advance(1);
      expect(heard.at(-1)).toMatchObject({ kind: 'timed_out', limit: 'wall_clock' });
    });
  });

  describe('disposing', () => {
    test('leaves agents alone; the next supervisor goes on where it stopped', async () => {
      await start([{ print: 'one\nha' }, { wait: true }]);
      await supervisor.dispose();
      expect(heard).toEqual(['started', 'line one']);
      expect(sandbox.stops).toEqual([]);
      expectQuiet();
      sandbox.write(run, 'lf\n');
      sandbox.exit(run, { code: 0 });
      supervisor = open();
      heard = [];
      await adopt(noLimits, { outputOffset: 4 });
      expect(heard).toMatchObject(['started', 'line half', { kind: 'exited' }]);
    });

    test('finishes a stop that is under way', async () => {
      await start([{ wait: true }]);
      const cancelled = supervisor.cancel(run);
      await supervisor.dispose();
      await cancelled;
      expect(heard).toMatchObject(['started', { kind: 'cancelled' }]);
    });

    test('while the process is being made leaves the run to the next', async () => {
      const made = Promise.withResolvers<void>();
      sandbox.onStart = () => made.promise;
      await start([{ print: 'it ran\n' }]);
      const disposed = supervisor.dispose();
      made.resolve();
      await disposed;
      expect(heard).toEqual([]);
      expect(await sandbox.directory.claimStart(run)).toBe('claimed');
    });

    test('refuses what comes later', async () => {
      await supervisor.dispose();
      expect(() => supervisor.start(launch([]), noLimits, listener)).toThrow();
    });
  });
});
