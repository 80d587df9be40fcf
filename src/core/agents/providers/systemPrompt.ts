import type { CommandRequest } from '../provider.js';

/**
 * The prompt with the system prompt in front, for CLIs without an option for one. A conversation that is resumed
 * already has it. Undefined when the prompt stays as it is.
 */
export function promptWithInstructions({ prompt, systemPrompt, conversation }: CommandRequest): string | undefined {
  if (systemPrompt === undefined || systemPrompt.trim() === '' || conversation !== undefined) return undefined;
  return `${systemPrompt.trimEnd()}\n\n${prompt}`;
}
