/**
 * Records the golden transcripts of test/fixtures/transcripts: runs each real CLI, with the command line that Muster
 * gives it, against the scripted model server. By hand, after a CLI or a command line changed:
 *
 *     node --import ./src/build/sourceResolution.ts test/support/agents/record.ts [cli…] [case…]
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createProviderRegistry } from '../../../src/core/agents/providerRegistry.js';
import type { CommandRequest } from '../../../src/core/agents/provider.js';
import { startModelServer } from '../modelServer/modelServer.ts';
import { agentClis, cliNames, findAgentClis, type AgentCli } from './agentClis.ts';
import { writeAgentHome } from './agentHome.ts';
import { normalizeTranscript } from './normalizeTranscript.ts';
import { recordingCases, type RecordingCase } from './recordingCases.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/transcripts');
const unknownConversation = { codex: '00000000-0000-4000-8000-0000000000ff' } as const;
const timeoutMs = 120_000;

interface Recording {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
}

const found = findAgentClis();
if ('missing' in found) throw new Error(found.missing);
const clis = found.folder;
const wanted = process.argv.slice(2);

const wantedClis = cliNames.filter(name => wanted.includes(name));
const wantedCases = recordingCases.filter(({ name }) => wanted.includes(name));

for (const name of wantedClis.length > 0 ? wantedClis : cliNames) {
  await recordCli(agentClis[name]);
}

async function recordCli(cli: AgentCli): Promise<void> {
  // Not in the temporary directory, which some sandboxes leave writable.
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'muster', 'recordings');
  mkdirSync(cache, { recursive: true });
  const root = realpathSync(mkdtempSync(join(cache, 'r-')));
  const target = join(fixtures, cli.name);
  mkdirSync(target, { recursive: true });
  const home = join(root, 'home');
  mkdirSync(home);
  const workspace = makeWorktree(root);
  let earlier: string | undefined;
  try {
    for (const recorded of wantedCases.length > 0 ? wantedCases : recordingCases) {
      if (recorded.except?.[cli.name] !== undefined) continue;
      const conversation =
        recorded.conversation === 'earlier'
          ? earlier
          : recorded.conversation &&
            (cli.name === 'opencode' ? 'ses_unknownconversation0001' : unknownConversation.codex);
      const run = await recordCase(cli, recorded, { root, home, workspace, conversation });
      if (recorded.name === 'text') earlier = run.conversation;
      writeFileSync(join(target, `${recorded.name}.ndjson`), run.stdout);
      writeFileSync(join(target, `${recorded.name}.exit.json`), `${JSON.stringify(run.exit, undefined, 2)}\n`);
      console.log(
        `${cli.name} ${recorded.name}: ${JSON.stringify(run.exit.code)}, ${run.stdout.split('\n').length - 1} lines`,
      );
      execFileSync('git', ['clean', '-fdq'], { cwd: workspace });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  const version = execFileSync(join(clis, cli.name), ['--version'], {
    encoding: 'utf8',
    stdio: 'pipe',
    env: { PATH: `${clis}:${process.env['PATH']}`, HOME: tmpdir() },
  });
  writeFileSync(join(target, 'version.txt'), `${version.trim()}\n`);
}

interface Places {
  readonly root: string;
  readonly home: string;
  readonly workspace: string;
  readonly conversation: string | undefined;
}

async function recordCase(cli: AgentCli, recorded: RecordingCase, { root, home, workspace, conversation }: Places) {
  const server = await startModelServer(recorded.turns(cli));
  try {
    const env = { ...writeAgentHome({ home, clis, modelUrl: server.url }) };
    if (recorded.withoutKey)
      for (const key of Object.keys(env).filter(key => key.endsWith('_API_KEY'))) delete env[key];
    const runDir = join(root, 'run');
    rmSync(runDir, { recursive: true, force: true });
    mkdirSync(runDir);
    const provider = createProviderRegistry(new Map()).get(cli.name);
    const request: CommandRequest = {
      prompt: recorded.prompt,
      permissions: recorded.permissions ?? 'confined',
      args: [],
      runDir,
      asRoot: process.getuid?.() === 0,
      ...(recorded.model === undefined ? {} : { model: recorded.model }),
      ...(recorded.systemPrompt === undefined ? {} : { systemPrompt: recorded.systemPrompt }),
      ...(conversation === undefined ? {} : { conversation }),
    };
    const command = provider.command(request);
    for (const [file, text] of Object.entries(command.files ?? {})) writeFileSync(join(runDir, file), text);
    const input = command.prompt ?? recorded.prompt;
    const result = await run(command.argv, { cwd: workspace, env: { ...env, ...command.env }, input });
    server.verify();
    const normalize = (text: string): string =>
      normalizeTranscript(text, { root, workspace, home, runDir, modelUrl: server.url, clis: dirname(clis) });
    const events = result.stdout.split('\n').flatMap(line => provider.parse(line));
    return {
      stdout: normalize(result.stdout),
      exit: { code: result.code, signal: result.signal, stderrTail: normalize(result.stderr).slice(-4096) },
      conversation: events.find(event => event.kind === 'conversation')?.id,
    };
  } finally {
    await server.close();
  }
}

function run(
  argv: readonly string[],
  { cwd, env, input }: { readonly cwd: string; readonly env: Record<string, string>; readonly input: string },
): Promise<Recording> {
  const [program = '', ...args] = argv;
  const child = spawn(join(clis, program), args, { cwd, env, timeout: timeoutMs });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ stdout, stderr, code, signal }));
  });
}

/** A repository with a worktree, because that is where agents work. */
function makeWorktree(root: string): string {
  const repository = join(root, 'repository');
  const workspace = join(root, 'workspace');
  mkdirSync(repository);
  const git = (...args: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
      cwd: repository,
    });
  git('init', '-q', '-b', 'main');
  writeFileSync(join(repository, 'README.md'), '# Test\n');
  git('add', '-A');
  git('commit', '-q', '-m', 'First');
  git('worktree', 'add', '-q', '-b', 'task', workspace);
  return workspace;
}
