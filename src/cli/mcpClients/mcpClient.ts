import { join } from 'node:path';
import type { Environment } from '../../client/stateDirectory.js';

/** How one program is told about an MCP server. */
export type McpClient = McpProgram | McpFile;

interface McpClientNames {
  /** What `--tool` takes. */
  readonly id: string;
  readonly title: string;
}

/** A program that keeps its own list: its command line is asked, since the format of its file is its own. */
export interface McpProgram extends McpClientNames {
  readonly kind: 'program';
  readonly program: string;
  readonly add: (launcher: string) => readonly string[];
  readonly remove: readonly string[];
  /** Prints what is registered; {@link McpProgram.isListed} reads it. */
  readonly list: readonly string[];
  readonly isListed: (output: string) => boolean;
}

/** A program that reads a JSON file, with comments as a rule. */
export interface McpFile extends McpClientNames {
  readonly kind: 'file';
  /** Absolute path. The program is taken to be there when the folder is. */
  readonly path: (home: string, env: Environment) => string;
  /** Place of our entry in the file. */
  readonly place: readonly string[];
  readonly entry: (launcher: string) => unknown;
}

/** Name of the server in every program. */
export const serverName = 'muster';

const stdio = (launcher: string) => ({ command: launcher, args: ['mcp'] });

/** Every program that `setup-mcp` knows. */
export const mcpClients: readonly McpClient[] = [
  {
    id: 'claude',
    title: 'Claude Code',
    kind: 'program',
    program: 'claude',
    add: launcher => ['mcp', 'add', '--scope', 'user', '--transport', 'stdio', serverName, '--', launcher, 'mcp'],
    remove: ['mcp', 'remove', '--scope', 'user', serverName],
    list: ['mcp', 'list'],
    isListed: output => output.split('\n').some(line => line.startsWith(`${serverName}:`)),
  },
  {
    id: 'codex',
    title: 'Codex',
    kind: 'program',
    program: 'codex',
    add: launcher => ['mcp', 'add', serverName, '--', launcher, 'mcp'],
    remove: ['mcp', 'remove', serverName],
    list: ['mcp', 'list'],
    isListed: output => output.split('\n').some(line => line.split(/\s+/, 1)[0] === serverName),
  },
  {
    id: 'gemini',
    title: 'Gemini CLI',
    kind: 'file',
    path: home => join(home, '.gemini', 'settings.json'),
    place: ['mcpServers', serverName],
    entry: stdio,
  },
  {
    id: 'opencode',
    title: 'OpenCode',
    kind: 'file',
    path: (home, env) => join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'opencode', 'opencode.json'),
    place: ['mcp', serverName],
    entry: launcher => ({ type: 'local', command: [launcher, 'mcp'], enabled: true }),
  },
  {
    id: 'vscode',
    title: 'VS Code',
    kind: 'file',
    path: (home, env) => join(userDataFolder(home, env), 'Code', 'User', 'mcp.json'),
    place: ['servers', serverName],
    entry: launcher => ({ type: 'stdio', ...stdio(launcher) }),
  },
  {
    id: 'cursor',
    title: 'Cursor',
    kind: 'file',
    path: home => join(home, '.cursor', 'mcp.json'),
    place: ['mcpServers', serverName],
    entry: stdio,
  },
];

/** Where programs keep the files of a person. */
function userDataFolder(home: string, env: Environment): string {
  if (process.platform === 'win32') return env['APPDATA'] || join(home, 'AppData', 'Roaming');
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support');
  return env['XDG_CONFIG_HOME'] || join(home, '.config');
}
