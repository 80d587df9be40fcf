import { mkdtemp, rm } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { CredentialsSpec, FetchedScriptSpec } from '../../compose/projectSpec.js';
import { referencedNames } from '../../compose/normalize/interpolate.js';
import type { GitCommand } from '../../drivers/git/command/gitCommand.js';

/** agent-compose's limit for a script from elsewhere; ours for every script. */
export const longestScript = 1024 * 1024;
const limitMs = 10_000;
const mostRedirects = 5;

/** Redirects go from https to https alone, and what is sent with the first request goes to its own origin only. */
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface ScriptFetcherOptions {
  readonly git: Pick<GitCommand, 'run'>;
  /** Of the compose file: paths of repositories start here. */
  readonly folder: string;
  /** For repositories that are there only while a script is fetched; a private place. */
  readonly scratch: string;
  readonly lookUp: (name: string) => string | undefined;
}

/** Gets a script that somebody else keeps: within ten seconds, a mebibyte at most. */
export class ScriptFetcher {
  readonly #options: ScriptFetcherOptions;

  constructor(options: ScriptFetcherOptions) {
    this.#options = options;
  }

  async fetch(source: FetchedScriptSpec, signal: AbortSignal): Promise<Uint8Array> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    const authorization = this.#authorization(source.credentials);
    return source.provider === 'http'
      ? await download(source.url, authorization, limited)
      : await this.#fromGit(source, authorization, limited);
  }

  /** A token by itself, else name and password. */
  #authorization({ username, password, token }: CredentialsSpec): string | undefined {
    if (username === undefined && password === undefined && token === undefined) return undefined;
    const [name, secret] = [username, token ?? password].map(text => (text === undefined ? '' : this.#filled(text)));
    if (name === '' && token !== undefined) return `Bearer ${secret}`;
    return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
  }

  /** `${NAME}` is asked for now; it is not kept. */
  #filled(text: string): string {
    return referencedNames(text).reduce((filled, name) => {
      const value = this.#options.lookUp(name);
      if (value === undefined) throw new Error(`the variable ${name} is not set`);
      return filled.replaceAll(`\${${name}}`, value);
    }, text);
  }

  /** One commit, in a repository of its own that has nothing else and no checkout. */
  async #fromGit(
    { url, path, ref = 'HEAD' }: FetchedScriptSpec & { readonly provider: 'git' },
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { git, folder, scratch } = this.#options;
    if (ref.startsWith('-')) throw new Error(`${ref} is no ref`);
    const cwd = await mkdtemp(join(scratch, 'script-'));
    // In the environment, because other users of the machine see command lines.
    const env: Readonly<Record<string, string>> =
      authorization === undefined
        ? {}
        : {
            GIT_CONFIG_COUNT: '1',
            GIT_CONFIG_KEY_0: 'http.extraHeader',
            GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
          };
    try {
      await git.run({ cwd, args: ['init', '--quiet', '--bare', '--template='], signal });
      const from = isAddress(url) ? url : isAbsolute(url) ? url : resolve(folder, url);
      // Neither `ext::` nor other helpers: they run commands.
      const config = [
        'protocol.allow=never',
        ...allowed.map(name => `protocol.${name}.allow=always`),
        // Git would send the header along.
        ...(authorization === undefined ? [] : ['http.followRedirects=false']),
      ];
      const args = ['fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--', from, ref];
      await git.run({ cwd, args, config, env, signal });
      const blob = await git.run({
        cwd,
        args: ['cat-file', 'blob', `FETCH_HEAD:${path}`],
        maxBytes: longestScript + 1,
        reads: true,
        signal,
      });
      return bounded(blob.stdout);
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  }
}

const allowed = ['http', 'https', 'ssh', 'git', 'file'];

function isAddress(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) || /^[^/\\:]+@[^/\\:]+:/.test(url);
}

async function download(url: string, authorization: string | undefined, signal: AbortSignal): Promise<Uint8Array> {
  const first = new URL(url);
  let at = first;
  for (let count = 0; count <= mostRedirects; count++) {
    const headers = authorization !== undefined && at.origin === first.origin ? { Authorization: authorization } : {};
    const response = await fetch(at, { redirect: 'manual', signal, headers });
    if (!redirects.has(response.status)) return await bodyOf(response);
    await response.body?.cancel();
    at = redirected(at, response.headers.get('location'));
  }
  throw new Error(`it redirects more than ${mostRedirects} times`);
}

function redirected(from: URL, location: string | null): URL {
  const to = new URL(location ?? '', from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new Error(`it redirects to ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol !== 'https:') throw new Error('it redirects from https to http');
  if (to.username !== '' || to.password !== '') throw new Error('it redirects to an address with a user name');
  return to;
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the answer is ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > longestScript) break;
    chunks.push(chunk);
  }
  return bounded(Buffer.concat(chunks), length);
}

function bounded(bytes: Uint8Array, length = bytes.length): Uint8Array {
  if (length > longestScript) throw new Error(`it is longer than ${longestScript} bytes`);
  return bytes;
}
