import { expect } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { DirectoryRunSupervisor } from '../../src/core/runs/directoryRunSupervisor.js';
import type { AdoptedRun, RunEnd, RunLimits, RunListener } from '../../src/core/runs/runSupervisor.js';
import { FakeClock, settle } from './clock.js';
import { FakeSandbox, fakeCommand } from './fakes/fakeSandbox.js';
import { countingIds } from './ids.js';
import type { ProgramStep } from './programs.js';

export const noLimits: RunLimits = { wallClockMs: 0, stallMs: 0, graceMs: 1000 };

/** One run, the supervisor that looks after it in a sandbox of memory, and what its listener heard. */
export class SupervisedRun {
  readonly clock = new FakeClock();
  readonly sandbox = new FakeSandbox();
  readonly run = countingIds().next<'run'>();
  readonly heard: (string | RunEnd)[] = [];
  supervisor = this.open();
  listener: RunListener = {
    onStarted: () => this.heard.push('started'),
    onLines: lines => this.heard.push(...lines.map(line => `line ${line.text}`)),
    onEnded: end => this.heard.push(end),
  };

  /** Another supervisor of the same run. */
  open(runs = this.sandbox.runs, output = this.sandbox.output): DirectoryRunSupervisor {
    return new DirectoryRunSupervisor({
      directory: this.sandbox.directory,
      output,
      drivers: { ofRun: () => runs },
      clock: this.clock,
      log: silentLog,
    });
  }

  launch(steps: readonly ProgramStep[]) {
    const argv = [fakeCommand, JSON.stringify(steps)];
    return { run: this.run, argv, env: {}, cwd: '/', stdin: 'none' as const };
  }

  async start(steps: readonly ProgramStep[], limits = noLimits): Promise<void> {
    this.supervisor.start(this.launch(steps), limits, this.listener);
    await settle();
  }

  async adopt(limits = noLimits, from: Partial<AdoptedRun> & { readonly agoMs?: number } = {}): Promise<void> {
    const { agoMs = 0, ...known } = from;
    const run = { run: this.run, outputOffset: 0, startedAt: this.clock.now() - agoMs, seenStarted: false };
    this.supervisor.adopt({ ...run, cancelled: false, ...known }, limits, this.listener);
    await settle();
  }

  /** Nothing of an ended run goes on: no timer, no watch. */
  expectQuiet(): void {
    expect({ sleeping: this.clock.sleeping, watching: this.sandbox.watching }).toEqual({ sleeping: 0, watching: 0 });
  }
}
