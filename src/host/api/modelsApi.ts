import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Clock } from '../../base/clock.js';
import { isId } from '../../base/ids.js';
import { parsedObject } from '../../core/models/bridge/fields.js';
import type { ModelCall, ModelCallEnd, Spent } from '../../core/models/modelCall.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import {
  ModelCallSchema,
  ModelSpendSchema,
  ModelUpstreamSchema,
  type ModelCall as WireModelCall,
  type ModelService,
  type ModelSpend,
} from '../../protocol/gen/muster/v1/models_pb.js';
import type { HostModels } from '../buildModels.js';
import type { LoginShell } from '../environment/loginShell.js';
import { publicKeyText } from '../facade/signedToken.js';
import { startOfDay } from '../startOfDay.js';
import { fail, given } from './requestFields.js';

/** A page that is written within some milliseconds. */
const maxCalls = 1_000;
const defaultCalls = 100;

export interface ModelsApiOptions extends Pick<
  HostModels,
  'modelKeys' | 'modelSettings' | 'textGeneration' | 'facadeKey'
> {
  readonly store: Store<Stores>;
  readonly clock: Clock;
  readonly shell: LoginShell;
}

export function modelsApi({
  store,
  clock,
  shell,
  modelKeys,
  modelSettings,
  textGeneration,
  facadeKey,
}: ModelsApiOptions): ServiceImpl<typeof ModelService> {
  return {
    async listUpstreams() {
      const { upstreams, budget } = modelSettings.current;
      const variables = await shell.environment();
      const since = startOfDay(clock.now());
      return {
        upstreams: upstreams.map(upstream =>
          create(ModelUpstreamSchema, {
            name: upstream.name,
            protocols: [...upstream.protocols],
            endpoint: upstream.endpoint,
            keySource: modelKeys.sourceOf(upstream, variables) ?? '',
          }),
        ),
        today: wireSpend(store.read(({ modelCalls }) => modelCalls.spent({ since }))),
        usdPerDay: budget.usdPerDay ?? 0,
        tokensPerDay: BigInt(budget.tokensPerDay ?? 0),
        settingsFile: modelSettings.file,
      };
    },

    async listModelCalls(request) {
      const thread = given(request.threadId);
      if (thread !== undefined && !isId<'thread'>(thread)) throw fail('thread_id', 'it is no id of a thread');
      if (request.limit < 0 || request.limit > maxCalls) throw fail('limit', `it is between 0 and ${maxCalls}`);
      const limit = request.limit === 0 ? defaultCalls : request.limit;
      return store.read(({ modelCalls }) => ({
        calls: modelCalls.latest({ thread, limit }).map(wireCall),
        spent: wireSpend(modelCalls.spent({ thread })),
      }));
    },

    async generateText(request, context) {
      if (request.prompt.trim() === '') throw fail('prompt', 'it is empty');
      const schema = given(request.outputSchema);
      const generated = await textGeneration.generate(
        {
          prompt: request.prompt,
          model: given(request.model),
          upstream: given(request.upstream),
          system: given(request.system),
          schema: schema === undefined ? undefined : schemaOf(schema),
          maxTokens: request.maxTokens > 0 ? request.maxTokens : undefined,
        },
        context.signal,
      );
      const { id, text, model, reason, json = '', tokens } = generated;
      return {
        text,
        model,
        responseId: id,
        finishReason: reason === 'end' || reason === 'tool' ? 'stop' : reason,
        json,
        spent: wireSpend({ calls: 1, tokens, costUsd: 0, unpriced: 0 }),
      };
    },

    async getFacadeKey() {
      return { key: publicKeyText(facadeKey()) };
    },

    async offerModelKey({ upstream, key }) {
      const { upstreams } = modelSettings.current;
      if (!upstreams.some(({ name }) => name === upstream)) {
        throw fail(
          'upstream',
          `${JSON.stringify(upstream.slice(0, 60))} is none of ${upstreams.map(({ name }) => name).join(', ')}`,
        );
      }
      if (/\s/.test(key) || key.length > 10_000) throw fail('key', 'it is no single word');
      modelKeys.offer(upstream, key);
      return {};
    },
  };
}

function schemaOf(text: string): Readonly<Record<string, unknown>> {
  const schema = parsedObject(text);
  if (Object.keys(schema).length === 0) throw fail('output_schema', 'it is no JSON Schema');
  return schema;
}

function wireSpend({ calls, tokens, costUsd, unpriced }: Spent): ModelSpend {
  return create(ModelSpendSchema, {
    calls: BigInt(calls),
    inputTokens: BigInt(tokens.input),
    outputTokens: BigInt(tokens.output),
    cacheReadTokens: BigInt(tokens.cacheRead),
    cacheWriteTokens: BigInt(tokens.cacheWrite),
    reasoningTokens: BigInt(tokens.reasoning),
    costUsd,
    unpriced: BigInt(unpriced),
  });
}

function wireCall(call: ModelCall & Partial<ModelCallEnd>): WireModelCall {
  return create(ModelCallSchema, {
    runId: call.run ?? '',
    threadId: call.thread ?? '',
    agent: call.agent ?? '',
    upstream: call.upstream,
    protocol: call.protocol,
    model: call.model,
    startedAt: BigInt(call.startedAt),
    status: call.status,
    firstByteMs: call.firstByteMs,
    totalMs: call.totalMs,
    inputTokens: BigInt(call.tokens?.input ?? 0),
    outputTokens: BigInt(call.tokens?.output ?? 0),
    cacheReadTokens: BigInt(call.tokens?.cacheRead ?? 0),
    cacheWriteTokens: BigInt(call.tokens?.cacheWrite ?? 0),
    reasoningTokens: BigInt(call.tokens?.reasoning ?? 0),
    estimated: call.estimated ?? false,
    costUsd: call.costUsd,
  });
}
