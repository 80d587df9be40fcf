import type { IncomingHttpHeaders } from 'node:http';
import { readRequest, writeRequest } from '../../core/models/bridge/bridge.js';
import type { Conversation } from '../../core/models/bridge/conversation.js';
import { parsedObject } from '../../core/models/bridge/fields.js';
import type { Admitted } from '../../core/models/modelGate.js';
import type { ModelProtocol } from '../../core/models/modelProtocol.js';
import { askForUsage } from './chatUsage.js';
import type { RequestBody } from './requestBody.js';
import type { Route } from './routes.js';

interface OutgoingCall {
  readonly route: Route;
  readonly body: RequestBody;
  readonly admitted: Admitted;
}

/** What goes to the upstream. */
export interface Outgoing {
  readonly body: Buffer;
  /** The client did not ask a stream of Chat Completions what it used; we do. */
  readonly asksForUsage: boolean;
  /** There when the upstream speaks another protocol than the client. */
  readonly conversation?: Conversation;
}

/** The call as its upstream gets it: unchanged where it can be. */
export function outgoingOf({ route, body, admitted }: OutgoingCall): Outgoing {
  const { protocol } = route;
  const spoken = admitted.protocol;
  if (spoken === protocol) {
    const changed = protocol === 'chat_completions' ? askForUsage(body) : undefined;
    return { body: changed ?? body.bytes, asksForUsage: changed !== undefined };
  }
  const asked = readRequest(protocol, parsedObject(body.bytes.toString('utf8')));
  // Where the protocol puts it into the path.
  const stream = asked.stream || route.path.endsWith(':streamGenerateContent');
  const conversation = { ...asked, stream, model: admitted.model ?? asked.model };
  const request = writeRequest(spoken, conversation, { isOpenAi: admitted.upstream.name === 'openai' });
  return { body: Buffer.from(JSON.stringify(request)), asksForUsage: false, conversation };
}

/** Nothing that a client says to its own provider means anything to another. */
export const bridgedHeaders: IncomingHttpHeaders = {
  'content-type': 'application/json',
  'accept': 'text/event-stream',
  'anthropic-version': '2023-06-01',
};

/** Where translated calls go, after the upstream's base address. Their answers are always streamed. */
export function generateRoute(
  protocol: ModelProtocol,
  model: string,
): { readonly path: string; readonly query: string } {
  switch (protocol) {
    case 'messages':
      return { path: '/messages', query: '' };
    case 'responses':
      return { path: '/responses', query: '' };
    case 'chat_completions':
      return { path: '/chat/completions', query: '' };
    case 'gemini':
      // Whatever a client calls a model is one part of the path and nothing else.
      return { path: `/models/${encodeURIComponent(model)}:streamGenerateContent`, query: '?alt=sse' };
  }
}

/** Roughly. */
const bytesPerToken = 4;

/** What an upstream of another protocol cannot be asked: how many tokens a request has, and which models there are. */
export function withoutUpstream(route: Route, { model, models }: Admitted, body: RequestBody): object {
  const tokens = Math.ceil(body.bytes.length / bytesPerToken);
  const names = model === undefined ? models : [model];
  if (route.protocol === 'gemini') {
    if (route.kind === 'count') return { totalTokens: tokens };
    const described = names.map(id => ({ name: `models/${id}`, displayName: id }));
    return route.model === undefined ? { models: described } : { name: `models/${route.model}` };
  }
  if (route.kind === 'count') return { input_tokens: tokens };
  return { object: 'list', data: names.map(id => ({ id, type: 'model', object: 'model' })), has_more: false };
}
