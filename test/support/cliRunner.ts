import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/runCli.js';

export interface CliRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `muster` inside this process, against whatever host `stateDir` has. */
export async function runInProcess(
  args: readonly string[],
  options: {
    readonly stateDir: string;
    readonly cwd?: string;
    readonly stdin?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
    /** Columns of the terminal that it believes to write to. */
    readonly terminal?: number;
  },
): Promise<CliRun> {
  const out: (string | Uint8Array)[] = [];
  const err: (string | Uint8Array)[] = [];
  const status = await runCli({
    args,
    env: { MUSTER_HOME: options.stateDir, ...options.env },
    cwd: options.cwd ?? options.stateDir,
    bundleDir: '/nonexistent',
    stdin: Object.assign(Readable.from([Buffer.from(options.stdin ?? '')]), {
      isTTY: false,
    }) as unknown as NodeJS.ReadStream,
    stdout: {
      write: text => out.push(text),
      ...(options.terminal !== undefined && { isTTY: true, columns: options.terminal }),
    },
    stderr: { write: text => err.push(text), ...(options.terminal !== undefined && { isTTY: true }) },
    signal: options.signal ?? new AbortController().signal,
  });
  return { status, stdout: joined(out), stderr: joined(err) };
}

function joined(chunks: readonly (string | Uint8Array)[]): string {
  return Buffer.concat(chunks.map(chunk => Buffer.from(chunk))).toString('utf8');
}
