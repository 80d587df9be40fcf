import { readFile } from 'node:fs/promises';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isAnyAppError } from '../../../src/base/errors.js';
import { connectHost, type HostClient } from '../../../src/client/hostClient.js';
import { startHost, type Host } from '../../../src/host/bootstrap.js';
import type { Thread } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { gitIn, GitRepository } from '../../support/gitRepository.js';
import { art, layouts, noLfs, type Layout } from '../../support/repositoryLayouts.js';
import { randomFrom, seed, soaking } from '../../support/sample.js';

/** How an agent leaves its worktree. */
interface Ending {
  readonly name: string;
  /** What it does there after its work, in the words of a shell. */
  readonly script: string;
  /** Nothing of it may land before a person has looked after it. */
  readonly unfinished?: true;
}

/** Work of every kind: committed, staged, changed, new, ignored, and outside of a sparse checkout. */
const work = `
set -e
git config user.name Agent; git config user.email agent@example.com
echo committed > src/committed.txt; git add src/committed.txt; git commit -qm 'Agent work'
echo staged > src/staged.txt; git add src/staged.txt; echo 'and changed' >> src/staged.txt
echo changed >> src/a.txt
mkdir -p docs; echo new > docs/new.txt; echo secret > keys.secret
echo art > src/art.bin
`;
const files: Readonly<Record<string, string>> = {
  'src/committed.txt': 'committed',
  'src/staged.txt': 'staged\nand changed',
  'docs/new.txt': 'new',
  'keys.secret': 'secret',
  [art]: 'art',
};

const endings: readonly Ending[] = [
  { name: 'clean', script: 'git add --all --sparse; git commit -qm "All of it"' },
  { name: 'uncommitted', script: '' },
  {
    name: 'conflicted',
    script: `git add --all --sparse; git commit -qm 'All of it'
git checkout -q -b side HEAD~1; echo otherwise >> src/a.txt; git commit -qam Otherwise
git checkout -q -; git merge side || true`,
    unfinished: true,
  },
  {
    name: 'detached',
    script: 'git checkout -q --detach; echo more > src/more.txt; git add src/more.txt; git commit -qm More',
  },
  {
    name: 'renamed',
    script: 'git branch -m mine; echo more > src/more.txt; git add src/more.txt; git commit -qm More',
  },
  { name: '.git gone', script: 'rm .git', unfinished: true },
  { name: '.git replaced', script: 'rm .git; git init -q; git add --all; git commit -qm Own', unfinished: true },
  {
    name: 'a worktree inside',
    script: 'git worktree add -q -b inner app; echo inner > app/inner.txt; (cd app; git add .; git commit -qm Inner)',
  },
  {
    name: 'odd files',
    script:
      'mkfifo docs/pipe; git init -q app; (cd app; echo inner > inner.txt; git add .; git -c user.name=A -c user.email=a@b.c commit -qm Inner); chmod 0500 docs',
  },
];

const actions = ['diff', 'approve', 'merge', 'abandon', 'restore', 'follow up'] as const;
type Action = (typeof actions)[number];

interface Combination {
  readonly layout: Layout;
  readonly ending: Ending;
  readonly action: Action;
}

const all: readonly Combination[] = layouts.flatMap(layout =>
  endings.flatMap(ending => actions.map(action => ({ layout, ending, action }))),
);

/** Each layout, ending and action at least once, and some more. */
function sample(): readonly Combination[] {
  const random = randomFrom(seed);
  const shuffled = all.map(each => ({ each, at: random() })).toSorted((a, b) => a.at - b.at);
  const wanted = new Set<unknown>([...layouts, ...endings, ...actions]);
  const chosen: Combination[] = [];
  for (const { each } of shuffled) {
    const parts = [each.layout, each.ending, each.action];
    if (chosen.length >= 12 && !parts.some(part => wanted.has(part))) continue;
    for (const part of parts) wanted.delete(part);
    chosen.push(each);
    if (wanted.size === 0 && chosen.length >= 12) break;
  }
  return chosen;
}

const compose = `
name: shop
providers:
  shell: {command: sh, args: [], output: {format: text}}
agents:
  dev: {provider: shell}
`;

let stateDir: string;
let host: Host;
let client: HostClient;
beforeAll(async () => {
  stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'muster-layouts-')));
  host = await startHost({ stateDir, mode: 'embedded', distDir: '/nowhere' });
  client = await connectHost({ stateDir, signal: new AbortController().signal });
});
afterAll(async () => {
  client.dispose();
  host.shutdown('the test is over');
  await host.ended;
  rmSync(stateDir, { recursive: true, force: true });
});

/** The thread when nothing works on it any more. */
async function settled(threadId: string): Promise<Thread> {
  const watching = new AbortController();
  for await (const _ of client.events.watch({ epoch: '', since: 0n }, { signal: watching.signal })) {
    const { thread } = await client.threads.getThread({ threadId });
    if (!thread || ['queued', 'working', 'merging'].includes(thread.status)) continue;
    watching.abort();
    return thread;
  }
  throw new Error('The host has ended');
}

/** What was refused is said in words that were meant for it. */
async function attempt<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (!isAnyAppError(error) || error.code === 'internal') throw error;
    return undefined;
  }
}

class Story {
  readonly repository: GitRepository;
  readonly layout: Layout;
  #root: string;
  #thread = '';

  private constructor(repository: GitRepository, layout: Layout, root: string) {
    this.repository = repository;
    this.layout = layout;
    this.#root = root;
  }

  static async begin({ layout, ending }: Combination): Promise<Story> {
    const repository = await GitRepository.create();
    await repository.commit({ 'agent-compose.yml': compose, '.gitignore': '*.secret\ntools/\n' }, 'Set up');
    const story = new Story(repository, layout, await layout.make(repository));
    await story.#apply();
    await story.#dispatch(`${work}\n${ending.script}\n`);
    await settled(story.#thread);
    if (layout.later) {
      story.#root = await layout.later(repository, story.#root);
      await story.#apply();
    }
    return story;
  }

  get thread(): string {
    return this.#thread;
  }

  target(): Promise<string> {
    return gitIn(this.#root, 'rev-parse', 'main');
  }

  async landed(from: string): Promise<readonly string[]> {
    const names = await gitIn(this.#root, 'diff', '--name-only', '--no-renames', from, 'main');
    return names === '' ? [] : names.split('\n').toSorted();
  }

  async status(): Promise<string> {
    return await gitIn(this.#root, 'status', '--porcelain', '--untracked-files=no');
  }

  async looksLanded(): Promise<void> {
    await this.layout.landed?.(this.#root);
  }

  async followUp(prompt: string): Promise<Thread> {
    await this.#dispatch(prompt, this.#thread);
    return await settled(this.#thread);
  }

  async #apply(): Promise<void> {
    const file = join(this.#root, 'agent-compose.yml');
    await client.projects.applyProject({ file, environment: {}, consent: true });
  }

  async #dispatch(prompt: string, threadId = ''): Promise<void> {
    const sent = await client.threads.dispatch({ folder: this.#root, agent: 'dev', prompt, threadId });
    this.#thread = sent.threadId;
  }
}

async function merge(story: Story): Promise<'merged' | 'refused'> {
  const diff = await attempt(client.threads.diffThread({ threadId: story.thread }));
  const before = await story.target();
  const requested = await attempt(client.merges.requestMerge({ threadId: story.thread }));
  const mergeId = requested?.merge?.id;
  const ended = mergeId === undefined ? undefined : await client.merges.waitMerge({ mergeId });
  if (ended?.merge?.status !== 'merged') {
    expect(await story.target()).toBe(before);
    return 'refused';
  }
  // What landed is what was shown, no more and no less.
  expect(await story.landed(before)).toEqual(diff?.files.map(({ path }) => path).toSorted());
  expect(await story.status()).toBe('');
  await story.looksLanded();
  return 'merged';
}

/** What is merged cannot be abandoned; its worktree goes all the same. */
async function putAway(threadId: string): Promise<void> {
  const { thread } = await client.threads.getThread({ threadId });
  if (thread?.status === 'merged') await client.worktrees.removeWorktree({ threadId, ignored: 'archive' });
  else await client.threads.abandonThread({ threadId, ignored: 'archive' });
  const { thread: away } = await client.threads.getThread({ threadId });
  expect(away).toMatchObject({ status: thread?.status === 'merged' ? 'merged' : 'abandoned', worktree: '' });
}

/** Puts the thread away, and brings it back with every file that its agent made. */
async function lookForFiles(story: Story): Promise<void> {
  const { thread: threadId } = story;
  await putAway(threadId);
  const { thread } = await client.threads.restoreThread({ threadId });
  const found = await Promise.all(
    Object.keys(files).map(async path => {
      const worktree = thread?.worktree ?? '';
      // What lies outside of a sparse checkout is committed and not on disk.
      const text = await readFile(join(worktree, path), 'utf8').catch(() => gitIn(worktree, 'show', `HEAD:${path}`));
      return [path, text.replaceAll('\r\n', '\n').trimEnd()] as const;
    }),
  );
  expect(Object.fromEntries(found)).toEqual(files);
}

async function act(story: Story, { ending, action }: Combination): Promise<void> {
  const { thread: threadId } = story;
  const before = await story.target();
  switch (action) {
    case 'diff':
      await attempt(client.threads.diffThread({ threadId, withPatch: true }));
      break;
    case 'approve':
      if (ending.unfinished) expect(await attempt(client.threads.approveThread({ threadId }))).toBeUndefined();
      else expect(await client.threads.approveThread({ threadId })).toBeDefined();
      break;
    case 'merge':
      expect(await merge(story)).toBe(ending.unfinished ? 'refused' : 'merged');
      return;
    case 'abandon':
      await client.threads.abandonThread({ threadId });
      await client.threads.restoreThread({ threadId });
      break;
    case 'restore':
      await attempt(client.threads.restoreThread({ threadId }));
      break;
    case 'follow up':
      expect(await story.followUp('echo later > later.txt')).toBeDefined();
      break;
  }
  expect(await story.target()).toBe(before);
}

test.for(noLfs === undefined ? [] : [noLfs])('with git LFS: %s', (reason, context) => context.skip(reason));

describe('no combination leaves a thread that cannot be put away, loses a file, or lands what was not shown', () => {
  const chosen = soaking ? all : sample();
  test.for(chosen.map(each => [`${each.layout.name}, ${each.ending.name}: ${each.action}`, each] as const))(
    '%s',
    { timeout: 60_000 },
    async ([, combination]) => {
      const story = await Story.begin(combination);
      onTestFinished(() => story.repository.dispose());
      await act(story, combination);
      await lookForFiles(story);
      await putAway(story.thread);
    },
  );
});
