import type { Provider } from '../provider.js';
import { attachedArguments, attachedFile, attachedScript } from './attachedCommand.js';
import { createUserProvider } from './userDefined.js';

/** No compose file can give this name to a provider of its own. */
export const shellCommandName = '(command)';

const inner = createUserProvider(shellCommandName, {
  command: 'sh',
  args: ['{{prompt_file}}'],
  input: 'file',
  output: { format: 'text' },
});

/** What runs when a person gives an agent's place a shell command instead of a task: the prompt is the script. */
export const shellCommand: Provider = {
  ...inner,
  command({ prompt, permissions, runDir, asRoot, input }) {
    const command = inner.command({ prompt, permissions, runDir, asRoot, args: [] });
    if (!input) return command;
    const [, script = ''] = command.argv;
    const argv = attachedArguments(runDir, script, input.terminal);
    return { ...command, argv, files: { ...command.files, [attachedFile]: attachedScript } };
  },
};
