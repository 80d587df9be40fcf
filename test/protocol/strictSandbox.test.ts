import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { folderOutOfReach } from '../support/privateFolder.ts';
import { tempDirectory } from '../support/tempDirectory.ts';
import { buildPrograms, testHome, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** Temporary files may be written by everybody: what is to be out of reach lies elsewhere. */
function folders(): { readonly home: string; readonly repository: string; readonly state: string } {
  const root = folderOutOfReach('strict');
  const [home, repository] = [join(root, 'home'), join(root, 'shop')];
  for (const folder of [home, repository, join(home, '.claude')]) mkdirSync(folder);
  return { home, repository, state: join(root, 'state') };
}

async function strictRun(script: string, path: string) {
  const { home: userHome, repository, state } = folders();
  const home = testHome(programs, { stateDir: state, env: { HOME: userHome } });
  const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: repository, encoding: 'utf8' });
  // Without a template git makes no folder for hooks: it is the agent that would make it.
  git('init', '-q', '--template=', '-b', 'main');
  git('config', 'user.name', 'Person');
  git('config', 'user.email', 'person@example.com');
  const spec = {
    name: 'shop',
    providers: { mine: { command: 'sh', args: ['-c', script], output: { format: 'text' } } },
    agents: { dev: { provider: 'mine', sandbox: 'strict', env: { PATH: path } } },
  };
  writeFileSync(join(repository, 'agent-compose.yml'), stringify(spec));
  git('add', '.');
  git('commit', '-q', '-m', 'Begin');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const { thread_id: thread } = (await home.musterJson(['dispatch', 'dev', 'Work'], { cwd: repository })) as {
    thread_id: string;
  };
  await home.muster(['wait', thread, '--timeout', '60'], { cwd: repository });
  return { home, userHome, repository, thread, git };
}

describe.runIf(process.platform === 'linux' && existsSync('/usr/bin/bwrap'))('an agent with sandbox: strict', () => {
  test('writes to its worktree and commits there, and changes nothing else of this machine', async () => {
    const script = `
try() { if "$@" 2>/dev/null; then echo "did: $*"; else echo "refused: $*"; fi; }
echo work >work.txt && git add work.txt && git commit -qm "By the agent"
try touch "$HOME/mine"
try touch "$HOME/.claude/kept"
repository=$(dirname "$(git rev-parse --git-common-dir)")
try touch "$repository/stray"
try git -C "$repository" config core.fsmonitor evil
mkdir -p "$repository/.git/hooks" "$repository/.git/info"
try touch "$repository/.git/hooks/pre-commit"
try touch "$repository/.git/config.worktree"
try sh -c "echo '* filter=evil' >$repository/.git/info/attributes"
try touch "$MUSTER_HOME_OF_TEST/stray"
cat /etc/hostname >/dev/null && echo read`;
    const { home, userHome, repository, thread, git } = await strictRun(script, process.env['PATH'] ?? '');
    const said = (await home.muster(['logs', thread, '--raw'], { cwd: repository })).stdout;
    expect(said).toContain(`refused: touch ${userHome}/mine`);
    expect(said).toContain(`did: touch ${userHome}/.claude/kept`);
    expect(said.match(/refused: /g)).toHaveLength(7);
    expect(said).toContain('read\n');
    const { head } = (await home.musterJson(['approve', thread], { cwd: repository })) as { head: string };
    expect(git('log', '--format=%s', `main..${head}`)).toBe('By the agent\n');
    expect(readFileSync(join(repository, '.git/config'), 'utf8')).not.toContain('evil');
  });
});

test('an agent with sandbox: strict does not run where nothing can confine it', async () => {
  // A PATH with what a run needs, and without bubblewrap.
  const bin = tempDirectory('muster-bin');
  for (const name of ['sh', 'git', 'node'])
    execFileSync('ln', ['-s', execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name)]);
  const { home, repository } = await strictRun('echo never', bin);
  const { threads } = (await home.musterJson(['ps', '--all'], { cwd: repository })) as {
    threads: readonly { latest_run: { status: string; error: { code: string; message: string } } }[];
  };
  expect(threads[0]?.latest_run).toMatchObject({ status: 'failed', error: { code: 'sandbox.unavailable' } });
  expect(threads[0]?.latest_run.error.message).toMatch(/sandbox: strict.*was not found|nothing on this system/);
});
