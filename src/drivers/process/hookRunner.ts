import { execa } from 'execa';
import type { HookRunner } from '../../core/hooks/hookService.js';
import { findCommand } from './findCommand.js';

/** The port on real processes. Nothing of what they print is kept; one that takes too long is ended with all it started. */
export function createHookRunner(options: {
  readonly environment: () => Promise<Readonly<Partial<Record<string, string>>>>;
}): HookRunner {
  return {
    async run({ command, args, env, timeoutMs }, { project, input }, signal): Promise<void> {
      const login = await options.environment();
      const variables = { ...login, ...Object.fromEntries(env.flatMap(entry => valueOf(entry, login))) };
      const known = Object.fromEntries(
        Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      );
      const cwd = project.folder;
      const program = findCommand(command, { env: known, cwd, untrusted: [cwd] });
      if (program === undefined) throw new Error(`${command} is not on the PATH, or lies in the repository`);
      await execa(program, args, {
        cwd,
        env: known,
        extendEnv: false,
        input,
        stdout: 'ignore',
        stderr: 'ignore',
        killDescendants: true,
        cancelSignal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
    },
  };
}

type Entry = Parameters<HookRunner['run']>[0]['env'][number];

/** A secret is what the login shell has under the name that the file gives; nothing when it has none. */
function valueOf(
  entry: Entry,
  login: Readonly<Partial<Record<string, string>>>,
): readonly (readonly [string, string])[] {
  if (!entry.secret) return [[entry.name, entry.value]];
  const name = /^\$\{(\w+)\}$/.exec(entry.template)?.[1];
  const value = name === undefined ? undefined : new Map(Object.entries(login)).get(name);
  return value === undefined ? [] : [[entry.name, value]];
}
