import { execFile } from 'node:child_process';
import { findProgram } from './findProgram.js';
import type { Environment } from './stateDirectory.js';

/** Where the operating system keeps secrets for a person. A program that does not answer, or refuses, is as good as none. */
export interface Keychain {
  get(host: string, signal: AbortSignal): Promise<string | undefined>;
  /** Whether it was kept. */
  set(host: string, token: string, signal: AbortSignal): Promise<boolean>;
  remove(host: string, signal: AbortSignal): Promise<void>;
}

/** Of this person; undefined where there is none. */
export function findKeychain(env: Environment, platform: string = process.platform): Keychain | undefined {
  if (platform === 'darwin') return macKeychain(env);
  const program = findProgram('secret-tool', env);
  if (program === undefined) return undefined;
  const about = (host: string): readonly string[] => ['service', 'muster', 'host', host];
  const call = caller(program, env);
  return {
    get: async (host, signal) => await call(['lookup', ...about(host)], { signal }),
    async set(host, token, signal) {
      return (
        (await call(['store', `--label=Muster at ${host}`, ...about(host)], { signal, input: token })) !== undefined
      );
    },
    async remove(host, signal) {
      await call(['clear', ...about(host)], { signal });
    },
  };
}

function macKeychain(env: Environment): Keychain | undefined {
  const program = findProgram('security', env);
  if (program === undefined) return undefined;
  const call = caller(program, env);
  return {
    get: async (host, signal) => await call(['find-generic-password', '-s', 'muster', '-a', host, '-w'], { signal }),
    async set(host, token, signal) {
      // By standard input: what is on the command line everybody can see. Neither an origin nor a token has a quote.
      const input = `add-generic-password -U -s muster -a "${host}" -w "${token}"\n`;
      await call(['-i'], { signal, input });
      return (await this.get(host, signal)) === token;
    },
    async remove(host, signal) {
      await call(['delete-generic-password', '-s', 'muster', '-a', host], { signal });
    },
  };
}

/** A person may be asked to unlock it. */
const longestMs = 120_000;

/** What it prints, without the end of the line; undefined when it fails. Rejects with the signal's reason alone. */
function caller(program: string, env: Environment) {
  return async (
    args: readonly string[],
    { signal, input = '' }: { readonly signal: AbortSignal; readonly input?: string },
  ): Promise<string | undefined> => {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const options = { env: { ...env }, signal, timeout: longestMs, maxBuffer: 64 * 1024 };
    const child = execFile(program, [...args], options, (error, stdout) =>
      resolve(error ? undefined : stdout.replace(/\r?\n$/, '')),
    );
    // It may not read what it is given.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    const said = await promise;
    signal.throwIfAborted();
    return said;
  };
}
