import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ownValue } from '../../base/ownValue.js';
import { findProgram } from '../../client/findProgram.js';
import type { Environment } from '../../client/stateDirectory.js';
import { homeFolder } from '../../node/person.js';

/** One coding CLI on this machine, as far as can be seen without starting it. */
export interface AgentCli {
  readonly provider: string;
  readonly title: string;
  /** Where its program is; missing: not on the PATH. */
  readonly path: string | undefined;
  /** What it logs in with; missing: nothing was found, which may also mean that it keeps it elsewhere. */
  readonly login: string | undefined;
  readonly install: string;
  /** What stands before a question that is answered at once, without a conversation. */
  readonly pingArgs: readonly string[];
}

interface KnownCli {
  readonly provider: string;
  readonly title: string;
  readonly install: string;
  /** Variables with a key. */
  readonly keys: readonly string[];
  /** Files that a login leaves, below the home folder. */
  readonly files: readonly string[];
  readonly pingArgs: readonly string[];
}

const known: readonly KnownCli[] = [
  {
    provider: 'claude',
    title: 'Claude Code',
    install: 'npm install -g @anthropic-ai/claude-code',
    keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    files: ['.claude/.credentials.json'],
    pingArgs: ['--print'],
  },
  {
    provider: 'codex',
    title: 'Codex',
    install: 'npm install -g @openai/codex',
    keys: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
    files: ['.codex/auth.json'],
    pingArgs: ['exec', '--skip-git-repo-check', '--sandbox', 'read-only'],
  },
  {
    provider: 'gemini',
    title: 'Gemini CLI',
    install: 'npm install -g @google/gemini-cli',
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    files: ['.gemini/oauth_creds.json'],
    pingArgs: ['--prompt'],
  },
  {
    provider: 'opencode',
    title: 'OpenCode',
    install: 'npm install -g opencode-ai',
    keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY'],
    files: ['.local/share/opencode/auth.json', '.config/opencode/opencode.json'],
    pingArgs: ['run'],
  },
];

/** The CLIs that Muster knows. Nothing is started and no token spent. */
export function findAgentClis(env: Environment): readonly AgentCli[] {
  const home = homeFolder(env) ?? '/';
  return known.map(({ provider, title, install, keys, files, pingArgs }) => {
    const key = keys.find(name => (ownValue(env, name) ?? '') !== '');
    const file = files.find(name => existsSync(join(home, name)));
    return { provider, title, install, path: findProgram(provider, env), login: key ?? file, pingArgs };
  });
}
