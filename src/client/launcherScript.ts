import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { oldestNodeMajor } from '../base/oldestNode.js';
import { compareVersions } from './compareVersions.js';
import { makePrivateDirectory } from '../node/privateDirectory.js';

/** One installed copy of the bundles that a launcher may run. */
interface Installation {
  readonly version: string;
  /** Absolute path of `dist/cli.js`. */
  readonly cli: string;
  /** A Node that ran it when it was installed. */
  readonly node: string;
  /** True when `node` is the editor's own binary. */
  readonly electron: boolean;
}

const installationsSchema = z.array(
  z.object({ version: z.string(), cli: z.string(), node: z.string(), electron: z.boolean() }),
);

/** An editor keeps a few old copies of an extension; more are of no use. */
const maximumInstallations = 8;

/**
 * Writes `<stateDir>/bin/muster` (`muster.cmd` on Windows), which runs the newest copy that still exists, and remembers this
 * copy for it. Returns the launcher's path. Writing the same again changes nothing.
 */
export async function installLauncher(
  options: Installation & { readonly stateDir: string; readonly platform?: NodeJS.Platform },
): Promise<string> {
  const { stateDir, platform = process.platform, ...mine } = options;
  const folder = join(stateDir, 'bin');
  makePrivateDirectory(folder);
  const list = join(folder, 'installations.json');
  const known = (await readInstallations(list)).filter(({ cli }) => cli !== mine.cli);
  const existing = await Promise.all(known.map(async one => ((await isFile(one.cli)) ? [one] : [])));
  const installations = [mine, ...existing.flat()]
    .toSorted((a, b) => compareVersions(b.version, a.version))
    .slice(0, maximumInstallations);
  const launcher = join(folder, platform === 'win32' ? 'muster.cmd' : 'muster');
  await replace(list, `${JSON.stringify(installations, null, 2)}\n`, 0o600);
  await replace(launcher, platform === 'win32' ? windowsLauncher(installations) : posixLauncher(installations), 0o755);
  return launcher;
}

/** The text of the launcher for `sh`. */
function posixLauncher(installations: readonly Installation[]): string {
  const tries = installations.map(({ cli, node, electron }) =>
    [
      `if [ -f ${quote(cli)} ]; then`,
      `  if [ -x ${quote(node)} ]; then ${electron ? 'ELECTRON_RUN_AS_NODE=1 ' : ''}exec ${quote(node)} ${quote(cli)} "$@"; fi`,
      `  if recent_node; then exec node ${quote(cli)} "$@"; fi`,
      'fi',
    ].join('\n'),
  );
  return `#!/bin/sh
# Runs the newest Muster that is installed. Written by Muster, and again at each update: changes are lost.
recent_node() {
  command -v node >/dev/null 2>&1 && node -e 'process.exit(+process.versions.node.split(".")[0] >= ${oldestNodeMajor} ? 0 : 1)'
}
${tries.join('\n')}
echo 'muster: no installed Muster was found; install the extension again, or Node ${oldestNodeMajor} or newer.' >&2
exit 1
`;
}

/** The text of the launcher for Windows' command interpreter. */
export function windowsLauncher(installations: readonly Installation[]): string {
  const tries = installations.map(({ cli, node, electron }, index) =>
    [
      `if not exist "${escapeBatch(cli)}" goto next${index}`,
      `if not exist "${escapeBatch(node)}" goto path${index}`,
      ...(electron ? ['set "ELECTRON_RUN_AS_NODE=1"'] : []),
      `"${escapeBatch(node)}" "${escapeBatch(cli)}" %*`,
      'exit /b %errorlevel%',
      `:path${index}`,
      `where node >nul 2>nul || goto next${index}`,
      `node "${escapeBatch(cli)}" %*`,
      'exit /b %errorlevel%',
      `:next${index}`,
    ].join('\r\n'),
  );
  return [
    '@echo off',
    'rem Runs the newest Muster that is installed. Written by Muster, and again at each update: changes are lost.',
    'setlocal',
    ...tries,
    `echo muster: no installed Muster was found; install the extension again, or Node ${oldestNodeMajor} or newer. 1>&2`,
    'exit /b 1',
    '',
  ].join('\r\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A Windows path cannot hold quotes; a percent sign would start a variable. */
function escapeBatch(path: string): string {
  return path.replaceAll('%', '%%');
}

/** None where the file is missing or damaged: every installation writes itself into it again. */
async function readInstallations(file: string): Promise<readonly Installation[]> {
  try {
    return installationsSchema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data ?? [];
  } catch {
    return [];
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile(),
    () => false,
  );
}

/** Two windows may install at once; each reader sees one of the two texts whole. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, path);
}
