import { AppError } from '../../base/errors.js';
import type { Chain } from '../chains/chain.js';
import type { ChainStores } from '../chains/chainStore.js';
import type { Message } from '../messages/message.js';
import type { MessageStores } from '../messages/messageStore.js';
import { projectOfThread } from '../projects/projectOfThread.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { Dispatch, DispatchService, Dispatched } from './dispatchService.js';
import { findThread } from './threadLookup.js';
import type { ThreadStores } from './threadStore.js';

export interface RetryThreadOptions {
  readonly store: Store<ThreadStores & ProjectStores & MessageStores & ChainStores>;
  readonly dispatcher: Pick<DispatchService, 'dispatch'>;
}

/** Asks again what came to nothing: reviewers that gave no verdict, otherwise whoever was asked last. */
export class RetryThread {
  readonly #options: RetryThreadOptions;

  constructor(options: RetryThreadOptions) {
    this.#options = options;
  }

  /** Errors: those of dispatching; `request.invalid` when nobody was asked anything. */
  async again(
    id: string,
    { environment, key }: { readonly environment: Readonly<Record<string, string>>; readonly key: string | undefined },
  ): Promise<Dispatched> {
    const { store, dispatcher } = this.#options;
    const { thread, project, tasks } = store.read(stores => {
      const found = findThread(stores, id).thread;
      const messages = stores.messages.ofThread(found.id);
      return {
        thread: found,
        project: projectOfThread(stores, found),
        tasks: tasksAgain(messages, stores.chains.ofThread(found.id)),
      };
    });
    let last: Dispatched | undefined;
    for (const [index, task] of tasks.entries()) {
      const idempotencyKey = key === undefined ? {} : { idempotencyKey: index === 0 ? key : `${key}-${index}` };
      last = await dispatcher.dispatch({
        ...{ project, thread: thread.id, context: [], environment },
        ...task,
        ...idempotencyKey,
      });
    }
    if (last) return last;
    throw new AppError('request.invalid', `Nobody was asked anything on thread ${thread.id}.`, {
      field: 'thread_id',
      reason: 'there is nothing to ask again',
    });
  }
}

type Task = Pick<Dispatch, 'agent' | 'prompt' | 'from' | 'intent' | 'chain'>;

function tasksAgain(messages: readonly Message[], chain: Chain | undefined): readonly Task[] {
  const silent = chain?.state === 'undecided' ? chain.said.filter(({ verdict }) => verdict === undefined) : [];
  if (chain && silent.length > 0) {
    // The others have said what they think; the chain goes on where it stopped.
    const waiting = silent.map(({ agent }) => agent);
    const said = chain.said.filter(({ verdict }) => verdict !== undefined);
    const going: Chain = { ...chain, state: 'going', waiting, said, note: '' };
    return waiting.flatMap(agent => {
      const asked = messages.findLast(({ intent, to }) => intent === 'handoff' && to === agent);
      return asked ? [{ ...taskOf(asked), intent: 'handoff' as const, chain: going }] : [];
    });
  }
  const last = messages.findLast(({ intent }) => intent === 'dispatch' || intent === 'changes-requested');
  if (!last) return [];
  return [{ ...taskOf(last), intent: last.intent === 'dispatch' ? 'dispatch' : 'changes-requested' }];
}

function taskOf({ to, from, body }: Message): Pick<Dispatch, 'agent' | 'prompt' | 'from'> {
  return { agent: to, from, prompt: body };
}
