import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.js';
import { AppError, errorMessage, isAnyAppError } from '../../base/errors.js';
import type { Redactor } from '../../base/redactor.js';
import { decoderOf, writeRequest } from '../../core/models/bridge/bridge.js';
import type { Conversation, Json, StopReason } from '../../core/models/bridge/conversation.js';
import { parsedObject } from '../../core/models/bridge/fields.js';
import type { ModelGate } from '../../core/models/modelGate.js';
import type { ModelProtocol } from '../../core/models/modelProtocol.js';
import { noTokens, type TokenCounts } from '../../core/models/tokenCounts.js';
import type { Upstream } from '../../core/models/upstream.js';
import { ownValue } from '../../base/ownValue.js';
import { AnswerMeter } from './answerMeter.js';
import { errorText, linesOf } from './bridgedAnswer.js';
import { requestHeaders } from './headers.js';
import type { ModelSettings } from './modelSettings.js';
import { bridgedHeaders, generateRoute } from './outgoingCall.js';
import { upstreamBase } from './runUpstreams.js';
import type { UpstreamClient } from './upstreamRequest.js';
import type { UpstreamKeys } from './upstreamKeys.js';
import { upstreamUrl } from './upstreamUrl.js';

export interface GenerationRequest {
  readonly prompt: string;
  readonly model?: string | undefined;
  readonly upstream?: string | undefined;
  readonly system?: string | undefined;
  readonly schema?: Json | undefined;
  readonly maxTokens?: number | undefined;
}

export interface Generation {
  readonly id: string;
  readonly text: string;
  readonly model: string;
  readonly reason: StopReason;
  /** The answer as JSON text, when a schema was given. */
  readonly json?: string;
  readonly tokens: TokenCounts;
}

interface GenerationOptions {
  readonly gate: ModelGate;
  readonly keys: UpstreamKeys;
  readonly client: UpstreamClient;
  readonly settings: () => ModelSettings;
  readonly environment: () => Promise<Readonly<Record<string, string>>>;
  readonly clock: Clock;
  readonly redactor: Redactor;
}

/** One completion for a person, by the same upstreams, keys and budgets as those of runs. */
export class TextGeneration {
  readonly #options: GenerationOptions;

  constructor(options: GenerationOptions) {
    this.#options = options;
  }

  /** Errors: `model.keyMissing`, `model.refused`, `model.failed`, `model.settings`, `model.upstreamUnknown`, `request.invalid`. */
  async generate(request: GenerationRequest, signal: AbortSignal): Promise<Generation> {
    const { gate, keys, settings } = this.#options;
    const variables = await this.#options.environment();
    const model = request.model ?? ownValue(variables, 'LLM_MODEL');
    if (model === undefined) throw noModel();
    const upstream = this.#upstream(request.upstream, model, variables);
    const [protocol] = upstream.protocols;
    const conversation = conversationOf(request, model);
    const body = Buffer.from(
      JSON.stringify(writeRequest(protocol, conversation, { isOpenAi: upstream.name === 'openai' })),
    );
    const key = await keys.keyOf(upstream, variables);
    const base = upstreamBase(upstream, variables, settings());
    const id = gate.enterAsPerson({ upstream: upstream.name, protocol, model, requestBytes: body.length });
    const call = {
      url: upstreamUrl(base, protocol, generateRoute(protocol, model)),
      method: 'POST' as const,
      headers: requestHeaders(bridgedHeaders, { protocol, key, bodyBytes: body.length }),
      body,
    };
    return await this.#send({ call, id, conversation, protocol, upstream }, signal);
  }

  async #send(sending: Sending, signal: AbortSignal): Promise<Generation> {
    const { gate, client, clock, redactor } = this.#options;
    const { call, id, conversation, protocol, upstream } = sending;
    const { model, schema } = conversation;
    const startedAt = clock.awake();
    let status = 0;
    let used: { readonly tokens: TokenCounts; readonly estimated: boolean } = { tokens: noTokens, estimated: false };
    try {
      const answer = await client.send(call, signal);
      status = answer.statusCode ?? 502;
      if (status >= 300) {
        const message = redactor.redact(await errorText(answer));
        throw new AppError('model.failed', `${upstream.name} answered ${status}: ${message}`, {
          upstream: upstream.name,
          status,
        });
      }
      const meter = new AnswerMeter({
        protocol,
        contentType: answer.headers['content-type'] ?? '',
        contentEncoding: answer.headers['content-encoding'],
        requestBytes: call.body.length,
      });
      const { text, reason } = await readAnswer(answer, { protocol, meter, upstream });
      used = meter.finish({ complete: true });
      const json = schema && jsonIn(text, upstream.name);
      return {
        id: `muster_${randomBytes(12).toString('hex')}`,
        text,
        model,
        reason,
        tokens: used.tokens,
        ...(json === undefined ? {} : { json }),
      };
    } catch (error) {
      if (isAnyAppError(error) || signal.aborted) throw error;
      const message = `${upstream.name} could not be reached: ${redactor.redact(errorMessage(error))}`;
      throw new AppError('model.failed', message, { upstream: upstream.name, status: 0 }, { cause: error });
    } finally {
      gate.end({ id, model }, { status, totalMs: clock.awake() - startedAt, ...used });
    }
  }

  #upstream(wanted: string | undefined, model: string, variables: Readonly<Record<string, string>>): Upstream {
    const { upstreams } = this.#options.settings();
    const named =
      wanted ?? (ownValue(variables, 'LLM_API_ENDPOINT') ? 'llm' : model.startsWith('claude') ? 'anthropic' : 'openai');
    const found = upstreams.find(({ name }) => name === named);
    if (found) return found;
    const known = upstreams.map(({ name }) => name);
    throw new AppError(
      'model.upstreamUnknown',
      `There is no upstream ${named}; this machine knows ${known.join(', ')}.`,
      {
        upstream: named,
        known,
      },
    );
  }
}

interface Sending {
  readonly call: Parameters<UpstreamClient['send']>[0];
  readonly id: number;
  readonly conversation: Conversation;
  readonly protocol: ModelProtocol;
  readonly upstream: Upstream;
}

function conversationOf(request: GenerationRequest, model: string): Conversation {
  return {
    model,
    system: request.system ?? '',
    turns: [{ role: 'user', parts: [{ kind: 'text', text: request.prompt }] }],
    tools: [],
    maxTokens: request.maxTokens,
    stop: [],
    stream: true,
    schema: request.schema,
  };
}

async function readAnswer(
  answer: IncomingMessage,
  {
    protocol,
    meter,
    upstream,
  }: { readonly protocol: ModelProtocol; readonly meter: AnswerMeter; readonly upstream: Upstream },
): Promise<{ readonly text: string; readonly reason: StopReason }> {
  const decode = decoderOf(protocol, upstream.name);
  let text = '';
  let reason: StopReason = 'end';
  for await (const line of linesOf(answer, meter)) {
    const json = line.startsWith('data:') ? line.slice('data:'.length).trim() : '';
    if (!json.startsWith('{')) continue;
    for (const event of decode(parsedObject(json))) {
      if (event.kind === 'text') text += event.text;
      if (event.kind === 'stopped') reason = event.reason;
      if (event.kind === 'failed') {
        throw new AppError('model.failed', `${upstream.name} failed: ${event.message}`, {
          upstream: upstream.name,
          status: 200,
        });
      }
    }
  }
  return { text, reason };
}

/** Models like to put JSON between fences. */
function jsonIn(text: string, upstream: string): string {
  const inner = /^\s*```(?:json)?\s*\n([\s\S]*?)\n```\s*$/.exec(text)?.[1] ?? text;
  try {
    return JSON.stringify(JSON.parse(inner));
  } catch (error) {
    throw new AppError(
      'model.failed',
      'The model did not answer with JSON.',
      { upstream, status: 200 },
      { cause: error },
    );
  }
}

function noModel(): AppError<'request.invalid'> {
  const reason = 'no model is named';
  return new AppError('request.invalid', 'Name a model with --model, or set LLM_MODEL in your shell’s profile.', {
    field: 'model',
    reason,
  });
}
