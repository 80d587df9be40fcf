import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { closed, landingFile, landingWorld, writes } from '../support/landingWorld.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

/** How threads land, asked of Muster over MCP. The numbers are those of `test/support/compasBehaviours.ts`. */

const { merge, refused, work, world } = landingWorld();

describe('worktrees', () => {
  const worktreeOf = async (thread: string) =>
    ((await world.mcp.ok('orch_worktrees', { thread_id: thread }))['worktrees'] as Record<string, unknown>[])[0];

  test('an agent works in a worktree of its own, on a branch of its own, outside of the repository (58, 60, defect 25)', async () => {
    const thread = await work(`${writes('mine.txt')}\npwd`);
    const found = await worktreeOf(thread);
    expect(found).toMatchObject({ branch: expect.stringMatching(/^muster\//) as string, ahead: 1, missing: false });
    const path = realpathSync(String(found?.['path']));
    expect(path.startsWith(world.repository)).toBe(false);
    expect(world.git('status', '--porcelain')).toBe('');
    expect(existsSync(join(world.repository, 'mine.txt'))).toBe(false);
    // Whoever comes to the thread next is in the same place, unless it shares the checkout by its own word.
    expect((await world.done('pwd', { thread_id: thread })).answer['body']).toBe(path);
    expect((await world.done('pwd', { to: 'here' })).answer['body']).toBe(world.repository);
  });

  test('without a repository nothing runs, and nothing is made (61, defect 24)', async () => {
    const folder = join(tempDirectory(), 'plain');
    mkdirSync(folder);
    writeFileSync(join(folder, 'agent-compose.yml'), landingFile.replace('name: shop', 'name: plain'));
    await world.home.muster(['up', '--yes'], { cwd: folder });
    const told = await refused('orch_dispatch', { to: 'dev', body: 'touch was-here', project: 'plain' });
    expect(told).toMatch(/no git repository|git init/);
    expect(existsSync(join(folder, 'was-here'))).toBe(false);
    await world.home.muster(['down'], { cwd: folder });
  });

  test('what is changed, new or gone in a worktree is told by name (62, defect 26)', async () => {
    const thread = await work(writes('kept.txt'));
    const path = String((await worktreeOf(thread))?.['path']);
    writeFileSync(join(path, 'app.txt'), 'edited\n');
    writeFileSync(join(path, 'new.txt'), 'new\n');
    expect(((await world.mcp.ok('orch_review', { thread_id: thread }))['uncommitted'] as string[]).toSorted()).toEqual([
      'app.txt',
      'new.txt',
    ]);
    expect(await worktreeOf(thread)).toMatchObject({ changed: 2 });
    rmSync(path, { recursive: true });
    expect(await worktreeOf(thread)).toMatchObject({ missing: true });
  });

  test('nothing of a thread is taken away while it is being merged (63)', async () => {
    const { mcp } = world;
    const thread = await work(writes('busy.txt'));
    world.hold('verify');
    const queued = await mcp.ok('orch_merge', { thread_id: thread });
    expect(await refused('orch_abandon', { thread_id: thread })).toMatch(/merg/);
    expect((await world.muster('worktrees', 'rm', thread)).status).not.toBe(0);
    expect(await worktreeOf(thread)).toMatchObject({ missing: false });
    world.release('verify');
    expect(await mcp.ok('orch_wait_merge', { op_id: queued['op_id'] })).toMatchObject({ status: 'completed' });
  });
});

describe('merging', () => {
  test('merges, squashes and rebases, also beside commits of others, with words and author of the person (64, 65, 71, defect 2)', async () => {
    for (const strategy of ['merge', 'squash', 'rebase']) {
      const thread = await work(writes(`${strategy}.txt`), { summary: `Add ${strategy}` });
      world.git('commit', '--quiet', '--allow-empty', '--message', `Meanwhile ${strategy}`);
      const before = world.git('rev-parse', 'main');
      expect(await merge(thread, { strategy })).toMatchObject({ status: 'completed', strategy, target_branch: 'main' });
      expect(world.git('show', `main:${strategy}.txt`)).toBe(`${strategy}.txt`);
      // What was there before is below it: the target is never written anew.
      expect(world.git('merge-base', before, 'main')).toBe(before);
      expect(world.git('log', '-1', '--format=%cn <%ce>', 'main')).toBe('Test <test@example.com>');
      const parents = world.git('log', '-1', '--format=%P', 'main').split(' ').length;
      expect(parents).toBe(strategy === 'merge' ? 2 : 1);
      if (strategy !== 'rebase') expect(world.git('log', '-1', '--format=%s', 'main')).toContain(`Add ${strategy}`);
    }
    const worded = await work(writes('worded.txt'));
    await merge(worded, { strategy: 'squash', message: 'In other words' });
    expect(world.git('log', '-1', '--format=%s', 'main')).toBe('In other words');
  });

  test('a conflict names its files, changes nothing and says what can be done (64, 68, 71, 72)', async () => {
    const { mcp } = world;
    const thread = await work('echo theirs > app.txt\necho Done.');
    writeFileSync(join(world.repository, 'app.txt'), `mine ${thread}\n`);
    world.git('commit', '--quiet', '--all', '--message', 'Mine');
    const look = () => [world.git('rev-parse', 'main'), world.git('worktree', 'list'), world.git('branch', '--list')];
    const before = look();
    const failed = await merge(thread);
    expect(failed).toMatchObject({ found: true, status: 'failed', state: 'conflicted', conflict_files: ['app.txt'] });
    expect(await mcp.ok('orch_merge_status', { op_id: failed['op_id'] })).toMatchObject({
      op_id: failed['op_id'],
      status: 'failed',
      counts: { failed: 1 },
      suggested_actions: [
        expect.stringContaining(`Dispatch to thread ${thread}`),
        expect.stringContaining('orch_merge'),
      ],
    });
    expect(look()).toEqual(before);
    expect(world.git('status', '--porcelain')).toBe('');
  });

  test('edits of the person in a checkout of the target stay; where they are in the way, the target does not move (66, defect 3)', async () => {
    const aside = await work(writes('aside.txt'));
    writeFileSync(join(world.repository, 'README.md'), 'edited\n');
    expect(await merge(aside)).toMatchObject({ status: 'completed' });
    expect(readFileSync(join(world.repository, 'aside.txt'), 'utf8')).toBe('aside.txt\n');
    expect(world.git('status', '--porcelain')).toBe('M README.md');
    const inTheWay = await work('echo theirs > README.md\necho Done.');
    const before = world.git('rev-parse', 'main');
    expect(await merge(inTheWay)).toMatchObject({
      status: 'failed',
      state: 'blocked',
      conflict_files: ['README.md'],
      error_detail: expect.stringContaining('README.md') as string,
    });
    expect(world.git('rev-parse', 'main')).toBe(before);
    expect(readFileSync(join(world.repository, 'README.md'), 'utf8')).toBe('edited\n');
    expect(world.git('diff', '--cached', '--name-only')).toBe('');
  });

  test('nothing to merge is told; work that was left lying is committed with it, and what is changed after a review blocks (67, 71)', async () => {
    const { mcp } = world;
    const empty = await work('echo nothing');
    expect(await merge(empty)).toMatchObject({
      status: 'failed',
      error_detail: expect.stringMatching(/nothing|no commit/i) as string,
    });
    // Ours: an agent that does not commit loses nothing.
    const left = await work(writes('left.txt'));
    expect(await merge(left)).toMatchObject({ status: 'completed' });
    expect(world.git('show', 'main:left.txt')).toBe('left.txt');
    const dirty = await work(writes('reviewed.txt'));
    world.hold('verify');
    const queued = await mcp.ok('orch_merge', { thread_id: dirty });
    const path = String(
      ((await mcp.ok('orch_worktrees', { thread_id: dirty }))['worktrees'] as { path: string }[])[0]?.path,
    );
    writeFileSync(join(path, 'reviewed.txt'), 'changed since\n');
    world.release('verify');
    const ended = await mcp.ok('orch_wait_merge', { op_id: queued['op_id'] });
    // Either it went before the edit, as it was reviewed, or it was blocked: never with the edit in it.
    expect(['merged', 'blocked']).toContain(ended['state']);
    if (ended['state'] === 'merged') expect(world.git('show', 'main:reviewed.txt')).toBe('reviewed.txt');
  });

  test('what cannot be merged is refused, each for its reason (69, 72)', async () => {
    const { mcp } = world;
    expect(await refused('orch_merge', { thread_id: 'zzzzzz' })).toContain('[thread.unknown]');
    const thread = await work(writes('once.txt'));
    expect(await refused('orch_merge', { thread_id: thread, strategy: 'octopus' })).toMatch(/merge, squash|strategy/);
    expect(await refused('orch_merge', { thread_id: thread, target_branch: 'no-such-branch' })).toMatch(
      /no-such-branch.*There are: main/,
    );
    world.hold('verify');
    const queued = await mcp.ok('orch_merge', { thread_id: thread });
    // Ours: asked for again while it is under way it is the same request.
    expect(await mcp.ok('orch_merge', { thread_id: thread })).toMatchObject({ op_id: queued['op_id'] });
    expect((await mcp.ok('orch_merge_status', { thread_id: thread }))['recent']).toHaveLength(1);
    world.release('verify');
    await mcp.ok('orch_wait_merge', { op_id: queued['op_id'] });
    const gone = await work(writes('gone.txt'));
    await mcp.ok('orch_abandon', { thread_id: gone });
    expect(await refused('orch_merge', { thread_id: gone })).toMatch(/muster restore/);
    world.hold('working');
    const { thread_id: busy } = await mcp.ok('orch_dispatch', { to: 'dev', body: 'hold working' });
    await world.reaches(busy, 'executing');
    expect(await refused('orch_merge', { thread_id: busy })).toMatch(/\[thread\.busy\]|\[merge\.refused\]/);
    world.release('working');
    // A failed thread's work can land all the same.
    const failed = await work(writes('failed.txt'));
    await mcp.ok('orch_close', closed(failed, 'failed'));
    expect(await merge(failed)).toMatchObject({ status: 'completed' });
  });

  test('one target is merged into one at a time, others do not wait; only what waits can be cancelled (70, 72, 73)', async () => {
    const { mcp } = world;
    world.git('branch', '--force', 'release');
    const [first, second, other] = [
      await work(writes('first.txt')),
      await work(writes('second.txt')),
      await work(writes('other.txt')),
    ];
    world.hold('verify');
    const one = await mcp.ok('orch_merge', { thread_id: first });
    expect(one).toMatchObject({ source_branch: expect.stringMatching(/^muster\//) as string });
    const two = await mcp.ok('orch_merge', { thread_id: second });
    expect(two).toMatchObject({ queue_depth: 2 });
    const three = await mcp.ok('orch_merge', { thread_id: other, target_branch: 'release' });
    expect(await mcp.ok('orch_wait_merge', { op_id: two['op_id'], timeout_secs: '1' })).toEqual({
      found: false,
      op_id: two['op_id'],
      timeout_secs: 1,
      last_status: 'queued',
    });
    // The other target's is at work beside the first.
    expect(
      (
        (await world.home.musterJson(['queue'], { cwd: world.repository })) as { queue: { position: number }[] }
      ).queue.map(({ position }) => position),
    ).toEqual([1, 1, 2]);
    expect(await mcp.ok('orch_merge_cancel', { op_id: two['op_id'] })).toMatchObject({ cancelled: true });
    world.release('verify');
    for (const op of [one, three])
      expect(await mcp.ok('orch_wait_merge', { op_id: op['op_id'] })).toMatchObject({ status: 'completed' });
    expect(await mcp.ok('orch_merge_cancel', { op_id: one['op_id'] })).toMatchObject({
      cancelled: false,
      reason: expect.stringContaining('merged') as string,
    });
    for (const tool of ['orch_wait_merge', 'orch_merge_cancel', 'orch_merge_status'])
      expect(await refused(tool, { op_id: 'zzzzzz' })).toContain('[merge.unknown]');
    const { counts, recent } = await mcp.ok('orch_merge_status', { target_branch: 'release' });
    expect({ counts, recent }).toMatchObject({ counts: { completed: 1 }, recent: [{ op_id: three['op_id'] }] });
  });

  test('what others commit to the target meanwhile stays, and the file’s own target is the usual one (defect 4, defect 16)', async () => {
    const { mcp } = world;
    const thread = await work(writes('mine.txt', 'meanwhile'));
    world.hold('verify');
    const queued = await mcp.ok('orch_merge', { thread_id: thread });
    writeFileSync(join(world.repository, 'theirs.txt'), 'theirs\n');
    world.git('add', 'theirs.txt');
    world.git('commit', '--quiet', '--message', 'Theirs');
    world.release('verify');
    expect(await mcp.ok('orch_wait_merge', { op_id: queued['op_id'] })).toMatchObject({ status: 'completed' });
    expect([world.git('show', 'main:theirs.txt'), world.git('show', 'main:mine.txt')]).toEqual(['theirs', 'meanwhile']);
    world.git('branch', '--force', 'integration');
    await world.apply(landingFile.replace('merge:', 'merge:\n  target: integration'));
    expect(await merge(await work(writes('there.txt')))).toMatchObject({
      target_branch: 'integration',
      status: 'completed',
    });
    await world.apply(landingFile);
  });

  test('committing says what is on the branch; where there is no worktree it is refused (74)', async () => {
    const { mcp } = world;
    const thread = await work(writes('asked.txt'));
    const path = String(
      ((await mcp.ok('orch_worktrees', { thread_id: thread }))['worktrees'] as { path: string }[])[0]?.path,
    );
    writeFileSync(join(path, 'more.txt'), 'more\n');
    const done = await mcp.ok('orch_commit', { thread_id: thread, message: 'More' });
    expect(done).toMatchObject({ thread_id: thread, files_changed: 2, worktree_path: path });
    expect(world.git('show', `${String(done['commit_sha'])}:more.txt`)).toBe('more');
    // Ours: nothing left to commit is no error; the commit that is there is named.
    expect(await mcp.ok('orch_commit', { thread_id: thread, message: 'Again' })).toMatchObject({
      commit_sha: done['commit_sha'],
    });
    expect(await refused('orch_commit', { thread_id: 'zzzzzz', message: 'x' })).toContain('[thread.unknown]');
    const shared = await work('echo here', { to: 'here' });
    expect(await refused('orch_commit', { thread_id: shared, message: 'x' })).toMatch(/worktree/);
    await mcp.ok('orch_abandon', { thread_id: thread });
    expect(await refused('orch_commit', { thread_id: thread, message: 'x' })).toMatch(/abandoned|worktree/);
  });
});
