/**
 * Arguments by which an agent's definition would take back its own `permissions: confined` or `ask`: the CLI's bypass,
 * another sandbox, more folders, rules of the definition's own. One table per built-in CLI; {@link weakeningArguments}
 * knows how each may be spelled. What only runs or redirects something (MCP servers, a model provider) is not here: a
 * person is asked about every argument.
 */

interface WeakeningOption {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Values that leave the mode as strict as it was or make it stricter; without the list there is none. */
  readonly harmless?: readonly string[];
  /** For `-c key=value`: only these keys, and those below them, count. */
  readonly keys?: readonly string[];
}

const tables: ReadonlyMap<string, readonly WeakeningOption[]> = new Map([
  [
    'claude',
    [
      { name: 'dangerously-skip-permissions' },
      { name: 'allow-dangerously-skip-permissions' },
      { name: 'permission-mode', harmless: ['acceptEdits', 'default', 'plan'] },
      { name: 'permission-prompt-tool' },
      { name: 'allowed-tools' },
      { name: 'add-dir' },
      // Settings, plugins and agents bring permission rules and hooks, which run outside of any mode.
      { name: 'settings' },
      { name: 'agents' },
      { name: 'plugin-dir' },
      { name: 'plugin-url' },
    ],
  ],
  [
    'codex',
    [
      { name: 'dangerously-bypass-approvals-and-sandbox' },
      { name: 'dangerously-bypass-hook-trust' },
      { name: 'yolo' },
      { name: 'trust' },
      { name: 'sandbox', short: 's', harmless: ['read-only', 'workspace-write'] },
      { name: 'add-dir' },
      // The sandbox lets write what is below the working folder.
      { name: 'cd', short: 'C' },
      { name: 'ignore-rules' },
      {
        name: 'config',
        short: 'c',
        keys: [
          'approval_policy',
          'default_permissions',
          'hooks',
          'permissions',
          'profile',
          'profiles',
          'projects',
          'sandbox_mode',
          'sandbox_permissions',
          'sandbox_workspace_write',
        ],
      },
    ],
  ],
  [
    'gemini',
    [
      { name: 'yolo', short: 'y', harmless: ['false'] },
      { name: 'approval-mode', harmless: ['auto_edit', 'default', 'plan'] },
      { name: 'allowed-tools' },
      { name: 'include-directories' },
      { name: 'policy' },
      { name: 'admin-policy' },
      { name: 'no-sandbox' },
      { name: 'sandbox', short: 's', harmless: ['true'] },
    ],
  ],
  [
    'opencode',
    [
      { name: 'auto', harmless: ['false'] },
      // What another server or folder allows is not this run's to say.
      { name: 'attach' },
      { name: 'dir' },
    ],
  ],
]);

export interface WeakeningArgument {
  /** Position among the arguments. */
  readonly index: number;
  /** As the file spells it. */
  readonly argument: string;
}

/** The arguments that would weaken the permission mode of an agent of this built-in provider. */
export function weakeningArguments(provider: string, args: readonly string[]): readonly WeakeningArgument[] {
  const table = tables.get(provider) ?? [];
  return args.flatMap((argument, index) => {
    const weakens = table.some(option => {
      const value = valueGiven(option, argument, args[index + 1]);
      return value !== undefined && isWeaker(option, value);
    });
    return weakens ? [{ index, argument }] : [];
  });
}

/** The value that `argument` gives to the option, empty when there is none; undefined when it is another option. */
function valueGiven({ name, short }: WeakeningOption, argument: string, next = ''): string | undefined {
  const long = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
  if (long) return kebabCase(long[1] ?? '') === name ? (long[2] ?? next) : undefined;
  if (short === undefined || !/^-[^-]/.test(argument)) return undefined;
  const letters = /^-[A-Za-z]+/.exec(argument)?.[0] ?? '';
  // `-s value`, `-svalue`, `-s=value`, or last of several letters behind one dash.
  if (argument.startsWith(`-${short}`)) return argument.slice(2).replace(/^=/, '') || next;
  return letters.includes(short) ? argument.slice(letters.length).replace(/^=/, '') || next : undefined;
}

/** yargs takes `--approvalMode` for `--approval-mode`, and Claude Code has both spellings of some names. */
function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

function isWeaker({ harmless = [], keys }: WeakeningOption, value: string): boolean {
  if (keys === undefined) return !harmless.includes(value);
  const key = value.split('=', 1)[0] ?? '';
  const [root = ''] = key.replaceAll(/["'\s]/g, '').split('.');
  return keys.includes(root);
}
