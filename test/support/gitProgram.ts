import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { MergeOutcome, MergeRequest, UndoRequest } from '../../src/core/merges/mergeDriver.js';
import type { CreateWorktree } from '../../src/core/workspaces/worktreeDriver.js';
import { isolatedGitEnvironment } from './gitRepository.js';

/** What a process of its own does with the git drivers. */
export type GitTask =
  | { readonly kind: 'create'; readonly requests: readonly CreateWorktree[] }
  | { readonly kind: 'merge'; readonly request: MergeRequest }
  | { readonly kind: 'undo'; readonly request: UndoRequest }
  /** Takes the repository's lock, says so and keeps it. */
  | { readonly kind: 'hold'; readonly commonDir: string };

export interface GitTaskInput {
  readonly stateDir: string;
  readonly binary?: string;
  /** The operation (see `killAtOperation.ts`) before which the program dies; their number is then left in `<stateDir>/operations`. */
  readonly killAt?: number;
  readonly task: GitTask;
}

export interface GitTaskResult {
  /** Undefined when a signal ended the process. */
  readonly exitCode: number | undefined;
  readonly output: string;
}

/** The git drivers as a program that can be killed. Build it once per test file; `dispose` removes it. */
export class GitProgram {
  readonly #folder: string;
  readonly #bundle: string;

  constructor(folder: string, bundle: string) {
    this.#folder = folder;
    this.#bundle = bundle;
  }

  static async build(): Promise<GitProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-git-program-'));
    const bundle = join(folder, 'program.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./gitProgramMain.ts', import.meta.url))],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    return new GitProgram(folder, bundle);
  }

  /** Runs a task to its end, however it ends. `onOutput` may end the process through the function it is given. */
  async run(input: GitTaskInput, onOutput?: (kill: () => void) => void): Promise<GitTaskResult> {
    const child = spawn(process.execPath, [this.#bundle, JSON.stringify(input)], {
      env: { ...isolatedGitEnvironment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput?.(() => child.kill('SIGKILL'));
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', code => resolve({ exitCode: code ?? undefined, output }));
    });
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The outcome that a merge task printed. */
export function outcomeOf(result: GitTaskResult): MergeOutcome {
  return JSON.parse(result.output) as MergeOutcome;
}
