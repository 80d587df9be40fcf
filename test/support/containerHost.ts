import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { inRepository } from '../../src/build/paths.ts';
import { testHome, type Programs, type TestHome } from './hostProcess.ts';
import { tempDirectory } from './tempDirectory.ts';

/** What ships, as it was bundled for the suite. */
export const shipped: Programs = {
  folder: inRepository('dist'),
  host: inRepository('dist/host.js'),
  cli: inRepository('dist/cli.js'),
};

export interface ContainerHost {
  readonly home: TestHome;
  readonly repository: string;
  /** Dispatches, waits for the end, and gives back the thread as `muster show` has it. */
  run(prompt: string): Promise<string>;
}

export function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** A host with a repository whose agents run the script in a container. */
export async function containerHost(options: {
  readonly host: string;
  readonly image: string;
  /** Shell, with the task as standard input. */
  readonly script: string;
  readonly agent?: Readonly<Record<string, unknown>>;
  /** More of the compose file's top. */
  readonly project?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Of the login shell. */
  readonly profile?: Readonly<Record<string, string>>;
}): Promise<ContainerHost> {
  const home = testHome(shipped, { env: { DOCKER_HOST: options.host, ...options.env } });
  const profile = Object.entries(options.profile ?? {}).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(join(home.env['HOME'] ?? '', '.profile'), profile.join(''));
  const repository = join(tempDirectory('muster-container'), 'shop');
  mkdirSync(repository);
  git(repository, 'init', '-q', '-b', 'main');
  git(repository, 'config', 'user.name', 'Person');
  git(repository, 'config', 'user.email', 'person@example.com');
  const spec = {
    ...options.project,
    providers: { mine: { command: 'sh', args: ['-c', options.script], output: { format: 'text' } } },
    agents: {
      dev: { provider: 'mine', image: options.image, driver: { docker: { host: options.host } }, ...options.agent },
    },
  };
  writeFileSync(join(repository, 'agent-compose.yml'), stringify(parse(JSON.stringify(spec))));
  writeFileSync(join(repository, 'readme.md'), 'one\n');
  git(repository, 'add', '.');
  git(repository, 'commit', '-q', '-m', 'Begin');
  const up = await home.muster(['up', '--yes'], { cwd: repository });
  if (up.status !== 0) throw new Error(up.stderr);
  return {
    home,
    repository,
    async run(prompt) {
      const dispatched = (await home.musterJson(['dispatch', 'dev', prompt], { cwd: repository })) as {
        thread_id: string;
      };
      await home.muster(['wait', dispatched.thread_id, '--timeout', '60'], { cwd: repository });
      return dispatched.thread_id;
    },
  };
}
