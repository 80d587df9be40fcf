import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { MergeFixture } from './mergeFixture.js';
import { merged } from './mergeRows.js';
import { targetRows } from './mergeTargetRows.js';
import { workRows } from './mergeWorkRows.js';

async function open(onTestFinished: (done: () => Promise<void>) => void): Promise<MergeFixture> {
  const merge = await MergeFixture.create();
  onTestFinished(() => merge.repository.dispose());
  return merge;
}

describe.concurrent('merge table', () => {
  test.for([...targetRows, ...workRows])(
    '$name',
    async ({ arrange, between, request, outcome, status, bare, after }, { onTestFinished }) => {
      const merge = await open(onTestFinished);
      await arrange?.(merge);
      const before = await merge.repository.git('rev-parse', '--quiet', '--verify', 'main').catch(() => '');
      const found = await merge.merge({ ...request, commit: merge.reviewed }, between?.(merge));
      expect(found).toMatchObject(outcome);
      const now = await merge.repository.git('rev-parse', '--quiet', '--verify', 'main').catch(() => '');
      if (found.kind === 'merged') {
        expect(now).toBe(found.commit);
        expect(await merge.repository.git('show', 'main:work.txt')).toBe('work');
        expect(await merge.repository.git('merge-base', '--is-ancestor', before, 'main')).toBe('');
      } else if (between === undefined) {
        expect(now).toBe(before);
      }
      if (bare !== true) await merge.assertClean(merge.root, status ?? []);
      await after?.(merge, found);
      await merge.assertNothingLost();
    },
  );

  test('a signature and the repository’s own identity are on the commit', async ({ onTestFinished }) => {
    const merge = await open(onTestFinished);
    const key = merge.path('key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    await merge.repository.git('config', 'gpg.format', 'ssh');
    await merge.repository.git('config', 'user.signingKey', key);
    await merge.repository.git('config', 'commit.gpgSign', 'true');
    expect(await merge.merge({ strategy: 'squash' })).toMatchObject(merged);
    const commit = await merge.repository.git('cat-file', 'commit', 'main');
    expect(commit).toContain('author Ada Person <ada@example.com>');
    expect(commit).toContain('gpgsig -----BEGIN SSH SIGNATURE-----');
    expect(commit).toContain(`parent ${merge.base}`);
    expect(commit).not.toContain(merge.reviewed);
  });
});
