import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPrograms, testRepository, type Programs } from '../support/hostProcess.ts';
import { tempDirectory } from '../support/tempDirectory.ts';

/** A number that no list of users has, as OpenShift gives one to each container. */
const nobody = 54_321;
const compose = `name: shop
providers:
  shell: {command: sh, args: ["-c", "cat; echo done > out.txt"]}
agents:
  dev: {provider: shell}
`;

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
  chmodSync(programs.folder, 0o755);
});

/** Who may become somebody else: root, with the tool that every Linux has, and a checkout that others can read. */
const other = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] as const;
const canBeOther =
  process.getuid?.() === 0 &&
  spawnSync(other[0], [...other.slice(1), process.execPath, '--check', import.meta.filename]).status === 0;

interface Said {
  readonly status: number | null;
  readonly text: string;
}

/** A person with a repository, a place for a home folder and one for the state, all theirs. */
class Person {
  readonly root = tempDirectory();
  readonly repository = testRepository({ 'agent-compose.yml': compose });
  readonly #as: readonly string[];

  constructor(as: readonly string[]) {
    this.#as = as;
    mkdirSync(this.path('home'));
    if (as.length === 0) return;
    for (const folder of [this.root, dirname(this.repository)]) chmodSync(folder, 0o755);
    own(this.root);
    own(this.repository);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** One call of `muster` with this environment and no other. */
  async muster(env: Readonly<Record<string, string>>, args: string, cwd = this.repository): Promise<Said> {
    const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
    const given = Object.entries({ PATH: path, ...identity, ...env }).map(([name, value]) => `${name}=${value}`);
    // The shell makes the folder and takes it away again, so that the call begins in one that is gone.
    const begin =
      cwd === 'gone'
        ? `mkdir -p ${this.path('gone')} && cd ${this.path('gone')} && rm -r ${this.path('gone')} && `
        : '';
    const command = `${begin}exec ${process.execPath} ${programs.cli} ${args}`;
    const [program, ...rest] = [...this.#as, 'env', '-i', ...given, 'sh', '-c', command];
    return await said(program, rest, cwd === 'gone' ? this.root : cwd);
  }

  /** Applies, gives a task and waits for it, and ends the host: what everybody does on their first day. */
  async firstDay(env: Readonly<Record<string, string>>): Promise<void> {
    const up = await this.muster(env, 'up --yes');
    expect(up).toMatchObject({ status: 0, text: expect.stringContaining('applied') });
    expect(up.text).not.toContain('was not found');
    const done = await this.muster(env, 'dispatch dev hello --wait');
    expect(done).toMatchObject({ status: 0, text: expect.stringContaining('ready, 1 file') });
    expect(await this.muster(env, 'daemon stop')).toMatchObject({ status: 0 });
  }
}

/** Commits need a name, and there is no configuration of git in an empty home. */
const identity = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

function own(folder: string): void {
  execFileSync('chown', ['-R', `${nobody}:${nobody}`, folder]);
  chownSync(folder, nobody, nobody);
}

async function said(program: string, args: readonly string[], cwd: string): Promise<Said> {
  const child = spawn(program, [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const status = await new Promise<number | null>(resolve => child.once('close', resolve));
  return { status, text };
}

describe.each([
  ['a user that no list of users has', other, canBeOther],
  ['whoever runs this', [], process.platform !== 'win32'],
] as const)('%s', (_, as, possible) => {
  describe.skipIf(!possible)('works', () => {
    test.each([
      ['with a home folder', (person: Person) => ({ HOME: person.path('home'), MUSTER_HOME: person.path('state') })],
      ['without HOME', (person: Person) => ({ MUSTER_HOME: person.path('state') })],
      ['with an empty HOME', (person: Person) => ({ HOME: '', MUSTER_HOME: person.path('state') })],
      [
        'with a HOME that is not there',
        (person: Person) => ({ HOME: person.path('not/there'), MUSTER_HOME: person.path('state') }),
      ],
      [
        'with a dead TMPDIR, and a state folder whose path is too long for a socket',
        (person: Person) => ({
          HOME: person.path('home'),
          MUSTER_HOME: person.path(`state-${'x'.repeat(100)}`),
          TMPDIR: person.path('neither/here'),
        }),
      ],
    ])('%s', async (__, envOf) => {
      const person = new Person(as);
      await person.firstDay(envOf(person));
      expect(readdirSync(person.path('home'))).not.toContain('undefined');
    });

    test('from a working folder that was removed', async () => {
      const person = new Person(as);
      const env = { HOME: person.path('home'), MUSTER_HOME: person.path('state') };
      expect(await person.muster(env, `-C ${person.repository} up --yes`, 'gone')).toMatchObject({ status: 0 });
      const done = await person.muster(env, `-C ${person.repository} dispatch dev hello --wait`, 'gone');
      expect(done).toMatchObject({ status: 0, text: expect.stringContaining('ready, 1 file') });
      expect(await person.muster(env, 'ps --all', 'gone')).toMatchObject({ status: 0 });
      // What needs the folder says so, in a sentence.
      const here = await person.muster(env, 'up', 'gone');
      expect(here).toMatchObject({ status: 2, text: expect.stringContaining('There is no agent-compose.yml') });
      expect(await person.muster(env, 'daemon stop', 'gone')).toMatchObject({ status: 0 });
    });
  });
});

test.skipIf(!canBeOther)('without a home folder and without MUSTER_HOME it is said what to set, at once', async () => {
  const person = new Person(other);
  const environments: readonly Record<string, string>[] = [{}, { HOME: '' }];
  for (const env of environments) {
    const up = await person.muster(env, 'up --yes');
    expect(up).toMatchObject({ status: 1, text: expect.stringContaining('Set HOME, or MUSTER_HOME') });
    expect(up.text.trim().split('\n')).toHaveLength(1);
  }
  expect(readdirSync(person.repository)).not.toContain('.muster');
});
