import { execa } from 'execa';
import { killDelayMs, maxErrorBytes, PipeDrain, type GitEnd, type GitStart } from './gitProcess.js';
import { StartTurns } from './startTurns.js';

/** Starts git from this process: what every system can do. */
export class DirectGit {
  readonly #binary: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #turns = new StartTurns();

  constructor(options: { readonly binary: string; readonly environment: Readonly<Record<string, string>> }) {
    this.#binary = options.binary;
    this.#environment = options.environment;
  }

  async run(start: GitStart): Promise<GitEnd> {
    await this.#turns.next();
    start.stop.throwIfAborted();
    const subprocess = execa(this.#binary, start.args, {
      cwd: start.cwd,
      env: { ...this.#environment, ...start.variables },
      extendEnv: false,
      encoding: 'buffer',
      maxBuffer: { stdout: start.maxBytes, stderr: maxErrorBytes },
      reject: false,
      stripFinalNewline: false,
      // Hooks and filters of git end with it.
      killDescendants: true,
      forceKillAfterDelay: killDelayMs,
      stdin: start.input ?? 'ignore',
      cancelSignal: start.stop,
    });
    const { nodeChildProcess, stdout, stderr } = subprocess;
    const drain = new PipeDrain([stdout, stderr], start.onOutput);
    nodeChildProcess.once('exit', () => drain.begin(start.drainMs));
    if (subprocess.pid !== undefined) start.onStarted(subprocess.pid);
    const result = await subprocess;
    return {
      exitCode: result.exitCode,
      stdout: result.stdout,
      stderr: result.stderr,
      truncated: result.isMaxBuffer,
      stopped: result.isCanceled,
      ...(result.failed && result.exitCode === undefined
        ? { failure: { missing: result.code === 'ENOENT', message: result.originalMessage ?? '' } }
        : {}),
    };
  }
}
