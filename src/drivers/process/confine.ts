import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../base/errors.js';
import type { Confinement, ProtectedPlace } from '../../core/sandboxes/confinement.js';
import { systemCode } from '../../node/systemError.js';
import { findCommand } from './findCommand.js';

/** How a command is started so that it writes only where it may: the words that stand before it. */
export function confine(
  { writable, readOnly }: Confinement,
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly untrusted?: readonly string[] | undefined;
    readonly platform?: NodeJS.Platform;
    readonly exists?: (path: string) => boolean;
  },
): readonly string[] {
  const { env, cwd, untrusted = [], platform = process.platform, exists = existsSync } = options;
  const tool = toolOf(platform);
  const program = tool === undefined ? undefined : findCommand(tool.name, { env, cwd, untrusted });
  if (tool === undefined || program === undefined) throw unconfined(tool);
  const present = writable.filter(exists);
  if (tool.name !== 'bwrap') return [program, '-p', profile({ writable: present, readOnly })];
  // Only what is there can be covered, and hooks that an agent makes are run by the person's git.
  for (const place of readOnly) if (!exists(place.path)) makeEmpty(place);
  return [program, ...bubblewrap({ writable: present, readOnly: readOnly.filter(({ path }) => exists(path)) })];
}

function makeEmpty({ path, kind, of }: ProtectedPlace): void {
  if (!existsSync(of)) return;
  mkdirSync(kind === 'folder' ? path : dirname(path), { recursive: true });
  try {
    if (kind === 'file') writeFileSync(path, '', { flag: 'wx', mode: 0o644 });
  } catch (error) {
    // A link that leads nowhere.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

interface Tool {
  readonly name: 'bwrap' | 'sandbox-exec';
  readonly fix: string;
}

function toolOf(platform: NodeJS.Platform): Tool | undefined {
  if (platform === 'linux')
    return { name: 'bwrap', fix: 'Install bubblewrap (on Debian and Ubuntu: sudo apt install bubblewrap).' };
  if (platform === 'darwin') return { name: 'sandbox-exec', fix: 'It is part of macOS, in /usr/bin.' };
  return undefined;
}

/** The whole machine to read, and on top of it what may be written; a later mount covers an earlier one. */
function bubblewrap({ writable, readOnly }: Confinement): readonly string[] {
  return [
    // The wrapper outside ends it with itself.
    '--die-with-parent',
    ...['--ro-bind', '/', '/', '--dev-bind', '/dev', '/dev'],
    ...writable.flatMap(path => ['--bind', path, path]),
    ...readOnly.flatMap(({ path }) => ['--ro-bind', path, path]),
    '--',
  ];
}

function profile({ writable, readOnly }: Confinement): string {
  const quoted = (path: string): string => `(subpath ${JSON.stringify(path)})`;
  return [
    '(version 1)',
    '(allow default)',
    '(deny file-write*)',
    `(allow file-write* (literal "/dev/null") (literal "/dev/tty") ${writable.map(quoted).join(' ')})`,
    ...(readOnly.length === 0 ? [] : [`(deny file-write* ${readOnly.map(({ path }) => quoted(path)).join(' ')})`]),
  ].join('\n');
}

function unconfined(tool: Tool | undefined): AppError<'sandbox.unavailable'> {
  const what = tool === undefined ? 'nothing on this system confines it' : `${tool.name} was not found`;
  const fix = tool?.fix ?? 'Run the agent in a container (image), or without sandbox: strict.';
  return new AppError('sandbox.unavailable', `The agent says sandbox: strict, and ${what}. ${fix}`, {
    driver: 'process',
    reason: `no ${tool?.name ?? 'confinement'}`,
  });
}
