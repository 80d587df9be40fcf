import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { buildPrograms, testHome, testRepository, type Programs, type TestHome } from './hostProcess.ts';
import { startMcp, type McpSession } from './mcpClient.ts';
import type { CleanUps } from './tempDirectory.ts';

/**
 * One host that all tests of a file share, with a real MCP client and agents that do what their task says: the lines of a task are shell
 * commands, `hold NAME` waits until {@link McpWorld.release} lets go of it. Tests do not see each other: each has its own threads.
 */
export interface McpWorld {
  readonly programs: Programs;
  readonly home: TestHome;
  /** The person's home directory, where agents leave what tests look at. */
  readonly user: string;
  readonly repository: string;
  readonly mcp: McpSession;
  /** Agents that say `hold NAME` wait from now on. */
  hold(name: string): void;
  release(name: string): void;
  /** Waits for a file in the person's home and reads it. */
  left(name: string): Promise<string>;
  /** Gives a task, and returns its thread and the answer. */
  done(body: string, more?: Record<string, unknown>): Promise<{ readonly thread: string; readonly answer: Answer }>;
  /** Of the repository. */
  git(...args: readonly string[]): string;
  /** `muster` in the repository. */
  muster(...args: readonly string[]): ReturnType<TestHome['muster']>;
  /** Applies another text of the compose file. */
  apply(text: string): Promise<void>;
  /** Waits until the latest execution of a thread is in this state, in compas' word. */
  reaches(thread: unknown, status: string): Promise<void>;
}

export type Answer = Readonly<Record<string, unknown>>;

/** The provider of {@link McpWorld}'s agents, for compose files. */
export const shellProvider = `  shell:
    command: sh
    args: ["-c", 'hold() { while [ -e "$HOME/hold-$1" ]; do sleep 0.05; done; }; . "$1"', "sh", "{{prompt_file}}"]
    input: file
    output: {format: text}
`;

/** Call it at the top of a test file. `programs` are put on the PATH before anything else: names to shell scripts. */
export function mcpWorld(
  compose: string,
  {
    commands = {},
    files = {},
  }: { readonly commands?: Record<string, string>; readonly files?: Record<string, string> } = {},
): McpWorld {
  const cleanUps: (() => Promise<void> | void)[] = [];
  const clean: CleanUps = work => void cleanUps.push(work);
  let built: Pick<McpWorld, 'programs' | 'home' | 'user' | 'repository' | 'mcp'> | undefined;
  beforeAll(async () => {
    const programs = await buildPrograms();
    const repository = testRepository({ 'agent-compose.yml': compose, ...files }, { cleanUps: clean });
    const bin = join(dirname(repository), 'bin');
    mkdirSync(bin);
    const path = [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
    const home = testHome(programs, { env: { PATH: path }, cleanUps: clean });
    const user = home.env['HOME'] ?? '';
    for (const [name, script] of Object.entries(commands)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    // Runs search the PATH of the login shell as well.
    writeFileSync(join(user, '.profile'), `export PATH='${path}'\n`);
    const applied = await home.muster(['up', '--yes'], { cwd: repository });
    if (applied.status !== 0) throw new Error(applied.stderr);
    const mcp = await startMcp(home, { programs, cwd: repository, cleanUps: clean });
    built = { programs, home, user, repository, mcp };
  });
  afterAll(async () => {
    for (const work of cleanUps.toReversed()) await work();
  });
  const world = (): Exclude<typeof built, undefined> => {
    if (!built) throw new Error('The world is made before the first test');
    return built;
  };
  const file = (name: string): string => join(world().user, name);
  return {
    get programs() {
      return world().programs;
    },
    get home() {
      return world().home;
    },
    get user() {
      return world().user;
    },
    get repository() {
      return world().repository;
    },
    get mcp() {
      return world().mcp;
    },
    hold: name => writeFileSync(file(`hold-${name}`), ''),
    release: name => rmSync(file(`hold-${name}`), { force: true }),
    async left(name) {
      await vi.waitFor(() => expect(existsSync(file(name))).toBe(true), { timeout: 60_000 });
      return readFileSync(file(name), 'utf8');
    },
    async done(body, more = {}) {
      const answer = await world().mcp.ok('orch_dispatch_and_wait', { from: 'operator', to: 'dev', body, ...more });
      expect(answer).toMatchObject({ found: true });
      return { thread: String(answer['thread_id']), answer };
    },
    git: (...args) =>
      execFileSync('git', args, { cwd: world().repository, encoding: 'utf8', env: { ...world().home.env } }).trim(),
    muster: async (...args) => await world().home.muster(args, { cwd: world().repository }),
    async apply(text) {
      writeFileSync(join(world().repository, 'agent-compose.yml'), text);
      const applied = await world().home.muster(['up', '--yes'], { cwd: world().repository });
      expect(applied, applied.stderr).toMatchObject({ status: 0 });
    },
    async reaches(thread, status) {
      await vi.waitFor(
        async () =>
          expect(await world().mcp.ok('orch_poll', { thread_id: thread })).toMatchObject({ execution_status: status }),
        { timeout: 60_000 },
      );
    },
  };
}
