import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './files.ts';
import { inRepository } from './paths.ts';

const module = 'better-sqlite3';

/** Platforms that the SQLite library ships a binary for, by the name VS Code gives them. */
const prebuilds = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'alpine-x64': 'linuxmusl-x64',
  'alpine-arm64': 'linuxmusl-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'win32-x64',
  'win32-arm64': 'win32-arm64',
} as const;

export type Platform = keyof typeof prebuilds;

function isPlatform(name: string): name is Platform {
  return Object.hasOwn(prebuilds, name);
}

/** The platform of this machine, by VS Code's name. */
export function currentPlatform(): Platform {
  const musl =
    process.platform === 'linux' && !JSON.stringify(process.report.getReport()).includes('glibcVersionRuntime');
  const name = `${musl ? 'alpine' : process.platform}-${process.arch}`;
  if (!isPlatform(name)) throw new Error(`Muster's database library has no binary for ${name}.`);
  return name;
}

/** A `--target` argument; without one, this machine's platform. */
export function parsePlatform(name: string | undefined): Platform {
  if (name === undefined) return currentPlatform();
  if (!isPlatform(name)) throw new Error(`Unknown platform ${name}; known are ${Object.keys(prebuilds).join(', ')}.`);
  return name;
}

/**
 * Copies the SQLite library beside the bundles: `dist/node_modules` is where Node looks first when `dist/host.js` asks
 * for it, so that a checkout and an installed extension load the same files. Only the binary of one platform is taken.
 */
export async function copyNativeModules(platform: Platform): Promise<readonly string[]> {
  const source = join('node_modules', module);
  const library = await readdir(inRepository(source, 'lib'), { recursive: true, withFileTypes: true });
  const files = [
    'package.json',
    'LICENSE',
    join('prebuilds', `${prebuilds[platform]}.node`),
    ...library
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name).slice(inRepository(source).length + 1)),
  ];
  const written: string[] = [];
  for (const file of files) {
    const target = join('dist', 'node_modules', module, file);
    await replaceFile(target, await readFile(inRepository(source, file)));
    written.push(target);
  }
  return written;
}
