import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { AppError, errorMessage } from '../../base/errors.js';
import { builtInPrices } from '../../core/models/builtInPrices.js';
import type { ModelRules } from '../../core/models/modelGate.js';
import { modelProtocols } from '../../core/models/modelProtocol.js';
import { builtInUpstreams, type Upstream } from '../../core/models/upstream.js';
import { systemCode } from '../../node/systemError.js';

const protocol = z.enum(['messages', 'responses', 'chat_completions', 'gemini']);
const names = z.union([z.string(), z.array(z.string())]).transform(value => (Array.isArray(value) ? value : [value]));
const amount = z.number().nonnegative();

const settingsSchema = z.strictObject({
  upstreams: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]*$/),
      z.strictObject({
        protocols: z.array(protocol).min(1).optional(),
        endpoint: z.url({ protocol: /^https?$/ }).optional(),
        key_env: names.optional(),
        key_command: z.string().min(1).optional(),
      }),
    )
    .default({}),
  prices: z
    .array(
      z.strictObject({
        models: z.string().min(1),
        input: amount,
        output: amount,
        cache_read: amount.optional(),
        cache_write: amount.optional(),
      }),
    )
    .default([]),
  budget: z.strictObject({ usd_per_day: amount.optional(), tokens_per_day: amount.optional() }).default({}),
  rate_limits: z
    .record(
      z.string(),
      z.strictObject({
        requests_per_minute: z.int().positive().optional(),
        concurrent: z.int().positive().optional(),
      }),
    )
    .default({}),
  log_calls: z.boolean().default(false),
});

/** What a person set in `models.json`, on top of what is built in. */
export interface ModelSettings extends ModelRules {
  /** By upstream: a shell command that prints its key. */
  readonly keyCommands: ReadonlyMap<string, string>;
  /** By upstream: endpoints that the environment does not change. */
  readonly fixedEndpoints: ReadonlySet<string>;
  readonly rateLimits: ReadonlyMap<string, RateLimit>;
  readonly logCalls: boolean;
}

export interface RateLimit {
  readonly requestsPerMinute?: number | undefined;
  readonly concurrent?: number | undefined;
}

/** The person's settings for models, `<state>/models.json`; read again when the file is another one. */
export class ModelSettingsFile {
  readonly file: string;
  #read: { readonly stamp: string; readonly settings: ModelSettings } | undefined;

  constructor(file: string) {
    this.file = file;
  }

  /** As they are now. Errors: `model.settings` for a file that is not what it should be; nothing is guessed about money and keys. */
  get current(): ModelSettings {
    const stamp = this.#stamp();
    if (this.#read?.stamp === stamp) return this.#read.settings;
    const settings = toSettings(stamp === '' ? '{}' : readFileSync(this.file, 'utf8'), this.file);
    this.#read = { stamp, settings };
    return settings;
  }

  /** Empty when there is no file. */
  #stamp(): string {
    try {
      const { mtimeMs, size, ino } = statSync(this.file);
      return `${mtimeMs} ${size} ${ino}`;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return '';
      throw invalid(this.file, errorMessage(error));
    }
  }
}

function toSettings(text: string, file: string): ModelSettings {
  const parsed = settingsSchema.safeParse(parseJson(text, file));
  if (!parsed.success) throw invalid(file, z.prettifyError(parsed.error));
  const { upstreams, prices, budget, rate_limits, log_calls } = parsed.data;
  const own = new Map(Object.entries(upstreams));
  const known = new Set(builtInUpstreams.map(({ name }) => name));
  const added = [...own].filter(([name]) => !known.has(name));
  return {
    upstreams: [
      ...builtInUpstreams.map(upstream => changed(upstream, own.get(upstream.name))),
      ...added.map(([name, given]) => addedUpstream(name, given, file)),
    ],
    prices: [
      ...prices.map(row => ({ ...row, cacheRead: row.cache_read, cacheWrite: row.cache_write })),
      ...builtInPrices,
    ],
    budget: { usdPerDay: budget.usd_per_day, tokensPerDay: budget.tokens_per_day },
    keyCommands: new Map(
      [...own].flatMap(([name, { key_command }]) => (key_command === undefined ? [] : [[name, key_command]])),
    ),
    fixedEndpoints: new Set([...own].flatMap(([name, { endpoint }]) => (endpoint === undefined ? [] : [name]))),
    rateLimits: new Map(
      Object.entries(rate_limits).map(([name, limit]) => [
        name,
        { requestsPerMinute: limit.requests_per_minute, concurrent: limit.concurrent },
      ]),
    ),
    logCalls: log_calls,
  };
}

type GivenUpstream = z.infer<typeof settingsSchema>['upstreams'][string];

function changed(upstream: Upstream, given: GivenUpstream | undefined): Upstream {
  if (!given) return upstream;
  const [first = upstream.protocols[0], ...more] = given.protocols ?? upstream.protocols;
  return {
    ...upstream,
    protocols: [first, ...more],
    endpoint: given.endpoint ?? upstream.endpoint,
    keyNames: given.key_env ?? upstream.keyNames,
  };
}

function addedUpstream(name: string, given: GivenUpstream, file: string): Upstream {
  const [first, ...more] = given.protocols ?? [];
  if (first === undefined || given.endpoint === undefined) {
    throw invalid(file, `upstreams.${name} needs protocols (${modelProtocols.join(', ')}) and an endpoint`);
  }
  return {
    name,
    protocols: [first, ...more],
    endpoint: given.endpoint,
    keyNames: given.key_env ?? [],
    endpointNames: [],
  };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, errorMessage(error));
  }
}

function invalid(file: string, problem: string): AppError<'model.settings'> {
  return new AppError('model.settings', `The settings for models in ${file} cannot be used: ${problem}`, {
    file,
    problem,
  });
}
