import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../../base/errors.js';
import type { RepositoryGit } from '../command/boundGit.js';
import type { GitContext } from '../command/gitContext.js';
import type { ResolvedBase } from '../repository/resolveBase.js';
import { lookAt } from '../../../node/looks.js';

/** What agents read and git often does not have: absent from a new worktree without a word. */
const agentFiles = [
  '.claude/settings.local.json',
  'CLAUDE.local.md',
  '.mcp.json',
  '.codex/config.toml',
  '.gemini/settings.json',
  '.gemini/.env',
  'opencode.json',
  '.opencode',
  '.env',
];

/** Long enough for a round trip to a remote; dispatching does not wait longer for one. */
const fetchMs = { auto: 5_000, always: 60_000 } as const;
/** With `auto`, what was fetched within this time is new enough. */
const freshMs = 60 * 60_000;

/** Configuration of agents that exists in the main checkout and not in the worktree. */
export async function missingAgentFiles(root: string, worktree: string): Promise<string | undefined> {
  const missing = await Promise.all(
    agentFiles.map(async file =>
      (await isThere(join(root, file))) && !(await isThere(join(worktree, file))) ? file : '',
    ),
  );
  const names = missing.filter(name => name !== '');
  if (names.length === 0) return undefined;
  return `Only the main checkout has ${names.join(', ')}: git does not track ${names.length === 1 ? 'it' : 'them'}, so the agent works without.`;
}

/** A branch's upstream, how far it is from it, and the remote's names for both. */
export type Upstream = readonly string[];

/** Looks at the upstream of a base; of a base that is no branch, nobody asks. Errors: those of git. */
export async function lookAtUpstream(
  git: RepositoryGit,
  { ref, commit }: ResolvedBase,
  signal: AbortSignal,
): Promise<Upstream> {
  if (ref === commit) return [];
  const format =
    '--format=%(upstream:short)%00%(upstream:track,nobracket)%00%(upstream:remotename)%00%(upstream:remoteref)';
  const args = ['for-each-ref', format, `refs/heads/${ref}`];
  return (await git.run({ args, reads: true, joined: true, signal })).text().split('\0');
}

/** How far the base branch is behind its upstream, after fetching it if that is wanted. A remote out of reach is a note. */
export async function upstreamNotes(
  context: GitContext,
  git: RepositoryGit,
  request: {
    readonly base: ResolvedBase;
    /** Its upstream as it was before. */
    readonly upstream: Promise<Upstream>;
    readonly fetch: 'auto' | 'always' | 'never';
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const { base, signal } = request;
  const notes: string[] = [];
  try {
    const [upstream = '', before = '', remote = '', remoteRef = ''] = await request.upstream;
    if (upstream === '') return [];
    let track = before;
    if (remote !== '' && remote !== '.' && (await shouldFetch(context, git, request.fetch))) {
      notes.push(
        ...(await fetchFrom(git, { remote, remoteRef, wait: request.fetch === 'always' ? 'always' : 'auto', signal })),
      );
      [, track = ''] = await lookAtUpstream(git, base, signal);
    }
    const behind = /behind (\d+)/.exec(track)?.[1];
    if (behind !== undefined) {
      const commits = behind === '1' ? '1 commit' : `${behind} commits`;
      notes.push(`${base.ref} is ${commits} behind ${upstream}. Start from that with \`--base ${upstream}\`.`);
    }
  } catch (error) {
    signal.throwIfAborted();
    context.log.warn('The upstream of a base could not be looked at', { base: base.ref, reason: errorMessage(error) });
  }
  return notes;
}

async function shouldFetch(
  { clock }: GitContext,
  { commonDir }: RepositoryGit,
  fetch: 'auto' | 'always' | 'never',
): Promise<boolean> {
  if (fetch !== 'auto') return fetch === 'always';
  const last = await lookAt(join(commonDir, 'FETCH_HEAD'));
  return last === undefined || clock.now() - last.mtimeMs > freshMs;
}

async function fetchFrom(
  git: RepositoryGit,
  from: {
    readonly remote: string;
    readonly remoteRef: string;
    readonly wait: 'auto' | 'always';
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const { remote, remoteRef, wait, signal } = from;
  try {
    await git.run({
      args: ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--', remote, remoteRef],
      // Nobody is there to type a passphrase, and no window may ask for one.
      env: { GIT_ASKPASS: 'true', SSH_ASKPASS_REQUIRE: 'never', GCM_INTERACTIVE: 'never' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(fetchMs[wait])]),
    });
    return [];
  } catch {
    // Offline, no key, no such remote any more: the run starts from what is here, and the thread says so.
    signal.throwIfAborted();
    return [`${remote} could not be reached, so nobody knows whether the base is up to date.`];
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
