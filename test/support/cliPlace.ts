import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from './hostProcess.ts';

export interface Place {
  readonly home: TestHome;
  readonly user: string;
  readonly bin: string;
  readonly folder: string;
  readonly file: string;
  write(text: string): void;
  run(...args: readonly string[]): ReturnType<TestHome['muster']>;
  /** Puts a program on the PATH. */
  program(name: string, script?: string): void;
}

/** Call it at the top of a test file; what it returns makes a place with this compose file, or with none. */
export function cliPlaces(): (text?: string) => Place {
  let programs: Programs;
  beforeAll(async () => {
    programs = await buildPrograms();
  });
  return text => place(programs, text);
}

/** A home and a repository in it; on the PATH is git, and what the test puts there. */
function place(programs: Programs, text?: string): Place {
  const folder = testRepository(text === undefined ? {} : { 'agent-compose.yml': text }, { name: 'My Shop' });
  const bin = join(dirname(folder), 'bin');
  mkdirSync(bin);
  const home = testHome(programs, { env: { PATH: `${bin}:/usr/bin:/bin` } });
  const file = join(folder, 'agent-compose.yml');
  const user = home.env['HOME'] ?? '';
  writeFileSync(join(user, '.profile'), `export PATH='${bin}:/usr/bin:/bin'\n`);
  return {
    home,
    user,
    bin,
    folder,
    file,
    write: now => writeFileSync(file, now),
    run: async (...args) => await home.muster(args, { cwd: folder }),
    program(name, script = 'exit 0') {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    },
  };
}
