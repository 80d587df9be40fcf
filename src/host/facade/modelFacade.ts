import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.js';
import { errorMessage, isAnyAppError, isAppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Refused } from '../../core/models/callRules.js';
import type { Admitted } from '../../core/models/modelGate.js';
import type { Conversation } from '../../core/models/bridge/conversation.js';
import { noTokens, type TokenCounts } from '../../core/models/tokenCounts.js';
import { AnswerMeter } from './answerMeter.js';
import { bridgeAnswer, errorText } from './bridgedAnswer.js';
import type { CallGate } from './callGate.js';
import { keptBytes, type CallLog } from './callLog.js';
import { problemBody, type FacadeProblem } from './facadeErrors.js';
import { UsageEventFilter } from './chatUsage.js';
import { requestHeaders, tokenIn } from './headers.js';
import type { ModelSettings } from './modelSettings.js';
import type { RateLimits } from './rateLimits.js';
import { bridgedHeaders, generateRoute, outgoingOf, withoutUpstream, type Outgoing } from './outgoingCall.js';
import { relayAnswer } from './relayAnswer.js';
import { RequestBodies, type RequestBody } from './requestBody.js';
import { routeOf, type Route } from './routes.js';
import type { RunUpstreams } from './runUpstreams.js';
import type { UpstreamClient } from './upstreamRequest.js';
import type { UpstreamKeys } from './upstreamKeys.js';
import { upstreamUrl } from './upstreamUrl.js';

export interface ModelFacadeOptions {
  readonly gate: CallGate;
  readonly upstreams: Pick<RunUpstreams, 'target' | 'forget'>;
  readonly keys: Pick<UpstreamKeys, 'refused'>;
  readonly client: UpstreamClient;
  readonly settings: () => ModelSettings;
  readonly rates: RateLimits;
  readonly calls: Pick<CallLog, 'write'>;
  /** Bytes of all requests that are held at the same time; missing: half a gigabyte. */
  readonly heldBytes?: number;
  readonly clock: Clock;
  readonly log: Log;
}

const noBody: RequestBody = {
  bytes: Buffer.alloc(0),
  text: () => undefined,
  value: () => undefined,
  release: () => undefined,
};

/** A request that may go on. */
interface Call {
  readonly route: Route;
  readonly model: string | undefined;
  readonly body: RequestBody;
  readonly admitted: Admitted;
}

/**
 * Answers the calls of models that runs make: token → route → body → admission → upstream → answer. Whatever goes wrong is said in
 * the words of the protocol, and nothing of a key is ever in it.
 */
export class ModelFacade implements Disposable {
  readonly #options: ModelFacadeOptions;
  readonly #bodies: RequestBodies;
  /** Of calls at work, by run. */
  readonly #working = new Map<RunId, Set<AbortController>>();
  readonly #answering = new Set<Promise<void>>();
  readonly #ending = new AbortController();

  constructor(options: ModelFacadeOptions) {
    this.#options = options;
    this.#bodies = new RequestBodies(options.heldBytes);
  }

  /** Answers a request. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const answering = this.#answer(request, response).catch((error: unknown) => {
      // A client that left is no trouble of ours.
      if (!request.destroyed || response.writable) {
        this.#options.log.warn('A call of a model failed', { reason: errorMessage(error) });
      }
      response.destroy();
    });
    this.#answering.add(answering);
    void answering.finally(() => this.#answering.delete(answering));
  }

  /** The run has ended: what it still asks for is of no use to anybody. */
  endRun(run: RunId): void {
    this.#options.upstreams.forget(run);
    for (const abort of this.#working.get(run) ?? []) abort.abort();
  }

  /** Resolves when no call is at work. */
  async idle(): Promise<void> {
    while (this.#answering.size > 0) await Promise.all(this.#answering);
  }

  /** Ends every call; resolves when what they came to is written. */
  async dispose(): Promise<void> {
    this.#ending.abort();
    for (const calls of this.#working.values()) for (const abort of calls) abort.abort();
    await Promise.all(this.#answering);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = routeOf(request.method ?? '', request.url ?? '');
    const token = tokenIn(request.headers);
    const { gate } = this.#options;
    // Before anything is read: nobody fills our memory without a token.
    if (token === undefined || !gate.knows(token)) return say(response, route, unknownToken);
    if (!route) return say(response, route, { status: 404, message: 'Only models are called here.' });
    if (this.#ending.signal.aborted) return say(response, route, { status: 503, message: 'The host ends.' });
    const body = route.kind === 'models' ? noBody : await this.#bodies.read(request);
    if ('status' in body) return say(response, route, body);
    try {
      await this.#admit(request, response, { route, token, body });
    } catch (error) {
      if (!isAnyAppError(error) || response.headersSent) throw error;
      say(response, route, { status: 400, message: error.message });
    } finally {
      body.release();
    }
  }

  async #admit(
    request: IncomingMessage,
    response: ServerResponse,
    { route, token, body }: { readonly route: Route; readonly token: string; readonly body: RequestBody },
  ): Promise<void> {
    const model = route.model ?? body.text('model');
    if (route.kind !== 'models' && model === undefined) {
      return say(response, route, { status: 400, message: 'The request names no model.' });
    }
    const admission = this.#options.gate.enter({
      token,
      protocol: route.protocol,
      model,
      requestBytes: body.bytes.length,
      billed: route.kind === 'generate',
    });
    if (admission.kind === 'refused')
      return say(response, route, { status: statusOf(admission), message: admission.message });
    const turn = this.#options.rates.begin(
      admission.upstream.name,
      this.#options.settings().rateLimits.get(admission.upstream.name),
    );
    if ('wait' in turn) {
      const message = `The limit of this machine for ${admission.upstream.name} is reached (rate_limits of models.json).`;
      this.#end({ admitted: admission, model: admission.model }, unused(429, 0));
      return say(response, route, { status: 429, message, retryAfter: turn.wait });
    }
    if (admission.protocol !== route.protocol && route.kind !== 'generate') {
      turn.end();
      return sayJson(response, 200, withoutUpstream(route, admission, body));
    }
    const abort = this.#begin(admission.run);
    response.once('close', () => abort.abort());
    try {
      await this.#call({ route, model: admission.model, body, admitted: admission }, request, response, abort.signal);
    } finally {
      turn.end();
      this.#working.get(admission.run)?.delete(abort);
      if (this.#working.get(admission.run)?.size === 0) this.#working.delete(admission.run);
    }
  }

  #begin(run: RunId): AbortController {
    const abort = new AbortController();
    const calls = this.#working.get(run) ?? new Set();
    this.#working.set(run, calls.add(abort));
    return abort;
  }

  async #call(call: Call, request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const startedAt = clock.awake();
    const outgoing = outgoingOf(call);
    let answer: IncomingMessage;
    try {
      answer = await client.send(await this.#upstreamCall(call, request, outgoing), signal);
    } catch (error) {
      this.#end(call, unused(0, clock.awake() - startedAt));
      if (signal.aborted) return void response.destroy();
      return say(response, call.route, this.#problemOf(error, call));
    }
    const status = answer.statusCode ?? 502;
    const firstByteMs = clock.awake() - startedAt;
    if (status === 401 || status === 403) this.#options.keys.refused(call.admitted.upstream);
    const meter = new AnswerMeter({
      protocol: call.admitted.protocol,
      contentType: answer.headers['content-type'] ?? '',
      contentEncoding: answer.headers['content-encoding'],
      requestBytes: call.body.bytes.length,
      keeps: this.#options.settings().logCalls ? keptBytes : 0,
    });
    signal.addEventListener('abort', () => answer.destroy(), { once: true });
    const onEnd = (complete: boolean): TokenCounts => {
      const totalMs = clock.awake() - startedAt;
      // Upstreams do not bill what they refuse.
      const used = status >= 400 ? { tokens: noTokens, estimated: false } : meter.finish({ complete });
      this.#end(call, { status, firstByteMs, totalMs, ...used });
      this.#writeDown(call, meter, { status, totalMs, tokens: used.tokens });
      return used.tokens;
    };
    const { conversation } = outgoing;
    if (!conversation) {
      const filter = outgoing.asksForUsage && status < 400 ? new UsageEventFilter() : undefined;
      return await relayAnswer(answer, response, { meter, filter, onEnd });
    }
    await this.#bridge({ call, conversation, answer, meter, onEnd }, response);
  }

  #writeDown(
    { admitted, body }: Call,
    meter: AnswerMeter,
    end: { readonly status: number; readonly totalMs: number; readonly tokens: TokenCounts },
  ): void {
    if (!this.#options.settings().logCalls) return;
    const { run, upstream, protocol, model = '' } = admitted;
    const said = { request: body.bytes, answer: meter.beginning };
    this.#options.calls.write({ run, upstream: upstream.name, protocol, model, ...end, ...said });
  }

  async #bridge({ call, conversation, answer, meter, onEnd }: Bridging, response: ServerResponse): Promise<void> {
    const client = call.route.protocol;
    const upstream = call.admitted.protocol;
    const status = answer.statusCode ?? 502;
    if (status >= 300) {
      const message = await errorText(answer);
      onEnd(true);
      const retryAfter = Number(answer.headers['retry-after']);
      const problem = { status: status < 400 ? 502 : status, message };
      return say(response, call.route, Number.isFinite(retryAfter) ? { ...problem, retryAfter } : problem);
    }
    const id = `muster_${randomBytes(12).toString('hex')}`;
    const at = Math.floor(this.#options.clock.now() / 1000);
    await bridgeAnswer(answer, response, { conversation, client, upstream, id, at, meter, onEnd });
  }

  async #upstreamCall({ route, admitted }: Call, request: IncomingMessage, { body, conversation }: Outgoing) {
    const { protocol, run, upstream } = admitted;
    const { base, key } = await this.#options.upstreams.target(run, upstream);
    const from = conversation ? bridgedHeaders : request.headers;
    return {
      url: upstreamUrl(base, protocol, conversation ? generateRoute(protocol, conversation.model) : route),
      method: route.kind === 'models' ? ('GET' as const) : ('POST' as const),
      headers: requestHeaders(from, { protocol, key, bodyBytes: body.length }),
      body,
    };
  }

  #end({ admitted, model }: Pick<Call, 'admitted' | 'model'>, end: Parameters<CallGate['end']>[1]): void {
    if (admitted.call === undefined || model === undefined) return;
    try {
      this.#options.gate.end({ id: admitted.call, run: admitted.run, model }, end);
    } catch (error) {
      // A full disk: the next host ends the call with what is known of it.
      this.#options.log.error('What a call of a model came to was not written', { reason: errorMessage(error) });
    }
  }

  #problemOf(error: unknown, { admitted }: Call): FacadeProblem {
    if (isAppError(error, 'model.keyMissing')) return { status: 401, message: error.message };
    if (isAnyAppError(error)) return { status: 400, message: error.message };
    const { name } = admitted.upstream;
    this.#options.log.warn('An upstream could not be reached', { upstream: name, reason: errorMessage(error) });
    return { status: 502, message: `The upstream ${name} could not be reached.` };
  }
}

/** What a call came to that no upstream worked on. */
function unused(status: number, totalMs: number): Parameters<CallGate['end']>[1] {
  return { status, totalMs, tokens: noTokens, estimated: false };
}

interface Bridging {
  readonly call: Call;
  readonly conversation: Conversation;
  readonly answer: IncomingMessage;
  readonly meter: AnswerMeter;
  readonly onEnd: (complete: boolean) => TokenCounts;
}

const unknownToken: FacadeProblem = { status: 401, message: 'The token opens nothing, or its run has ended.' };

function statusOf({ reason }: Refused): number {
  switch (reason) {
    case 'token':
      return 401;
    case 'model':
      return 403;
    case 'upstream':
      return 400;
    case 'budget':
      return 402;
    case 'busy':
      return 429;
  }
}

function say(response: ServerResponse, route: Route | undefined, problem: FacadeProblem): void {
  const body = problemBody(route?.protocol ?? 'chat_completions', problem);
  const retry = problem.retryAfter === undefined ? {} : { 'retry-after': String(problem.retryAfter) };
  response.writeHead(problem.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    // The rest of a body that nobody reads would be taken for the next request.
    'connection': 'close',
    ...retry,
  });
  response.end(body);
}

function sayJson(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
