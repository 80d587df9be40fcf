import type { ModelTurn } from '../modelServer/modelScript.ts';
import { agentClis } from './agentClis.ts';

/** Real Claude Code as the author and real Codex as the reviewer; only their models are scripted. */
const { claude, codex } = agentClis;

export const chainTask = 'Add a greeting';

export const chainFile = `name: shop
agents:
  dev:
    provider: claude
    model: ${claude.model}
    handoff: {on_response: reviewer}
  reviewer:
    provider: codex
    model: ${codex.model}
    workspace: {provider: thread, access: read}
`;

/** The reviewer asks for changes once. A later message quotes the earlier ones, so that the latest turn stands first. */
export const chainScript: readonly ModelTurn[] = [
  { prompt: 'second version', steps: [{ text: 'Both are there.\nVERDICT: approve' }] },
  {
    prompt: 'asks for changes',
    steps: [{ toolCall: claude.writeFile('goodbye.txt', 'Goodbye') }, { text: 'The second version says goodbye too.' }],
  },
  { prompt: 'first version', steps: [{ text: 'It never says goodbye.\nVERDICT: request changes' }] },
  {
    prompt: chainTask,
    steps: [{ toolCall: claude.writeFile('hello.txt', 'Hello') }, { text: 'The first version greets.' }],
  },
];
