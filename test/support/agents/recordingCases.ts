import type { PermissionMode } from '../../../src/core/agents/provider.js';
import type { ModelTurn } from '../modelServer/modelScript.ts';
import type { AgentCli, CliName } from './agentClis.ts';

/** One recording: what the model says, and how the CLI is called. */
export interface RecordingCase {
  readonly name: string;
  readonly prompt: string;
  readonly turns: (cli: AgentCli) => readonly ModelTurn[];
  readonly permissions?: PermissionMode;
  readonly systemPrompt?: string;
  readonly model?: string;
  /** `earlier`: resume the conversation of the case `text`; `unknown`: one that does not exist. */
  readonly conversation?: 'earlier' | 'unknown';
  /** Without the key of the model provider. */
  readonly withoutKey?: boolean;
  /** CLIs that cannot be recorded in this case, and why. */
  readonly except?: Partial<Readonly<Record<CliName, string>>>;
}

const prompts = {
  edit: 'Write greeting.txt with a greeting in it',
  command: 'Run the check and tell me its exit code',
  tests: 'Write a test and run it',
  text: 'What is this repository about',
  resumed: 'And who wrote it',
  error: 'This request is refused',
} as const;

const retriesForMinutes = 'it tries again for minutes and has no setting for that';

/** Every case is run by each CLI; `text` comes before `resumed`, which goes on with it. */
export const recordingCases: readonly RecordingCase[] = [
  {
    name: 'edit',
    prompt: prompts.edit,
    permissions: 'auto',
    turns: cli => [
      {
        prompt: prompts.edit,
        steps: [
          { text: 'I will write the file.', toolCall: cli.writeFile('greeting.txt', 'Hello') },
          { text: 'Done: **greeting.txt** says hello.' },
        ],
      },
    ],
  },
  {
    name: 'editConfined',
    prompt: prompts.edit,
    permissions: 'confined',
    turns: cli => [
      {
        prompt: prompts.edit,
        steps: [{ toolCall: cli.writeFile('greeting.txt', 'Hello') }, { text: 'Written.' }],
      },
    ],
  },
  {
    name: 'command',
    prompt: prompts.command,
    permissions: 'auto',
    turns: cli => [
      {
        prompt: prompts.command,
        steps: [{ toolCall: cli.runCommand("echo 'one problem'; exit 3") }, { text: 'It ended with 3.' }],
      },
    ],
  },
  {
    name: 'tests',
    prompt: prompts.tests,
    permissions: 'auto',
    turns: cli => [
      {
        prompt: prompts.tests,
        steps: [
          { toolCall: cli.writeFile('run-tests.sh', 'echo "$1 tests"; test "$1" = fast') },
          { toolCall: cli.runCommand('sh run-tests.sh fast') },
          { toolCall: cli.writeFile('notes.txt', 'Tested') },
          { toolCall: cli.runCommand('sh run-tests.sh all') },
          { text: 'One of two passed.' },
        ],
      },
    ],
  },
  {
    name: 'commandConfined',
    prompt: prompts.command,
    permissions: 'confined',
    turns: cli => [
      {
        prompt: prompts.command,
        // Outside of the workspace: refused by whatever confines the CLI.
        steps: [{ toolCall: cli.runCommand('touch ../outside.txt') }, { text: 'I was not allowed to.' }],
      },
    ],
  },
  {
    name: 'text',
    prompt: prompts.text,
    systemPrompt: 'You are terse.',
    turns: () => [{ prompt: prompts.text, steps: [{ text: 'It is a test.\n\nNothing more.' }] }],
  },
  {
    name: 'resumed',
    prompt: prompts.resumed,
    systemPrompt: 'You are terse.',
    conversation: 'earlier',
    turns: () => [{ prompt: prompts.resumed, steps: [{ text: 'Someone did.' }] }],
  },
  {
    name: 'unauthorized',
    prompt: prompts.error,
    turns: () => [{ prompt: prompts.error, steps: [{ error: { status: 401, message: 'invalid api key' } }] }],
  },
  {
    name: 'rateLimited',
    prompt: prompts.error,
    turns: () => [{ prompt: prompts.error, steps: [{ error: { status: 429, message: 'rate limit reached' } }] }],
    except: { opencode: retriesForMinutes },
  },
  {
    name: 'unknownModel',
    prompt: prompts.error,
    turns: () => [{ prompt: prompts.error, steps: [{ error: { status: 404, message: 'model: no such model' } }] }],
  },
  { name: 'unknownConversation', prompt: prompts.text, conversation: 'unknown', turns: () => [] },
  {
    name: 'withoutKey',
    prompt: prompts.text,
    withoutKey: true,
    turns: () => [],
    except: { opencode: 'its configuration here needs a key only on the server’s side' },
  },
];
