import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../paths.ts';
import { say } from '../progress.ts';
import { runCommand } from '../runCommand.ts';

/** The server, the kernel and the pages that the notebook suite runs. */
const packages = ['jupyter_server==2.21.1', 'ipykernel==7.4.0', 'jupyterlab==4.6.6'] as const;
/** What cells of the tests import. */
const imported = ['ipywidgets==8.1.9', 'tqdm==4.70.1'] as const;

/** Folder of the programs of {@link provideJupyter}. */
export function jupyterPrograms(): string {
  return join(cacheDirectory(), 'jupyter', 'bin');
}

/**
 * Makes sure that a real Jupyter Server with a Python kernel is installed, outside the checkout. A virtual environment knows its
 * own path, so that it is made where it stays; the stamp beside it is written last.
 */
export async function provideJupyter(): Promise<string> {
  const folder = dirname(jupyterPrograms());
  const pip = [join(folder, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check'] as const;
  await unlessStamped({ stamp: `${folder}.complete`, wanted: packages }, async () => {
    say(`  installing ${packages.join(' ')} into ${folder} (about half a minute, 210 MB, once)`);
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.imported`, { force: true });
    await mkdir(dirname(folder), { recursive: true });
    await runCommand('python3', ['-m', 'venv', folder]);
    await runCommand(pip[0], [...pip.slice(1), ...packages]);
  });
  await unlessStamped({ stamp: `${folder}.imported`, wanted: imported }, async () => {
    say(`  adding ${imported.join(' ')} to ${folder} (5 MB, once)`);
    await runCommand(pip[0], [...pip.slice(1), ...imported]);
  });
  return jupyterPrograms();
}

async function unlessStamped(
  { stamp, wanted }: { readonly stamp: string; readonly wanted: readonly string[] },
  make: () => Promise<void>,
): Promise<void> {
  const text = wanted.join('\n');
  const done = await readFile(stamp, 'utf8').catch(() => undefined);
  if (done === text && existsSync(join(jupyterPrograms(), 'jupyter-server'))) return;
  await make();
  await writeFile(`${stamp}.tmp`, text);
  await rename(`${stamp}.tmp`, stamp);
}
