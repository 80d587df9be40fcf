import { getOption, type DescMethod } from '@bufbuild/protobuf';
import { createContextKey, type ContextValues, type Interceptor } from '@connectrpc/connect';
import { requireAllowed, type Caller, type MayCall } from '../../core/access/caller.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { may_call } from '../../protocol/gen/muster/v1/policy_pb.js';
import { runHeader } from '../../protocol/version.js';
import { namesEngine } from './namedEngine.js';

const words: readonly MayCall[] = ['person', 'run', 'both', 'own_thread', 'dispatcher'];
const callerKey = createContextKey<Caller>({ kind: 'person' }, { description: 'who makes the call' });

/** Who makes the call that a handler answers. */
export function callerOf({ values }: { readonly values: ContextValues }): Caller {
  return values.get(callerKey);
}

/** What the `.proto` says of a method; undefined for nothing or an unknown word. */
export function policyOf(method: DescMethod): MayCall | undefined {
  const option = getOption(method, may_call);
  return words.find(word => word === option);
}

/** Finds out who calls, hands that to the handler, and refuses what such a caller may not do. */
export function enforcePolicy(store: Store<Stores>): Interceptor {
  return next => async request => {
    const run = request.header.get(runHeader) ?? '';
    const caller: Caller = run === '' ? { kind: 'person' } : { kind: 'run', run };
    request.contextValues.set(callerKey, caller);
    const mayCall = (namesEngine(request) ? undefined : policyOf(request.method)) ?? 'person';
    const thread = request.stream ? undefined : threadOf(request.message);
    const call = { caller, action: request.method.name, mayCall, ...(thread === undefined ? {} : { thread }) };
    store.read(stores => requireAllowed(stores, call));
    return await next(request);
  };
}

function threadOf(message: object): string | undefined {
  return 'threadId' in message && typeof message.threadId === 'string' ? message.threadId : undefined;
}
