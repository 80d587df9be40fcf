import { spawn } from 'node:child_process';
import { repositoryRoot } from './paths.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes that are answers, not failures; default `[0]`. */
  readonly accept?: readonly number[];
  /** `inherit` (default) shows the output as it comes, `capture` returns it, `show` does both. */
  readonly output?: 'inherit' | 'capture' | 'show';
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  readonly exitCode: number;
  /** Empty when the output was inherited. */
  readonly stdout: string;
}

/** Runs a program to its end; rejects with the command line when it cannot start or ends with an unexpected code. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { cwd = repositoryRoot, env = process.env, accept = [0], output = 'inherit', signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', output === 'inherit' ? 'inherit' : 'pipe', 'inherit'],
      ...(signal ? { signal } : {}),
    });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (output === 'show') process.stdout.write(chunk);
    });
    child.on('error', error =>
      reject(new Error(`Could not run ${command} ${args.join(' ')}: ${error.message}`, { cause: error })),
    );
    child.on('close', (code, endedBy) => {
      const exitCode = code ?? 128;
      if (accept.includes(exitCode)) resolve({ exitCode, stdout: Buffer.concat(chunks).toString('utf8') });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${endedBy ?? `exit code ${exitCode}`}`));
    });
  });
}
