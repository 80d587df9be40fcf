import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleGit } from 'simple-git';
import { retry, untilAborted } from '../../../base/async.js';
import type { Clock } from '../../../base/clock.js';
import { AppError } from '../../../base/errors.js';
import { homeFolder } from '../../../node/person.js';
import { DirectGit } from './directGit.js';
import { commandEnvironment, sanitizedEnvironment, type Environment } from './gitEnvironment.js';
import { gitFailure } from './gitFailure.js';
import { pathText } from './gitPath.js';
import type { GitEnd, GitStart } from './gitProcess.js';
import { JoinedLooks } from './joinedLooks.js';
import { ShellGit } from './shellGit.js';
import { longestSilenceMs, silenceText, SilenceWatch, type Silence } from './silence.js';

/** `merge-tree --write-tree`, `cat-file -z` and `hook run` are all there from this version on. */
const minimum = { major: 2, minor: 38 };
/** Git holds its locks for milliseconds; together these wait about 4 s, longer than a large index takes to write. */
const lockDelaysMs = [10, 20, 40, 80, 160, 320, 640, 1000, 1700];
const stderrKept = 8_000;
/** How long pipes may be quiet after git's end before nobody waits for them: output of git itself is there at once. */
const drainMs = 1_000;
/** What hooks say is only for error messages. */
const hookDrainMs = 100;

export interface GitRun {
  readonly cwd: string;
  readonly args: readonly string[];
  /** Aborting ends git (it removes its lock files then) and throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** True for commands that only look: they take no optional lock. */
  readonly reads?: boolean;
  /** True for a look that many runs take at once: the same command, asked meanwhile, is run once for all (see `joinedLooks.ts`). */
  readonly joined?: boolean;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** `key=value` settings of this command. */
  readonly config?: readonly string[];
  /** Exit codes that are answers, not failures. Default: 0. */
  readonly accept?: readonly number[];
  /** Output beyond it is dropped and git ended. Default: 64 MiB. */
  readonly maxBytes?: number;
  /** How long git may stand still without a word before it is ended. Default: 60 s. */
  readonly silenceMs?: number | undefined;
  /** Asked each time the silence lasts that long; `wait` gives it as long again. Default: `end`. */
  readonly onSilent?: ((silence: Silence) => 'wait' | 'end') | undefined;
  /** Hears the pid as soon as the process exists. */
  readonly onStarted?: (pid: number) => void;
  /** True for commands that run hooks: what a hook leaves in the background keeps our pipes open, and is not waited for. */
  readonly hooks?: boolean;
}

export interface GitOutput {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
  /** True when `maxBytes` cut the output. */
  readonly truncated: boolean;
  /** Output as text, without a final newline. */
  text(): string;
  /** Output of a `-z` command: its fields as they are. */
  records(): Uint8Array[];
  /** Output of a `-z` command that prints paths (see `gitPath.ts`). */
  fields(): string[];
}

export interface GitCommandOptions {
  readonly clock: Clock;
  /** Default: `git` on the PATH of `environment`. */
  readonly binary?: string | undefined;
  /** Default: this process's own. */
  readonly environment?: Environment | undefined;
  /** For what git is started through when this process is not to be forked (`shellGit.ts`); a private place. Default: it is forked. */
  readonly pipesFolder?: string | undefined;
}

/** The only spawner of git. */
export class GitCommand {
  readonly #clock: Clock;
  readonly #binary: string;
  readonly #environment: Record<string, string>;
  readonly #direct: DirectGit;
  readonly #shell: ShellGit | undefined;
  readonly #joined = new JoinedLooks<GitOutput>();
  #version: Promise<string> | undefined;

  constructor(options: GitCommandOptions) {
    this.#clock = options.clock;
    this.#binary = options.binary ?? 'git';
    this.#environment = sanitizedEnvironment(options.environment ?? process.env);
    const started = { binary: this.#binary, environment: this.#environment };
    const { pipesFolder: folder } = options;
    this.#direct = new DirectGit(started);
    this.#shell = folder === undefined ? undefined : new ShellGit({ ...started, folder });
  }

  /** The files of the person's own settings and the machine's, whether they are there or not. */
  settingsFiles(): readonly string[] {
    const { XDG_CONFIG_HOME: xdg, GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM } = this.#environment;
    const home = homeFolder(this.#environment) ?? '/';
    const global = [join(home, '.gitconfig'), join(xdg ?? join(home, '.config'), 'git', 'config')];
    return [...(GIT_CONFIG_GLOBAL === undefined ? global : [GIT_CONFIG_GLOBAL]), GIT_CONFIG_SYSTEM ?? '/etc/gitconfig'];
  }

  /** Makes ready what starts git cheaply; best early, while this process is small. */
  prepare(): void {
    this.#shell?.prepare();
  }

  /** Ends what starts git cheaply, and what is at work. */
  dispose(): void {
    this.#shell?.dispose();
  }

  /**
   * Runs git. A lock that another git holds is waited for.
   * Errors: `git.failed` (any other exit code), `git.silent`, `git.missing`, `worktree.missing` (no such `cwd`), the signal's reason.
   */
  async run(command: GitRun): Promise<GitOutput> {
    if (command.joined !== true) return await this.#patiently(command);
    const { signal, ...shared } = command;
    signal?.throwIfAborted();
    // Nobody's abort ends what others wait for as well.
    const look = this.#joined.look(JSON.stringify(shared), () => this.#patiently(shared));
    return signal === undefined ? await look : await untilAborted(look, signal);
  }

  async #patiently(command: GitRun): Promise<GitOutput> {
    return retry(() => this.#once(command), {
      delaysMs: lockDelaysMs,
      signal: command.signal ?? new AbortController().signal,
      clock: this.#clock,
      shouldRetry: error => error instanceof AppError && isLocked(error),
    });
  }

  /** Git's version, asked once. Errors: `git.missing`, `git.tooOld`. */
  async version(): Promise<string> {
    this.#version ??= this.#readVersion();
    // A failure is thrown to whoever asked, and not kept: git may be installed meanwhile.
    this.#version.catch(() => (this.#version = undefined));
    return this.#version;
  }

  async #readVersion(): Promise<string> {
    const version = await simpleGit({ binary: this.#binary, unsafe: { allowUnsafeCustomBinary: true } })
      // The library refuses an environment with editors, pagers or git settings in it; a version needs none.
      .env(pick(this.#environment, ['PATH', 'Path', 'PATHEXT', 'SystemRoot', 'HOME', 'LC_ALL']))
      .version();
    if (!version.installed) throw gitMissing();
    const found = `${version.major}.${version.minor}.${version.patch}`;
    if (version.major > minimum.major || (version.major === minimum.major && version.minor >= minimum.minor)) {
      return found;
    }
    const needed = `${minimum.major}.${minimum.minor}`;
    throw new AppError(
      'git.tooOld',
      `Muster needs git ${needed} or newer; ${this.#binary} is ${found}. Install a newer git and try again.`,
      { found, needed },
    );
  }

  async #once(command: GitRun): Promise<GitOutput> {
    command.signal?.throwIfAborted();
    const { end, silence } = await this.#watched(command);
    if (end.stopped) command.signal?.throwIfAborted();
    if (silence !== undefined && end.stopped) throw gitSilent(silence);
    if (end.failure?.missing) throw await whatIsMissing(command);
    const stderr = decode(end.stderr).trim();
    const output = new Output(end.exitCode ?? -1, end.stdout, stderr, end.truncated);
    if (output.truncated || (command.accept ?? [0]).includes(output.exitCode)) return output;
    throw gitFailed({ args: command.args, exitCode: end.exitCode, stderr: stderr || (end.failure?.message ?? '') });
  }

  /** Runs git, and ends it when it stands still for too long. */
  async #watched(command: GitRun): Promise<{ readonly end: GitEnd; readonly silence: Silence | undefined }> {
    const silent = new AbortController();
    const over = new AbortController();
    const watch = new SilenceWatch(this.#clock);
    let silence: Silence | undefined;
    const onSilent = (found: Silence): 'wait' | 'end' => {
      if (command.onSilent?.(found) === 'wait') return 'wait';
      silence = found;
      silent.abort();
      return 'end';
    };
    const onStarted = (pid: number): void => {
      command.onStarted?.(pid);
      const { silenceMs: limitMs = longestSilenceMs, args } = command;
      void watch.watch({ pid, limitMs, command: commandName(args), signal: over.signal, onSilent });
    };
    const stop = command.signal === undefined ? silent.signal : AbortSignal.any([command.signal, silent.signal]);
    const start = { ...startOf(command), stop, onStarted, onOutput: () => watch.heard() };
    try {
      return { end: (await this.#shell?.run(start)) ?? (await this.#direct.run(start)), silence };
    } finally {
      over.abort();
    }
  }
}

function startOf(command: GitRun): Omit<GitStart, 'stop' | 'onStarted' | 'onOutput'> {
  return {
    args: [...(command.config ?? []).flatMap(setting => ['-c', setting]), ...command.args],
    cwd: command.cwd,
    variables: { ...commandEnvironment({ reads: command.reads ?? false }), ...command.env },
    maxBytes: command.maxBytes ?? 64 * 1024 * 1024,
    drainMs: command.hooks === true ? hookDrainMs : drainMs,
    ...(command.input === undefined ? {} : { input: encode(command.input) }),
  };
}

class Output implements GitOutput {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
  readonly truncated: boolean;

  constructor(exitCode: number, stdout: Uint8Array, stderr: string, truncated: boolean) {
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
    this.truncated = truncated;
  }

  text(): string {
    return decode(this.stdout).replace(/\n$/, '');
  }

  records(): Uint8Array[] {
    const records: Uint8Array[] = [];
    let start = 0;
    for (let end = this.stdout.indexOf(0); end >= 0; end = this.stdout.indexOf(0, start)) {
      records.push(this.stdout.subarray(start, end));
      start = end + 1;
    }
    if (start < this.stdout.length) records.push(this.stdout.subarray(start));
    return records;
  }

  fields(): string[] {
    return this.records().map(pathText);
  }
}

/** A `git.failed` error with the sentence git itself said. */
export function gitFailed(failed: {
  readonly args: readonly string[];
  readonly exitCode: number | undefined;
  readonly stderr: string;
}): AppError<'git.failed'> {
  const command = commandName(failed.args);
  const said = failed.stderr.length > stderrKept ? `…${failed.stderr.slice(-stderrKept)}` : failed.stderr;
  const end = failed.exitCode === undefined ? 'it was ended by a signal' : `exit code ${failed.exitCode}`;
  return new AppError('git.failed', `${command} failed: ${said === '' ? end : said}`, {
    command,
    exitCode: failed.exitCode,
    stderr: said,
  });
}

/** `git merge`. */
function commandName(args: readonly string[]): string {
  return `git ${args.find(arg => !arg.startsWith('-')) ?? ''}`.trim();
}

function gitSilent(silence: Silence): AppError<'git.silent'> {
  return new AppError('git.silent', `${silenceText(silence)}, so it was ended.`, { ...silence });
}

/** Neither git's program nor the folder it should run in says which of the two is not there. */
async function whatIsMissing({ cwd }: GitRun): Promise<AppError> {
  const there = await stat(cwd).then(
    found => found.isDirectory(),
    () => false,
  );
  return there ? gitMissing() : folderMissing(cwd);
}

function isLocked(error: AppError): boolean {
  return error.code === 'git.failed' && 'stderr' in error.data && gitFailure(error.data.stderr) === 'locked';
}

function gitMissing(): AppError<'git.missing'> {
  return new AppError('git.missing', 'git was not found on the PATH. Install git 2.38 or newer and try again.', {});
}

function folderMissing(path: string): AppError<'worktree.missing'> {
  return new AppError('worktree.missing', `The folder ${path} does not exist.`, { path });
}

function pick(environment: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => names.includes(name)));
}

function encode(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
