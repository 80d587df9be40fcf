/** Variables of agent-compose's list, and their relatives. */
const exact: ReadonlySet<string> = new Set([
  'LLM_API_KEY',
  'OPENAI_API_KEY',
  'OPENAI_ADMIN_KEY',
  'CODEX_API_KEY',
  'CODEX_ACCESS_TOKEN',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'OPENROUTER_API_KEY',
  'AZURE_OPENAI_API_KEY',
  'GOOGLE_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_GENERATIVE_AI_API_KEY',
  'AWS_BEARER_TOKEN_BEDROCK',
  'HF_TOKEN',
  'REPLICATE_API_TOKEN',
]);

/** Keys of whoever else sells models: `MISTRAL_API_KEY`, `XAI_API_KEY_2`, `MY_OPENAI_KEY`. */
const families =
  /(?:OPENAI|ANTHROPIC|CLAUDE|GEMINI|OPENROUTER|MISTRAL|GROQ|DEEPSEEK|XAI|GROK|COHERE|TOGETHER|FIREWORKS|PERPLEXITY|CEREBRAS|MOONSHOT|ZHIPU|ZAI|DASHSCOPE|QWEN|MINIMAX|NVIDIA|HUGGINGFACE|LLM|OPENCODE)\w*(?:KEY|TOKEN|SECRET)(?:_\d+)?$/;

/** What leads a CLI around the host: another address, another cloud, a login of its own. */
const ways =
  /^(?:(?:ANTHROPIC|OPENAI|GOOGLE_GEMINI|GOOGLE_VERTEX|LLM|AZURE_OPENAI)_(?:BASE_URL|API_ENDPOINT|API_BASE|API_PROTOCOL|ENDPOINT|CUSTOM_HEADERS|ORG_ID|ORGANIZATION|PROJECT_ID)|OPENAI_API_BASE|CLAUDE_CODE_USE_\w+|GOOGLE_GENAI_USE_\w+|ANTHROPIC_(?:BEDROCK|VERTEX|FOUNDRY)_\w+)$/;

/** True for a variable that holds a key of a model provider, by its name. */
export function isModelKey(name: string): boolean {
  const upper = name.toUpperCase();
  return exact.has(upper) || families.test(upper);
}

/** True for a variable that has no place in a run whose models are reached through the host. */
export function leadsPastFacade(name: string): boolean {
  return isModelKey(name) || ways.test(name.toUpperCase());
}

/**
 * The environment without keys of model providers: none by its name, and none under another name, because whoever writes
 * `MY_KEY=$OPENAI_API_KEY` gives the same key away. `keys` are the values that the host itself uses.
 */
export function withoutModelKeys(
  variables: Readonly<Record<string, string>>,
  keys: readonly string[],
): Readonly<Record<string, string>> {
  const named = Object.entries(variables).filter(([name]) => isModelKey(name));
  // Shorter ones would take harmless variables with them.
  const values = [...keys, ...named.map(([, value]) => value)].filter(value => value.length >= 8);
  return Object.fromEntries(
    Object.entries(variables).filter(
      ([name, value]) => !leadsPastFacade(name) && !values.some(key => value.includes(key)),
    ),
  );
}
