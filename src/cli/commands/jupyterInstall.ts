import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { AppError, errorMessage } from '../../base/errors.js';
import { defineCommand, type CommandContext } from '../command.js';

const packages = ['jupyter_server', 'ipykernel'] as const;

export const jupyterInstall = defineCommand({
  name: 'jupyter install',
  summary: 'install Jupyter Server into a folder of Muster’s own',
  details:
    'With `uv` where that is installed, else with `python3 -m venv` and pip, into the folder `jupyter` of the state directory. A Jupyter that is on PATH is preferred to it. Removing the folder undoes it.',
  options: { lab: { type: 'boolean', text: 'with JupyterLab, for notebooks in a browser' } },
  async run(context, args) {
    const wanted = args.flag('lab') ? [...packages, 'jupyterlab'] : packages;
    const folder = join(context.stateDir, 'jupyter');
    const isWindows = process.platform === 'win32';
    const python = isWindows ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
    const uv = programOnPath(isWindows ? 'uv.exe' : 'uv', context.env['PATH'] ?? '');
    if (uv !== undefined) {
      await runTool(context, uv, ['venv', '--allow-existing', folder]);
      await runTool(context, uv, ['pip', 'install', '--python', python, ...wanted]);
    } else {
      await runTool(context, isWindows ? 'py' : 'python3', ['-m', 'venv', folder]);
      await runTool(context, python, ['-m', 'pip', 'install', '--disable-pip-version-check', ...wanted]);
    }
    context.out.line(`Jupyter Server is installed in ${folder}.`);
    return 0;
  },
});

/** Shows what it says as progress. */
async function runTool({ signal, out, env }: CommandContext, program: string, args: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env }, signal });
  child.stdout.on('data', (chunk: Buffer) => out.rawNote(chunk));
  child.stderr.on('data', (chunk: Buffer) => out.rawNote(chunk));
  child.on('error', reject);
  child.on('close', resolve);
  const status = await promise.catch((error: unknown) => {
    throw new AppError(
      'notebooks.missing',
      `${program} could not be started: ${errorMessage(error)}. Install Python 3 or uv.`,
      { fix: 'Install Python 3 or uv.' },
    );
  });
  if (status === 0) return;
  throw new AppError(
    'notebooks.missing',
    `${program} ${args.join(' ')} ended with ${status ?? 'a signal'}; it says why above.`,
    {
      fix: 'See what it said.',
    },
  );
}

function programOnPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter(folder => isAbsolute(folder))
    .map(folder => join(folder, name))
    .find(candidate => existsSync(candidate));
}
