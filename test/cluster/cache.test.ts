import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterUnderTest } from '../support/cluster.ts';
import { git, type ContainerHost } from '../support/containerHost.ts';
import { countedCluster } from '../support/countedCluster.ts';
import { nodeVolume } from '../support/nodeVolume.ts';
import { clusterAdmin, podHost } from '../support/podHost.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

const kibibyte = 1024;

/** What an agent sees of its history, and a commit of its own. */
const script = [
  'echo "commits $(git rev-list --count HEAD)"',
  'git fsck --connectivity-only >/dev/null 2>&1 && echo whole',
  'git status --porcelain',
  'cat >task; git add task; git commit -qm "By the agent"',
].join('; ');

interface CachedHost extends ContainerHost {
  /** Bytes that went to the cluster while somebody did something. */
  sentBy(work: () => Promise<unknown>): Promise<number>;
  said(thread: string): Promise<string>;
  complained(thread: string): Promise<string>;
}

/** A host whose repository has more history than files, with a cache of a class of its own. */
async function cachedHost(storage?: string, options: { readonly script?: string } = {}): Promise<CachedHost> {
  const { kubeconfig, sent } = await countedCluster(storage);
  const host = await podHost({
    script: options.script ?? script,
    driver: { cache: storage === undefined ? {} : { storage } },
    kubeconfig,
  });
  const { home, repository } = host;
  for (let round = 0; round < 10; round++) commitFiles(host, round);
  const at = { cwd: repository };
  return {
    ...host,
    async sentBy(work) {
      const before = sent();
      await work();
      return sent() - before;
    },
    said: async id => (await home.muster(['logs', id, '--raw'], at)).stdout,
    complained: async id => (await home.muster(['logs', id, '--raw', '--stderr'], at)).stdout,
  };
}

/** Fifty files that nothing makes smaller: 100 KB. */
function commitFiles({ repository }: ContainerHost, round: number): void {
  mkdirSync(join(repository, 'files'), { recursive: true });
  for (let number = 0; number < 50; number++)
    writeFileSync(join(repository, 'files', String(number)), randomBytes(2 * kibibyte));
  git(repository, 'add', '.');
  git(repository, 'commit', '-q', '-m', `Round ${round}`);
}

/** How git ended that knows nothing but the objects of the volume. */
function inVolume(volume: string, ...args: readonly string[]): number | null {
  const apart = tempDirectory('muster-apart');
  git(apart, 'init', '-q', '--bare');
  const env = { ...process.env, GIT_OBJECT_DIRECTORY: join(volume, '1', 'objects') };
  return spawnSync('git', args, { cwd: apart, env }).status;
}

/** The only pack that is larger than the others. */
function largestPack(folder: string): string {
  const packs = readdirSync(folder).filter(name => name.endsWith('.pack'));
  const [largest = ''] = packs.toSorted((a, b) => statSync(join(folder, b)).size - statSync(join(folder, a)).size);
  return join(folder, largest);
}

describe.runIf(clusterUnderTest().kind === 'there')('a cluster that keeps the history of a repository', () => {
  test('is sent what it lacks, and what a thread adds goes to its pods alone', async () => {
    const volume = await nodeVolume('history', 'cached');
    const host = await cachedHost('cached');
    const { home, repository } = host;
    let first = '';
    const whole = await host.sentBy(async () => (first = await host.run('First')));
    expect(await host.complained(first)).toBe('');
    expect(await host.said(first)).toBe('commits 11\nwhole\n');
    expect(whole).toBeGreaterThan(1000 * kibibyte);

    let second = '';
    const again = await host.sentBy(async () => (second = await host.run('Second')));
    expect(await host.said(second)).toBe('commits 11\nwhole\n');
    expect(again).toBeLessThan(100 * kibibyte);

    // The thread goes on from its own commit, which nobody else is told of.
    const { head } = (await home.musterJson(['approve', first], { cwd: repository })) as { head: string };
    expect(git(repository, 'show', `${head}:task`)).toContain('First');
    await home.muster(['dispatch', 'dev', 'Go on', '--thread', first], { cwd: repository });
    await home.muster(['wait', first, '--timeout', '60'], { cwd: repository });
    expect(await host.said(first)).toContain('commits 12\nwhole\n');
    const main = git(repository, 'rev-parse', 'main');
    expect(readdirSync(join(volume, '1', 'tips'))).toEqual([main]);
    expect(inVolume(volume, 'cat-file', '-e', main)).toBe(0);
    expect(inVolume(volume, 'cat-file', '-e', head)).toBe(1);

    commitFiles(host, 10);
    let third = '';
    const more = await host.sentBy(async () => (third = await host.run('Third')));
    expect(await host.said(third)).toBe('commits 12\nwhole\n');
    expect(more - again).toBeLessThan(200 * kibibyte);
    expect(readdirSync(join(volume, '1', 'tips'))).toHaveLength(2);
  });

  test('has the files made of it that are as in a commit, whatever git would make of them, and is sent the others', async () => {
    await nodeVolume('files', 'files');
    const listing = [
      'export LC_ALL=C',
      String.raw`find . -mindepth 1 -path ./.git -prune -o -printf '%y %m %p %l\n' | sort`,
      'find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort',
    ].join('; ');
    const host = await cachedHost('files', { script: `cat >/dev/null; ${listing}; git status --porcelain` });
    const { home, repository } = host;
    const attributes =
      '*.crlf text eol=crlf\n*.id ident\n*.wide text working-tree-encoding=UTF-16LE\n*.f filter=none\n';
    const files = {
      '.gitattributes': attributes,
      'a.crlf': 'one\ntwo\n',
      'a.id': '$Id$\n',
      'a.wide': 'w\0i\0d\0e\0\n\0',
      'a.f': 'f\n',
      'run.sh': 'true\n',
      'in/side/ä "x"\n.txt': 'text\n',
      '.gitignore': 'ignored\n',
      'gone': 'gone\n',
      'changed': 'one\n',
      'secret': 'secret\n',
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(repository, name)), { recursive: true });
      writeFileSync(join(repository, name), text);
    }
    chmodSync(join(repository, 'run.sh'), 0o755);
    symlinkSync('in/side', join(repository, 'link'));
    git(repository, 'add', '.');
    git(repository, 'commit', '-q', '-m', 'All kinds');
    const id = await host.run('List');
    const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
      threads: readonly { readonly thread_id: string; readonly worktree: string }[];
    };
    const worktree = threads.find(thread => thread.thread_id === id)?.worktree ?? '';
    const listed = (): string => execFileSync('sh', ['-c', listing], { cwd: worktree, encoding: 'utf8' });
    expect(await host.said(id)).toBe(listed());

    writeFileSync(join(worktree, 'ignored'), 'ignored');
    // As git stores them, and would not make them.
    for (const [name, text] of [
      ['a.crlf', 'one\ntwo\n'],
      ['a.id', '$Id$\n'],
      ['a.wide', 'wide\n'],
    ] as const)
      writeFileSync(join(worktree, name), text);
    writeFileSync(join(worktree, 'changed'), 'two\n');
    chmodSync(join(worktree, 'secret'), 0o600);
    rmSync(join(worktree, 'gone'));
    rmSync(join(worktree, 'in'), { recursive: true });
    writeFileSync(join(worktree, 'in'), 'a file by now');
    const before = listed();
    await home.muster(['dispatch', 'dev', 'Once more', '--thread', id], { cwd: repository });
    await home.muster(['wait', id, '--timeout', '60'], { cwd: repository });
    expect(await host.said(id)).toContain(before);
    // The agent's own git may.
    expect(await host.complained(id)).not.toContain('cache');
  });

  test('is not written to by agents', async () => {
    const volume = await nodeVolume('unwritable', 'unwritable');
    const tries = [
      'touch /muster-cache/new',
      'rm -rf /muster-cache/1',
      'mkdir /muster-cache/2',
      ': >/muster-cache/1/tips/x',
    ];
    const host = await cachedHost('unwritable', {
      script: `cat >/dev/null; ls /muster-cache; for try in ${tries.map(each => `'${each}'`).join(' ')}; do sh -c "$try" 2>/dev/null && echo "could $try"; done; true`,
    });
    expect(await host.said(await host.run('Break it'))).toBe('1\n');
    expect(readdirSync(volume)).toEqual(['1']);
    expect(readdirSync(join(volume, '1', 'tips'))).toHaveLength(1);
  });

  test('may be filled by two pods at once', async () => {
    const volume = await nodeVolume('twice', 'twice');
    const host = await cachedHost('twice');
    const threads = await Promise.all([host.run('One'), host.run('Two')]);
    for (const id of threads) {
      expect(await host.said(id)).toBe('commits 11\nwhole\n');
      expect(await host.complained(id)).toBe('');
    }
    expect(readdirSync(join(volume, '1')).toSorted()).toEqual(['objects', 'tips']);
  });

  test('and has no room for it: what is new goes to the run alone, which is told', async () => {
    const volume = await nodeVolume('full', 'full', '600k');
    const host = await cachedHost('full');
    const id = await host.run('Work');
    expect(await host.said(id)).toBe('commits 11\nwhole\n');
    expect(await host.complained(id)).toMatch(/does not take what is new.*No space left on device/s);
    expect(readdirSync(join(volume, '1', 'tips'))).toEqual([]);
    expect(readdirSync(join(volume, '1', 'objects', 'pack'))).toEqual([]);
  });

  test('and nobody may write to it: the same', async () => {
    const volume = await nodeVolume('closed', 'closed');
    chmodSync(volume, 0o755);
    const host = await cachedHost('closed');
    const id = await host.run('Work');
    expect(await host.said(id)).toBe('commits 11\nwhole\n');
    expect(await host.complained(id)).toMatch(/Permission denied/);
  });

  test('and whose volume is damaged begins another one beside it', async () => {
    const volume = await nodeVolume('damaged', 'damaged');
    const host = await cachedHost('damaged');
    await host.run('Fill it');
    truncateSync(largestPack(join(volume, '1', 'objects', 'pack')), 200 * kibibyte);
    const id = await host.run('Go on');
    expect(await host.said(id)).toBe('commits 11\nwhole\n');
    expect(await host.complained(id)).toBe('');
    expect(readdirSync(volume).toSorted()).toEqual(['1', '2']);
    // A file's bytes are looked at when they are needed.
    const pack = largestPack(join(volume, '2', 'objects', 'pack'));
    const bytes = readFileSync(pack);
    bytes.fill(0, 60 * kibibyte, bytes.length - kibibyte);
    chmodSync(pack, 0o644);
    writeFileSync(pack, bytes);
    const third = await host.run('Once more');
    expect(await host.said(third)).toBe('commits 11\nwhole\n');
    expect(await host.complained(third)).toBe('');
    expect(readdirSync(volume).toSorted()).toEqual(['2', '3']);
    // Neither is what a mark says.
    const main = git(host.repository, 'rev-parse', 'main');
    for (const name of readdirSync(join(volume, '3', 'objects', 'pack')))
      truncateSync(join(volume, '3', 'objects', 'pack', name), 0);
    const next = await host.run('And again');
    expect(await host.said(next)).toBe('commits 11\nwhole\n');
    expect(existsSync(join(volume, '4', 'tips', main))).toBe(true);
    expect(readdirSync(volume).toSorted()).toEqual(['3', '4']);
  });

  test('that says it has what it has not is not believed', async () => {
    const volume = await nodeVolume('forged', 'forged');
    const host = await cachedHost('forged');
    await host.run('Fill it');
    commitFiles(host, 10);
    const main = git(host.repository, 'rev-parse', 'main');
    for (const tip of [main, 'f'.repeat(40), '--all', 'HEAD']) writeFileSync(join(volume, '1', 'tips', tip), '');
    const id = await host.run('Go on');
    expect(await host.said(id)).toBe('commits 12\nwhole\n');
    expect(await host.complained(id)).toBe('');
    expect(readdirSync(join(volume, '2', 'tips'))).toEqual([main]);
  });

  test('in a volume that is made when a pod first needs it', async () => {
    const { storage } = clusterAdmin();
    const body = {
      metadata: { name: 'late' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    };
    await storage.createStorageClass({ body });
    onTestFinished(async () => void (await storage.deleteStorageClass({ name: 'late' })));
    const volume = await nodeVolume('late', 'late');
    const host = await cachedHost('late');
    const id = await host.run('Work');
    expect(await host.said(id)).toBe('commits 11\nwhole\n');
    expect(await host.complained(id)).toBe('');
    expect(readdirSync(join(volume, '1', 'tips'))).toHaveLength(1);
  });

  test('of no class, where none is the default, is sent all of it at once', async () => {
    const host = await cachedHost();
    const id = await host.run('Work');
    expect(await host.said(id)).toBe('commits 11\nwhole\n');
    expect(await host.complained(id)).toMatch(
      /all of it was sent: no volume is made for muster-cache-\w+: .*no storage class is set/,
    );
  });

  test('for which no volume is made is sent all of it, and says so', async () => {
    const host = await cachedHost('nowhere');
    const id = await host.run('Work');
    expect(await host.said(id)).toBe('commits 11\nwhole\n');
    expect(await host.complained(id)).toMatch(
      /The cache of the repository was not used, and all of it was sent: no volume is made for muster-cache-\w+: .*nowhere.*not found/,
    );
  });
});
