/**
 * `npm run test:vscode`: the suite of `test/vscode/suite` inside a real extension host, through `@vscode/test-electron`.
 * `MUSTER_VSCODE` names a desktop VS Code to use instead of the served one, or is `download` for the newest release.
 */
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { provideDemoRepository } from '../../src/build/demoRepository.ts';
import { jupyterPrograms } from '../../src/build/provision/jupyter.ts';
import { inRepository, repositoryRoot } from '../../src/build/paths.ts';
import { tailFile } from '../support/tailFile.ts';

const scratch = await mkdtemp(join(tmpdir(), 'muster-suite-'));
try {
  process.exitCode = await run();
} finally {
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
}

async function run(): Promise<number> {
  const suite = inRepository('out', 'test-vscode', 'index.cjs');
  await build({
    entryPoints: [inRepository('test', 'vscode', 'suite', 'index.ts')],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['vscode', 'better-sqlite3'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const folder = join(scratch, 'greeter');
  await provideDemoRepository(folder);
  const results = process.env['MUSTER_TEST_RESULTS'] ?? join(scratch, 'results.json');
  await mkdir(join(scratch, 'state'), { mode: 0o700 });
  // Where Muster installs a Jupyter of its own: the extension host has the PATH of a login shell, which knows none.
  await symlink(dirname(jupyterPrograms()), join(scratch, 'state', 'jupyter'));
  const executable = process.env['MUSTER_VSCODE'] ?? inRepository('test', 'vscode', 'launcher.ts');
  const output = join(scratch, 'output.txt');
  const tail = tailFile(output, text => process.stdout.write(text));
  const failure = await runTests({
    ...(executable === 'download' ? {} : { vscodeExecutablePath: executable }),
    extensionDevelopmentPath: repositoryRoot,
    extensionTestsPath: suite,
    launchArgs: [
      folder,
      `--user-data-dir=${join(scratch, 'user-data')}`,
      `--extensions-dir=${join(scratch, 'extensions')}`,
    ],
    extensionTestsEnv: {
      MUSTER_TEST_RESULTS: results,
      MUSTER_TEST_OUTPUT: output,
      MUSTER_HOME: join(scratch, 'state'),
    },
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await tail[Symbol.asyncDispose]();
  const counts: unknown = await readFile(results, 'utf8').then(JSON.parse, () => undefined);
  if (!counts) console.log(`VS Code suite: no results (${String(failure)})`);
  return failure === undefined && counts ? 0 : 1;
}
