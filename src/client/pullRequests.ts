import { execFile } from 'node:child_process';
import { errorMessage } from '../base/errors.js';
import { homeFolder } from '../node/person.js';
import type { PreparePullRequestResponse } from '../protocol/gen/muster/v1/merges_pb.js';

/** What a person agreed to. */
export type PullRequest = Pick<
  PreparePullRequestResponse,
  'branch' | 'base' | 'title' | 'body' | 'host' | 'owner' | 'name'
>;

/** The API of github.com. */
export const githubApi = 'https://api.github.com';

/** Where a pull request is, or why there is none. */
export type Asked = { readonly url: string } | { readonly problem: string };

/** The page on which a person opens it by hand; undefined where the remote is none that has such pages. */
export function compareUrl({ host, owner, name, base, branch }: PullRequest): string | undefined {
  if (host === '') return undefined;
  const range = [base, branch].map(encodeURIComponent).join('...');
  return `https://${host}/${owner}/${name}/compare/${range}?expand=1`;
}

const longestAnswer = 1024 * 1024;

/**
 * Opens it with GitHub's own program, if that is there and logged in. It runs outside the repository, and what agents said reaches it on
 * standard input alone.
 */
export async function askByGh(
  request: PullRequest,
  { program, env }: { readonly program: string | undefined; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<Asked> {
  const { host, owner, name, branch, base, title, body } = request;
  if (host === '') return { problem: 'the remote is not at GitHub' };
  if (program === undefined) return { problem: 'gh is not installed' };
  const repository = `${host}/${owner}/${name}`;
  const args = [
    'pr',
    'create',
    '--repo',
    repository,
    `--head=${branch}`,
    `--base=${base}`,
    `--title=${title}`,
    '--body-file=-',
  ];
  try {
    await run(['auth', 'status', '--hostname', host], { program, env, signal });
    const said = await run(args, { program, env, signal, input: body });
    const url = said
      .split('\n')
      .map(line => line.trim())
      .findLast(line => /^https:\/\/\S+$/.test(line));
    return url === undefined ? { problem: 'gh named no pull request' } : { url };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: `gh: ${errorMessage(error).split('\n')[0] ?? ''}` };
  }
}

function run(
  args: readonly string[],
  {
    program,
    env,
    signal,
    input = '',
  }: {
    readonly program: string;
    readonly env: NodeJS.ProcessEnv;
    readonly signal: AbortSignal;
    readonly input?: string;
  },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: homeFolder(env) ?? '/',
      env: { ...env, GH_PROMPT_DISABLED: '1' },
      signal,
      maxBuffer: longestAnswer,
    };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() === '' ? error.message : stderr.trim(), { cause: error }));
      else resolve(stdout);
    });
    // A program that ends early reads nothing; its status says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Opens it by GitHub's API. */
export async function askByApi(
  request: PullRequest,
  { api, token }: { readonly api: string; readonly token: string },
  signal: AbortSignal,
): Promise<Asked> {
  const { owner, name, branch: head, base, title, body } = request;
  try {
    const response = await fetch(`${api}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/pulls`, {
      method: 'POST',
      headers: {
        'accept': 'application/vnd.github+json',
        'authorization': `Bearer ${token}`,
        'content-type': 'application/json',
        'user-agent': 'muster',
        'x-github-api-version': '2022-11-28',
      },
      body: JSON.stringify({ title, head, base, body }),
      redirect: 'error',
      signal,
    });
    const answer = new Map<string, unknown>(Object.entries(Object(await response.json())));
    const url = answer.get('html_url');
    if (response.ok && typeof url === 'string' && /^https?:\/\/\S+$/.test(url)) return { url };
    const message = answer.get('message');
    return { problem: `GitHub answered ${response.status}${typeof message === 'string' ? `: ${message}` : ''}` };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: errorMessage(error) };
  }
}
