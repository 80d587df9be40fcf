import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import type { AgentSpec } from '../../compose/projectSpec.js';

/** What a person chose for one thread in place of the compose file's: one of several attempts with different models. */
export interface ChosenModel {
  readonly agent: string;
  readonly model: string;
}

/** Port: models that were chosen for threads. */
export interface ThreadModelStore {
  of(thread: ThreadId): ChosenModel | undefined;
  save(thread: ThreadId, chosen: ChosenModel): void;
}

/** What a transaction needs that touches them. */
export interface ThreadModelStores {
  readonly threadModels: ThreadModelStore;
}

/** The model that an agent has on a thread; undefined leaves it to its CLI. */
export function modelOn({ threadModels }: ThreadModelStores, thread: ThreadId, agent: AgentSpec): string | undefined {
  const chosen = threadModels.of(thread);
  return chosen?.agent === agent.name ? chosen.model : agent.model;
}

/** Names as providers give them (`openai/gpt-5`, `sonnet[1m]`). It becomes a word of a command line. Errors: `request.invalid`. */
export function requireModelName(model: string | undefined): void {
  if (model === undefined || /^[A-Za-z0-9][\w.:/@+[\]-]{0,127}$/.test(model)) return;
  const message = `${JSON.stringify(model.slice(0, 60))} is not the name of a model: letters, digits and . : / @ + - _ [ ].`;
  throw new AppError('request.invalid', message, { field: 'model', reason: 'not a name' });
}
