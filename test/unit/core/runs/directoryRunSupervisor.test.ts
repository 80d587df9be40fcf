import { beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../../../src/base/ids.js';
import type { RunEnd } from '../../../../src/core/runs/runSupervisor.js';
import { settle, type FakeClock } from '../../../support/clock.js';
import type { FakeSandbox } from '../../../support/fakes/fakeSandbox.js';
import { noLimits, SupervisedRun } from '../../../support/supervisedRun.js';

describe('the run supervisor', () => {
  let supervised: SupervisedRun;
  let clock: FakeClock;
  let sandbox: FakeSandbox;
  let run: RunId;
  let heard: (string | RunEnd)[];

  beforeEach(() => {
    supervised = new SupervisedRun();
    ({ clock, sandbox, run, heard } = supervised);
  });

  describe('a run that is started', () => {
    test('is told from its start over its output to its one end', async () => {
      await supervised.start([{ print: 'one\n' }, { complain: 'hm' }, { print: 'two\nlast' }, { exit: 3 }]);
      expect(heard).toEqual([
        'started',
        'line one',
        'line two',
        'line last',
        { kind: 'exited', exit: { code: 3, endedAt: 0 }, stderrTail: 'hm' },
      ]);
      supervised.expectQuiet();
    });

    test('whose command is missing has not started, and can never start any more', async () => {
      supervised.supervisor.start({ ...supervised.launch([]), argv: ['nothing'] }, noLimits, supervised.listener);
      await settle();
      expect(heard).toMatchObject([{ kind: 'not_started', error: { code: 'provider.missing' } }]);
      expect(await sandbox.directory.claimStart(run)).toBe('given_up');
      supervised.expectQuiet();
    });

    test('goes on when the start failed after the wrapper had begun', async () => {
      sandbox.onStart = async started => {
        sandbox.leave(run, { alive: ['wrapper'] });
        sandbox.begin(started);
        throw new Error('the message about the start got lost');
      };
      await supervised.start([{ print: 'one\n' }, { exit: 0 }]);
      expect(heard).toMatchObject(['started', 'line one', { kind: 'exited' }]);
    });

    test('whose wrapper and command die without a word is lost', async () => {
      await supervised.start([{ print: 'one\n' }, { wait: true }]);
      sandbox.kill(run, 'wrapper');
      await clock.advance(60_000);
      expect(heard).toEqual(['started', 'line one']);
      sandbox.write(run, 'unfinished');
      sandbox.kill(run, 'cli');
      await clock.advance(2000);
      expect(heard.slice(2)).toEqual(['line unfinished', { kind: 'lost', started: true, stderrTail: '' }]);
      supervised.expectQuiet();
    });

    test('whose directory was removed meanwhile has run all the same', async () => {
      await supervised.start([{ print: 'one\n' }, { wait: true }]);
      await sandbox.directory.remove(run);
      sandbox.kill(run, 'wrapper');
      sandbox.kill(run, 'cli');
      await clock.advance(2000);
      expect(heard.slice(2)).toEqual([{ kind: 'lost', started: true, stderrTail: '' }]);
      supervised.expectQuiet();
    });

    test('whose directory was removed before anybody saw it start may have run', async () => {
      sandbox.wrapperWaits = true;
      await supervised.start([{ print: 'one\n' }]);
      await sandbox.directory.remove(run);
      sandbox.kill(run, 'wrapper');
      await clock.advance(2000);
      expect(heard).toMatchObject(['started', { kind: 'lost', started: true }]);
    });

    test('whose wrapper died before its first act has certainly not run', async () => {
      sandbox.wrapperWaits = true;
      await supervised.start([{ print: 'one\n' }]);
      sandbox.kill(run, 'wrapper');
      await clock.advance(2000);
      expect(heard).toEqual([{ kind: 'lost', started: false, stderrTail: '' }]);
    });

    test('leaves nothing behind when it has ended', async () => {
      await supervised.start([{ wait: true }]);
      sandbox.leave(run, { started: true, pid: true, alive: ['grandchild'] });
      sandbox.exit(run, { code: 0 });
      await settle();
      expect(heard).toMatchObject(['started', { kind: 'exited' }]);
      expect(await sandbox.runs.isAlive(run)).toBe(false);
    });

    test('is not disturbed by a listener that throws', async () => {
      supervised.listener = {
        ...supervised.listener,
        onLines: () => {
          throw new Error('bad listener');
        },
      };
      await supervised.start([{ print: 'one\n' }, { exit: 0 }]);
      expect(heard).toMatchObject(['started', { kind: 'exited' }]);
    });
  });

  describe('cancelling', () => {
    test('stops the run, and hands over what it said', async () => {
      await supervised.start([{ print: 'one\nhalf' }, { wait: true }]);
      await supervised.supervisor.cancel(run);
      expect(heard).toEqual(['started', 'line one', 'line half', { kind: 'cancelled' }]);
      expect(sandbox.stops).toEqual([run]);
      supervised.expectQuiet();
    });

    test('does nothing to a run that has ended by itself', async () => {
      await supervised.start([{ exit: 0 }]);
      await supervised.supervisor.cancel(run);
      expect(heard).toMatchObject(['started', { kind: 'exited' }]);
      expect(heard).toHaveLength(2);
    });

    test('a run that ended at the same moment has ended by itself', async () => {
      await supervised.start([{ wait: true }]);
      sandbox.exit(run, { code: 0 });
      await supervised.supervisor.cancel(run);
      expect(heard.at(-1)).toMatchObject({ kind: 'exited' });
    });

    test('before the wrapper has begun keeps it from ever beginning', async () => {
      sandbox.wrapperWaits = true;
      const steps = supervised.launch([{ print: 'it ran\n' }]);
      supervised.supervisor.start(steps, noLimits, supervised.listener);
      await settle();
      await supervised.supervisor.cancel(run);
      sandbox.begin(steps);
      await settle();
      expect(heard).toEqual([{ kind: 'cancelled' }]);
    });

    test('while the process is being made waits for that', async () => {
      const made = Promise.withResolvers<void>();
      sandbox.onStart = () => made.promise;
      await supervised.start([{ print: 'it ran\n' }]);
      const cancelled = supervised.supervisor.cancel(run);
      await settle();
      expect(heard).toEqual([]);
      made.resolve();
      await cancelled;
      expect(heard).toEqual([{ kind: 'cancelled' }]);
    });

    test('twice is once', async () => {
      await supervised.start([{ wait: true }]);
      await Promise.all([supervised.supervisor.cancel(run), supervised.supervisor.cancel(run)]);
      expect(heard).toEqual(['started', { kind: 'cancelled' }]);
      expect(sandbox.stops).toEqual([run]);
    });

    test('says when something cannot be stopped, and ends the run all the same', async () => {
      await supervised.start([{ wait: true }]);
      sandbox.stopError = new Error('it will not die');
      await expect(supervised.supervisor.cancel(run)).rejects.toThrow('it will not die');
      await settle();
      expect(heard.at(-1)).toEqual({ kind: 'cancelled' });
    });

    test('an unknown run is nothing to do', async () => {
      await supervised.supervisor.cancel(run);
      expect(sandbox.stops).toEqual([]);
    });
  });

  describe('limits', () => {
    test('end a run that takes too long, and stop it first', async () => {
      await supervised.start([{ print: 'one\n' }, { wait: true }], { ...noLimits, wallClockMs: 10_000 });
      await clock.advance(9_999);
      expect(heard).toEqual(['started', 'line one']);
      await clock.advance(1);
      expect(heard.at(-1)).toEqual({ kind: 'timed_out', limit: 'wall_clock', stderrTail: '' });
      expect(sandbox.stops).toEqual([run]);
      supervised.expectQuiet();
    });

    test('end a run that says nothing for too long', async () => {
      await supervised.start([{ wait: true }], { ...noLimits, stallMs: 10_000 });
      await clock.advance(9_000);
      sandbox.write(run, 'still here\n');
      await clock.advance(9_999);
      expect(heard).toEqual(['started', 'line still here']);
      await clock.advance(1);
      expect(heard.at(-1)).toMatchObject({ kind: 'timed_out', limit: 'stall' });
    });

    test('do not count the time that the machine sleeps', async () => {
      await supervised.start([{ wait: true }], { ...noLimits, wallClockMs: 10_000, stallMs: 10_000 });
      clock.suspend(3_600_000);
      await clock.advance(9_999);
      expect(heard).toEqual(['started']);
    });

    test('stand still while they are held', async () => {
      await supervised.start([{ wait: true }], { ...noLimits, wallClockMs: 10_000, stallMs: 8_000 });
      await clock.advance(4_000);
      const holds = [supervised.supervisor.holdClock(run), supervised.supervisor.holdClock(run)];
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
      await supervised.adopt({ ...noLimits, wallClockMs: 10_000 }, { agoMs: 7_000 });
      await clock.advance(2_999);
      expect(heard).toEqual(['started']);
      await clock.advance(1);
      expect(heard.at(-1)).toMatchObject({ kind: 'timed_out', limit: 'wall_clock' });
    });
  });

  describe('disposing', () => {
    test('leaves agents alone; the next supervisor goes on where it stopped', async () => {
      await supervised.start([{ print: 'one\nha' }, { wait: true }]);
      await supervised.supervisor.dispose();
      expect(heard).toEqual(['started', 'line one']);
      expect(sandbox.stops).toEqual([]);
      supervised.expectQuiet();
      sandbox.write(run, 'lf\n');
      sandbox.exit(run, { code: 0 });
      supervised.supervisor = supervised.open();
      heard.length = 0;
      await supervised.adopt(noLimits, { outputOffset: 4 });
      expect(heard).toMatchObject(['started', 'line half', { kind: 'exited' }]);
    });

    test('finishes a stop that is under way', async () => {
      await supervised.start([{ wait: true }]);
      const cancelled = supervised.supervisor.cancel(run);
      await supervised.supervisor.dispose();
      await cancelled;
      expect(heard).toMatchObject(['started', { kind: 'cancelled' }]);
    });

    test('while the process is being made leaves the run to the next', async () => {
      const made = Promise.withResolvers<void>();
      sandbox.onStart = () => made.promise;
      await supervised.start([{ print: 'it ran\n' }]);
      const disposed = supervised.supervisor.dispose();
      made.resolve();
      await disposed;
      expect(heard).toEqual([]);
      expect(await sandbox.directory.claimStart(run)).toBe('claimed');
    });

    test('refuses what comes later', async () => {
      await supervised.supervisor.dispose();
      expect(() => supervised.supervisor.start(supervised.launch([]), noLimits, supervised.listener)).toThrow();
    });
  });
});
