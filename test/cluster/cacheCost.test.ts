import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterUnderTest } from '../support/cluster.ts';
import { countedCluster } from '../support/countedCluster.ts';
import { git, type ContainerHost } from '../support/containerHost.ts';
import { nodeVolume } from '../support/nodeVolume.ts';
import { podHost } from '../support/podHost.ts';

const files = 5_000;
const commits = 200;
/** What a commit changes. */
const changed = 25;
const words = Array.from({ length: 2_000 }, () => randomInt(36 ** 6).toString(36));

/** Four kilobytes that shrink as text does. */
function text(): string {
  return Array.from({ length: 60 }, () =>
    Array.from({ length: 10 }, () => words[randomInt(words.length)]).join(' '),
  ).join('\n');
}

/** As `git fast-import` reads it. */
function* stream(): Iterable<string> {
  for (let commit = 0; commit < commits; commit++) {
    yield `commit refs/heads/main\ncommitter Ada <ada@example.com> ${1_700_000_000 + commit} +0000\ndata 4\nWork\n`;
    if (commit === 0) yield 'from refs/heads/main^0\n';
    for (let number = 0; number < (commit === 0 ? files : changed); number++) {
      const contents = text();
      const file = commit === 0 ? number : randomInt(files);
      yield `M 100644 inline folder${file % 100}/${file}.txt\ndata ${contents.length}\n${contents}\n`;
    }
  }
}

async function largeHost(driver: object) {
  const counted = await countedCluster('large');
  const host = await podHost({
    script: 'git status --porcelain | wc -l',
    driver: { ...driver },
    kubeconfig: counted.kubeconfig,
  });
  execFileSync('git', ['fast-import', '--quiet'], { cwd: host.repository, input: [...stream()].join('') });
  git(host.repository, 'reset', '-q', '--hard');
  return { ...host, counted };
}

/** Megabytes and seconds until the agent began. */
async function cost({ counted, home, repository, run }: ContainerHost & Awaited<ReturnType<typeof largeHost>>) {
  const before = counted.sent();
  const id = await run('Look');
  // On a busy machine all of it takes longer than other runs.
  await home.muster(['wait', id, '--timeout', '120'], { cwd: repository });
  const megabytes = (counted.sent() - before) / 1_000_000;
  expect((await home.muster(['logs', id, '--raw'], { cwd: repository })).stdout).toBe('0\n');
  const log = readFileSync(join(home.stateDir, 'host.log'), 'utf8');
  const told = [...log.matchAll(/"A run was sent to its pod".*"ms":(\d+)/g)].at(-1);
  return { megabytes: Number(megabytes.toFixed(2)), seconds: Number(told?.[1]) / 1000 };
}

describe.runIf(clusterUnderTest().kind === 'there')('a repository of 5,000 files and 200 commits', () => {
  test('is sent once, and then next to nothing', async () => {
    await nodeVolume('large', 'large');
    const whole = await cost(await largeHost({}));
    const host = await largeHost({ cache: { storage: 'large' } });
    const first = await cost(host);
    const second = await cost(host);
    console.log({ whole, first, second });
    expect(first.megabytes).toBeLessThan(whole.megabytes / 2);
    expect(second.megabytes).toBeLessThan(whole.megabytes / 50);
  });
});
