import { AppError } from '../../../src/base/errors.js';
import type { RunId } from '../../../src/base/ids.js';
import type { Letter, Mailbox } from '../../../src/core/mail/mailbox.js';
import type { RunDirectory, RunDirectoryContents, RunExit } from '../../../src/core/runs/runDirectory.js';
import type { OutputLine, RunOutput, TailOptions } from '../../../src/core/runs/runOutput.js';
import type { Guest, RunDriver, SandboxDriver, SandboxLaunch } from '../../../src/core/sandboxes/sandboxDriver.js';
import type { ProgramStep } from '../programs.js';

interface FakeRun {
  contents: RunDirectoryContents | undefined;
  /** Its directory was there and is not any more. */
  removed: boolean;
  started: boolean;
  /** `started` is a host's. */
  givenUp: boolean;
  pid: boolean;
  exit: RunExit | undefined;
  stdout: string;
  stderr: string;
  readonly alive: Set<'wrapper' | 'cli' | 'grandchild'>;
  ignoresTerm: boolean;
  readonly letters: Letter[];
  readonly answers: Map<number, Readonly<Record<string, unknown>>>;
}

/** What the fake's command is called in `argv[0]`; the second element is a JSON array of {@link ProgramStep}. */
export const fakeCommand = 'fake-program';

/** This machine, as a run of the process driver sees it. */
export const fakeGuest: Guest = {
  isolated: false,
  hasMail: true,
  hasPipes: true,
  asRoot: false,
  runDir: run => `/fake/runs/${run}`,
  place: path => path,
  reach: port => ({ host: '127.0.0.1', port }),
};

/**
 * Run directories, output and processes in memory. The three ports share one world; tests reach into it to let agents say
 * things, end, and die in unusual ways.
 */
export class FakeSandbox {
  readonly #runs = new Map<RunId, FakeRun>();
  readonly #watchers = new Set<() => void>();
  /** Of all runs, by path. */
  readonly #files = new Map<string, string>();
  /** Called with the run before a process is made: to fail, to wait. */
  onStart: (launch: SandboxLaunch) => Promise<void> = async () => {};
  /** Whether a wrapper that has begun goes on at once or waits for {@link begin}. */
  wrapperWaits = false;
  /** Set to let `stop` fail. */
  stopError: Error | undefined;
  readonly stops: RunId[] = [];

  readonly directory: RunDirectory = {
    path: run => `/fake/runs/${run}`,
    create: async (run, contents) => {
      for (const name of Object.keys(contents.files))
        if (!/^[\w-][\w.-]*$/.test(name) || name === 'pid')
          throw new AppError('internal', 'bad name', { detail: name });
      Object.assign(this.#of(run), { contents, removed: false });
    },
    exists: async run => this.#runs.get(run)?.contents !== undefined,
    claimStart: async run => {
      const claim = this.#claim(run);
      if (claim === 'claimed') this.#of(run).givenUp = true;
      return claim === 'taken' && this.#of(run).givenUp ? 'given_up' : claim;
    },
    readExit: async run => this.#of(run).exit,
    waitForStart: (run, signal) =>
      this.#waitFor(signal, () => this.#of(run).pid || this.#of(run).exit || undefined).then(() => {}),
    waitForExit: (run, signal) => this.#waitFor(signal, () => this.#of(run).exit),
    stderrTail: async (run, maxBytes) => this.#of(run).stderr.slice(-maxBytes),
    remove: async run =>
      void Object.assign(this.#of(run), {
        contents: undefined,
        removed: true,
        started: false,
        givenUp: false,
        pid: false,
        exit: undefined,
        stdout: '',
        stderr: '',
      }),
  };

  readonly runs: RunDriver = {
    start: async (launch, signal) => {
      if (launch.cwd.endsWith('/missing')) throw new AppError('worktree.missing', 'missing', { path: launch.cwd });
      if (launch.argv[0] !== fakeCommand)
        throw new AppError('provider.missing', 'missing', { provider: '', command: launch.argv[0] ?? '', fix: '' });
      await this.onStart(launch);
      signal.throwIfAborted();
      this.#of(launch.run).alive.add('wrapper');
      if (!this.wrapperWaits) this.begin(launch);
    },
    isAlive: async run => this.#of(run).alive.size > 0,
    stop: async run => {
      this.stops.push(run);
      if (this.stopError) throw this.stopError;
      const found = this.#of(run);
      // Those that survive SIGTERM get SIGKILL with the wrapper: no exit file.
      if (found.alive.has('wrapper') && found.alive.has('cli') && !found.ignoresTerm)
        this.exit(run, { signal: 'SIGTERM' });
      found.alive.clear();
      this.#changed();
    },
  };

  /** Letters of runs, and what they were answered. */
  readonly mailbox: Mailbox = {
    unanswered: run => this.#of(run).letters.filter(({ number }) => !this.#of(run).answers.has(number)),
    answer: (run, number, answer) => void this.#of(run).answers.set(number, answer),
    subscribe: (_, notify) => {
      this.#watchers.add(notify);
      return { dispose: () => void this.#watchers.delete(notify) };
    },
  };

  readonly driver: SandboxDriver = {
    borrowedObjects: index => `/objects/${index}`,
    ensure: async () => fakeGuest,
    runsIn: () => this.runs,
    stop: async () => undefined,
    resume: async () => undefined,
    remove: async () => undefined,
    inspect: async () => ({ state: 'ready', runtimeIds: [] }),
    enter: async () => ({ command: [], terminal: [] }),
    stats: async () => undefined,
    forward: async (_, { port }) => ({ host: '127.0.0.1', port, dispose: () => undefined }),
  };

  readonly output: RunOutput = {
    tail: (run, options) => this.#tail(run, options),
  };

  /** The wrapper's first acts: claim, `pid`, the CLI. */
  begin(launch: SandboxLaunch): void {
    const found = this.#of(launch.run);
    if (!found.alive.has('wrapper')) return;
    if (this.#claim(launch.run) !== 'claimed') {
      found.alive.delete('wrapper');
      return;
    }
    found.pid = true;
    found.alive.add('cli');
    this.#changed();
    this.#execute(launch);
  }

  write(run: RunId, text: string): void {
    this.#of(run).stdout += text;
    this.#changed();
  }

  /** The agent's tool writes to the host; returns the letter's number. */
  writeLetter(run: RunId, body: unknown): number {
    const { letters } = this.#of(run);
    const number = letters.length + 1;
    letters.push({ number, body });
    this.#changed();
    return number;
  }

  /** What the host answered to a letter. */
  answerTo(run: RunId, number: number): Readonly<Record<string, unknown>> | undefined {
    return this.#of(run).answers.get(number);
  }

  /** The CLI ends and the wrapper writes it down. */
  exit(run: RunId, exit: { readonly code: number } | { readonly signal: string }): void {
    const found = this.#of(run);
    found.alive.delete('cli');
    found.alive.delete('wrapper');
    found.exit = { ...exit, endedAt: 0 };
    this.#changed();
  }

  /** Something of the run dies without a word. */
  kill(run: RunId, what: 'wrapper' | 'cli' | 'grandchild'): void {
    this.#of(run).alive.delete(what);
  }

  /** What an earlier host left: a run whose wrapper got this far. */
  leave(
    run: RunId,
    left: {
      readonly started?: boolean;
      readonly pid?: boolean;
      readonly alive?: readonly ('wrapper' | 'cli' | 'grandchild')[];
    },
  ): void {
    const found = this.#of(run);
    found.started = left.started ?? false;
    found.pid = left.pid ?? false;
    for (const one of left.alive ?? []) found.alive.add(one);
  }

  /** Number of waits and tails that go on. */
  get watching(): number {
    return this.#watchers.size;
  }

  #of(run: RunId): FakeRun {
    let found = this.#runs.get(run);
    if (!found) {
      found = {
        contents: undefined,
        removed: false,
        started: false,
        givenUp: false,
        pid: false,
        exit: undefined,
        stdout: '',
        stderr: '',
        alive: new Set(),
        ignoresTerm: false,
        letters: [],
        answers: new Map(),
      };
      this.#runs.set(run, found);
    }
    return found;
  }

  #claim(run: RunId): 'claimed' | 'taken' | 'gone' {
    const found = this.#of(run);
    if (found.removed) return 'gone';
    if (found.started) return 'taken';
    found.started = true;
    return 'claimed';
  }

  #execute(launch: SandboxLaunch): void {
    const found = this.#of(launch.run);
    const steps = JSON.parse(launch.argv[1] ?? '[]') as readonly ProgramStep[];
    for (const step of steps) {
      if ('print' in step) this.write(launch.run, step.print);
      else if ('complain' in step) found.stderr += step.complain;
      else if ('printInput' in step)
        this.write(launch.run, launch.stdin === 'prompt' ? (found.contents?.prompt ?? '') : '');
      else if ('printVariable' in step)
        this.write(
          launch.run,
          `${step.printVariable === 'MUSTER_RUN_ID' ? launch.run : launch.env[step.printVariable]}\n`,
        );
      else if ('write' in step) this.#files.set(step.write.path, step.write.text);
      else if ('read' in step) this.write(launch.run, this.#files.get(step.read) ?? '');
      else if ('ignoreTerm' in step) found.ignoresTerm = true;
      else if ('exit' in step) return this.exit(launch.run, { code: step.exit });
      else return;
    }
    this.exit(launch.run, { code: 0 });
  }

  async #tail(run: RunId, { from, onLines, until, signal }: TailOptions): Promise<'drained' | 'stopped'> {
    let position = from;
    const deliver = (): void => {
      const bytes = Buffer.from(this.#of(run).stdout);
      const lines: OutputLine[] = [];
      for (let end = bytes.indexOf('\n', position); end !== -1; end = bytes.indexOf('\n', position)) {
        lines.push({ text: bytes.toString('utf8', position, end), truncated: false, end: end + 1 });
        position = end + 1;
      }
      if (until.aborted && position < bytes.length) {
        lines.push({ text: bytes.toString('utf8', position), truncated: false, end: bytes.length });
        position = bytes.length;
      }
      if (lines.length > 0) onLines(lines);
    };
    return this.#waitFor(
      AbortSignal.any([]),
      () => {
        if (signal.aborted) return 'stopped' as const;
        deliver();
        return until.aborted ? ('drained' as const) : undefined;
      },
      [until, signal],
    );
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #waitFor<T>(
    signal: TailOptions['signal'],
    look: () => T | undefined,
    wakers: readonly TailOptions['signal'][] = [],
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = (): void => {
      const found = look();
      if (found !== undefined) resolve(found);
    };
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    for (const waker of wakers) waker.addEventListener('abort', check, { once: true });
    this.#watchers.add(check);
    // As with real files, news arrives later than the call that asks for it.
    queueMicrotask(check);
    return promise.finally(() => {
      this.#watchers.delete(check);
      signal.removeEventListener('abort', onAbort);
      for (const waker of wakers) waker.removeEventListener('abort', check);
    });
  }
}
