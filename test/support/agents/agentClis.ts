import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ScriptedToolCall } from '../modelServer/modelScript.ts';

export type CliName = 'claude' | 'codex' | 'gemini' | 'opencode';

/** One real CLI: what its model calls its tools, and which model its configuration names. */
export interface AgentCli {
  readonly name: CliName;
  readonly model: string;
  /** Writes a new file of one line; the path is relative to the workspace. */
  writeFile(path: string, line: string): ScriptedToolCall;
  runCommand(command: string): ScriptedToolCall;
}

/** The CLIs by name. Their configuration is written by `agentHome.ts`. */
export const agentClis: Readonly<Record<CliName, AgentCli>> = {
  claude: {
    name: 'claude',
    model: 'claude-sonnet-4-5',
    writeFile: (path, line) => ({ name: 'Write', input: { file_path: path, content: `${line}\n` } }),
    runCommand: command => ({ name: 'Bash', input: { command, description: 'Run a command' } }),
  },
  codex: {
    name: 'codex',
    model: 'gpt-5.5',
    writeFile: (path, line) => ({
      name: 'apply_patch',
      input: {},
      freeform: `*** Begin Patch\n*** Add File: ${path}\n+${line}\n*** End Patch\n`,
    }),
    runCommand: command => ({ name: 'exec_command', input: { cmd: command } }),
  },
  gemini: {
    name: 'gemini',
    model: 'gemini-2.5-pro',
    writeFile: (path, line) => ({ name: 'write_file', input: { file_path: path, content: `${line}\n` } }),
    runCommand: command => ({ name: 'run_shell_command', input: { command, description: 'Run a command' } }),
  },
  opencode: {
    name: 'opencode',
    model: 'scripted/model-one',
    writeFile: (path, line) => ({ name: 'write', input: { filePath: path, content: `${line}\n` } }),
    runCommand: command => ({ name: 'bash', input: { command, description: 'Run a command' } }),
  },
};

export const cliNames: readonly CliName[] = ['claude', 'codex', 'gemini', 'opencode'];

/**
 * The folder with the programs of all four CLIs, where the test command installs them, or the CLI that is missing.
 * `MUSTER_TEST_AGENTS` names another folder.
 */
export function findAgentClis(): { readonly folder: string } | { readonly missing: string } {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = process.env['MUSTER_TEST_AGENTS'] ?? join(cache, 'muster', 'agents', 'node_modules', '.bin');
  const missing = cliNames.find(name => !existsSync(join(folder, name)));
  return missing === undefined ? { folder } : { missing: `${missing} is not installed in ${folder}` };
}

/** A PATH with the CLIs first, then this Node. */
export function pathWith(folder: string, nodeFolder: string): string {
  return [folder, nodeFolder, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
}
