import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunId } from '../../src/base/ids.js';
import type { Log } from '../../src/base/log.js';
import { silentLog } from '../../src/base/log.js';
import { DirectoryRunSupervisor } from '../../src/core/runs/directoryRunSupervisor.js';
import type { OutputLine } from '../../src/core/runs/runOutput.js';
import type { RunEnd, RunLimits, RunListener } from '../../src/core/runs/runSupervisor.js';
import type { SandboxLaunch } from '../../src/core/sandboxes/sandboxDriver.js';
import { createProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import type { ProcessSandbox } from '../../src/drivers/process/createProcessSandbox.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import type { Wrapper } from '../../src/drivers/process/processRunDriver.js';
import { randomIds } from './randomIds.js';
import { noSecrets } from './secretMasks.ts';

export const testPath = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

/** What a listener heard of one run. */
export class HeardRun implements RunListener {
  readonly run: RunId;
  readonly lines: OutputLine[] = [];
  readonly #keepLines: boolean;
  readonly #ended = Promise.withResolvers<RunEnd>();
  readonly #awaited = new Set<{ readonly text: string; readonly resolve: () => void }>();
  ends = 0;
  starts = 0;
  lineCount = 0;
  /** Called for each batch. */
  onBatch: (lines: readonly OutputLine[]) => void = () => {};

  constructor(run: RunId, options: { readonly keepLines: boolean }) {
    this.run = run;
    this.#keepLines = options.keepLines;
  }

  onStarted(): void {
    this.starts++;
  }

  onLines(lines: readonly OutputLine[]): void {
    this.lineCount += lines.length;
    if (this.#keepLines) this.lines.push(...lines);
    this.onBatch(lines);
    for (const awaited of [...this.#awaited]) if (lines.some(line => line.text === awaited.text)) awaited.resolve();
  }

  onEnded(end: RunEnd): void {
    this.ends++;
    this.#ended.resolve(end);
  }

  get ended(): Promise<RunEnd> {
    return this.#ended.promise;
  }

  get texts(): readonly string[] {
    return this.lines.map(line => line.text);
  }

  /** Resolves once the run has said this line. */
  async said(text: string): Promise<void> {
    if (this.texts.includes(text)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const awaited = { text, resolve };
    this.#awaited.add(awaited);
    await promise;
    this.#awaited.delete(awaited);
  }
}

export interface StartOptions {
  readonly limits?: Partial<RunLimits>;
  readonly env?: Readonly<Record<string, string>>;
  readonly prompt?: string;
  readonly keepLines?: boolean;
}

/** A supervisor on real processes and a state directory of its own. */
export class ProcessRuns {
  readonly stateDir: string;
  readonly sandbox: ProcessSandbox;
  readonly supervisor: DirectoryRunSupervisor;
  readonly #ids = randomIds();
  readonly #started: RunId[] = [];
  readonly #ownsStateDir: boolean;

  constructor(options: {
    readonly stateDir: string;
    readonly ownsStateDir: boolean;
    readonly wrapper?: Wrapper | undefined;
    readonly log?: Log | undefined;
  }) {
    const { stateDir, wrapper, log = silentLog } = options;
    const clock = createNodeClock();
    this.stateDir = stateDir;
    this.#ownsStateDir = options.ownsStateDir;
    this.sandbox = createProcessSandbox({
      maskOf: () => noSecrets,
      stateDir,
      clock,
      log,
      ...(wrapper ? { wrapper } : {}),
    });
    this.supervisor = new DirectoryRunSupervisor({
      ...this.sandbox,
      drivers: { ofRun: () => this.sandbox.runs },
      clock,
      log,
    });
  }

  static async open(
    options: { readonly stateDir?: string; readonly wrapper?: Wrapper; readonly log?: Log } = {},
  ): Promise<ProcessRuns> {
    const { stateDir = await mkdtemp(join(tmpdir(), 'muster-runs-')), wrapper, log } = options;
    return new ProcessRuns({ stateDir, ownsStateDir: options.stateDir === undefined, wrapper, log });
  }

  /** Starts a shell script as an agent. */
  async start(script: string, options: StartOptions = {}): Promise<HeardRun> {
    const { limits, env, prompt = '', keepLines = true } = options;
    const run = this.#ids.next<'run'>();
    await this.sandbox.directory.create(run, { spec: {}, prompt, files: {} });
    const heard = new HeardRun(run, { keepLines });
    const launch: SandboxLaunch = {
      run,
      argv: ['sh', '-c', script],
      env: { PATH: testPath, ...env },
      cwd: this.stateDir,
      stdin: prompt === '' ? 'none' : 'prompt',
    };
    this.#started.push(run);
    this.supervisor.start(launch, { wallClockMs: 0, stallMs: 0, graceMs: 5_000, ...limits }, heard);
    return heard;
  }

  /** Ends everything that was started. */
  async dispose(): Promise<void> {
    await this.supervisor.dispose();
    for (const run of this.#started) await this.sandbox.runs.stop(run, { graceMs: 0 });
    if (this.#ownsStateDir) await rm(this.stateDir, { recursive: true, force: true });
  }
}
