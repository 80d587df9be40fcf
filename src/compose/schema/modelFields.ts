import { texts } from './commonFields.js';
import type { MappingShape } from './shape.js';
import { decimal, field, integer, mapping, oneOf, text } from './shape.js';

const BUDGET = 'usd: 2.5\n';

/** `budget` of an agent. */
export const budget: MappingShape = mapping({
  usd: field(decimal(0), 'Dollars per thread.', 'usd: 2.5', { era: 'muster' }),
  tokens: field(integer(0), 'Tokens per thread.', 'tokens: 500000', { era: 'muster' }),
  usd_per_run: field(decimal(0), 'Dollars per run.', `${BUDGET}usd_per_run: 1`, { era: 'muster' }),
  tokens_per_run: field(integer(0), 'Tokens per run.', `${BUDGET}tokens_per_run: 200000`, { era: 'muster' }),
  usd_per_day: field(decimal(0), 'Dollars per day, of all runs of the agent.', `${BUDGET}usd_per_day: 20`, {
    era: 'muster',
  }),
  tokens_per_day: field(integer(0), 'Tokens per day, of all runs of the agent.', `${BUDGET}tokens_per_day: 4000000`, {
    era: 'muster',
  }),
});

const llmWays = oneOf([
  { value: 'facade', doc: 'Through the host: the run gets a token of its own instead of a key.' },
  { value: 'own', doc: 'By the login or key that the CLI finds itself.' },
]);

/** `llm` of an agent: one word, or a mapping with more. */
export const llm = {
  kind: 'choice',
  scalar: llmWays,
  mapping: mapping({
    via: field(llmWays, 'The way.', 'via: facade', { era: 'muster', fallback: 'facade' }),
    upstream: field(
      text({ nonEmpty: true }),
      'Name of the upstream to call: `anthropic`, `openai`, `gemini`, `openrouter` or one of this machine’s `models.json`.',
      'via: facade\nupstream: anthropic',
      { era: 'muster', fallback: 'the one of the API that the CLI speaks' },
    ),
    models: field(
      texts,
      'The only models that may be called; `*` stands for any text.',
      'via: facade\nmodels: [claude-*]',
      { era: 'muster', fallback: 'every model' },
    ),
  }),
} as const;
