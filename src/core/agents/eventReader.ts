import type { AgentEvent } from './agentEvent.js';
import type { Provider } from './provider.js';
import { relativeToWorktree, type WorktreePlace } from './worktreePaths.js';

/**
 * Reads an agent's lines into what people see of them: the one place where that is decided, for lists, logs and transcripts
 * alike. Whatever a line makes a provider do, the lines after it are read; `onUnreadable` hears of it.
 */
export function eventReader(
  provider: Pick<Provider, 'parse'>,
  place: WorktreePlace,
  onUnreadable?: (error: unknown) => void,
): (line: string) => readonly AgentEvent[] {
  const shorten = relativeToWorktree(place);
  return line => {
    try {
      return provider.parse(line).map(shorten);
    } catch (error) {
      onUnreadable?.(error);
      return [{ kind: 'raw', text: line }];
    }
  };
}
