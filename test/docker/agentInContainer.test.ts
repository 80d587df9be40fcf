import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { containerHost, git } from '../support/containerHost.ts';
import { dockerUnderTest } from '../support/docker.ts';

const docker = dockerUnderTest();

describe.runIf(docker.kind === 'there')('an agent in a container', () => {
  const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

  test('commits and leaves files, and its work is reviewed and merged like any other', async () => {
    const { home, repository, run } = await containerHost({
      host,
      image,
      script: [
        'git log --format=%s',
        'git status --short --branch',
        'echo committed >committed.txt && git add committed.txt && git commit -qm "By the agent"',
        'cat >left.txt',
        'pwd; ls -a /',
      ].join('\n'),
    });
    const id = await run('Write it down');
    const { threads } = (await home.musterJson(['ps'], { cwd: repository })) as { threads: unknown };
    expect(threads).toMatchObject([{ thread_id: id, status: 'ready' }]);
    const raw = (await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout;
    expect(raw).toMatch(/^Begin\n## muster\/write-it-down-\w+\n\/workspace\n/);
    const { head } = (await home.musterJson(['approve', id], { cwd: repository })) as { head: string };
    expect(git(repository, 'log', '--format=%s', `main..${head}`).split('\n')).toEqual([
      'Write it down',
      'By the agent',
    ]);
    expect(await home.musterJson(['merge', id, '--expect', head], { cwd: repository })).toMatchObject({
      status: 'merged',
    });
    expect(readFileSync(join(repository, 'committed.txt'), 'utf8')).toBe('committed\n');
    expect(readFileSync(join(repository, 'left.txt'), 'utf8').trim()).toBe('Write it down');
  });
});
