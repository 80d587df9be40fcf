import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { agentClis, pathWith } from './agentClis.ts';

/** Long and unlike any other text, because the host hides it everywhere. */
export const scriptedKey = 'scripted-model-key-000000000000';

export interface AgentHomeOptions {
  /** The home directory; it must exist. */
  readonly home: string;
  /** Folder with the programs of the CLIs. */
  readonly clis: string;
  /** The scripted model server. */
  readonly modelUrl: string;
  /** The CLIs try again as often as they do for everybody, not as little as tests can bear. */
  readonly usualRetries?: boolean;
}

/**
 * Makes a home directory in which every CLI talks to the scripted model server and to nothing else. Its `.profile`
 * puts the CLIs on the PATH, because runs get the environment of the login shell. Returns the same variables, for
 * starting a CLI directly.
 */
export function writeAgentHome({
  home,
  clis,
  modelUrl,
  usualRetries = false,
}: AgentHomeOptions): Readonly<Record<string, string>> {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const temporary = join(home, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const env: Record<string, string> = {
    PATH: pathWith(clis, dirname(process.execPath)),
    LANG: 'C.UTF-8',
    // Codex puts the helpers of its sandbox into its own folder, and refuses to where that is a place for temporary files: as this home is.
    TMPDIR: temporary,
    ANTHROPIC_API_KEY: scriptedKey,
    ANTHROPIC_BASE_URL: modelUrl,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ...(usualRetries ? {} : { CLAUDE_CODE_MAX_RETRIES: '1' }),
    GEMINI_API_KEY: scriptedKey,
    GOOGLE_GEMINI_BASE_URL: modelUrl,
    OPENAI_API_KEY: scriptedKey,
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
  };
  write('.profile', Object.entries(env).map(exportLine).join(''));
  // Bash reads this one instead of `.profile` where it exists.
  write('.bash_profile', '. "$HOME/.profile"\n');
  write('.codex/config.toml', codexConfig(modelUrl));
  write('.config/opencode/opencode.json', JSON.stringify(opencodeConfig(modelUrl), undefined, 2));
  write('.gemini/settings.json', JSON.stringify(geminiSettings(usualRetries), undefined, 2));
  return { ...env, HOME: home };
}

function exportLine([name, value]: readonly [string, string]): string {
  return `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`;
}

function codexConfig(modelUrl: string): string {
  return `model = "${agentClis.codex.model}"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = "${modelUrl}/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
request_max_retries = 0
stream_max_retries = 1

[analytics]
enabled = false
`;
}

function opencodeConfig(modelUrl: string): unknown {
  return {
    $schema: 'https://opencode.ai/config.json',
    model: agentClis.opencode.model,
    autoupdate: false,
    share: 'disabled',
    provider: {
      scripted: {
        npm: '@ai-sdk/openai-compatible',
        name: 'scripted',
        options: { baseURL: `${modelUrl}/v1`, apiKey: '{env:OPENAI_API_KEY}' },
        models: { 'model-one': { name: 'Model one', cost: { input: 1, output: 2, cache_read: 0.5 } } },
      },
    },
  };
}

const geminiSettings = (usualRetries: boolean) => ({
  // Without a name the CLI first asks a model which model to ask.
  model: { name: agentClis.gemini.model },
  security: { auth: { selectedType: 'gemini-api-key' } },
  general: {
    ...(usualRetries ? {} : { maxAttempts: 1 }),
    enableAutoUpdate: false,
    enableAutoUpdateNotification: false,
  },
  privacy: { usageStatisticsEnabled: false },
});
