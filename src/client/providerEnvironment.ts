import { ownValue } from '../base/ownValue.js';
import type { Project } from '../protocol/gen/muster/v1/projects_pb.js';
import type { Environment } from './stateDirectory.js';

/** Every variable of these families belongs to one of the agent CLIs. */
const prefixes = [
  'ANTHROPIC_',
  'AZURE_OPENAI_',
  'CLAUDE_',
  'CODEX_',
  'GEMINI_',
  'GOOGLE_',
  'OPENAI_',
  'OPENCODE_',
  'OPENROUTER_',
  'VERTEX_',
] as const;

const names: ReadonlySet<string> = new Set([
  // What this terminal or window has chosen: a version of a language, a virtual environment, keys that are unlocked.
  'CONDA_DEFAULT_ENV',
  'CONDA_PREFIX',
  'GOROOT',
  'JAVA_HOME',
  'PYENV_VERSION',
  'RBENV_VERSION',
  'RUSTUP_TOOLCHAIN',
  'SSH_AUTH_SOCK',
  'VIRTUAL_ENV',
  // Claude on Bedrock and Vertex, opencode's providers.
  'AWS_ACCESS_KEY_ID',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_CONFIG_FILE',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AZURE_API_KEY',
  'AZURE_RESOURCE_NAME',
  'CLOUD_ML_REGION',
  'DEEPSEEK_API_KEY',
  'GROQ_API_KEY',
  'MISTRAL_API_KEY',
  'XAI_API_KEY',
  // Lets claude work unattended as root, which it otherwise refuses.
  'IS_SANDBOX',
  // Reaching the model through a company's network.
  'ALL_PROXY',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'all_proxy',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'REQUESTS_CA_BUNDLE',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
]);

/**
 * Set by a session of a CLI for its own children. An agent that inherited them would take itself for a part of that
 * session.
 */
const sessionMarkers: ReadonlySet<string> = new Set([
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SESSION_ID',
  'CLAUDE_CODE_SSE_PORT',
  'CODEX_SANDBOX',
  'CODEX_SANDBOX_NETWORK_DISABLED',
]);

/**
 * The variables of this process that an agent's CLI uses, and by which its programs are found, to be sent with a dispatch;
 * nothing else leaves the process.
 */
export function collectProviderEnvironment(env: Environment): Record<string, string> {
  const collected: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '' || sessionMarkers.has(name)) continue;
    if (name === 'PATH' || (process.platform === 'win32' && name === 'Path')) collected['PATH'] = value;
    if (names.has(name) || prefixes.some(prefix => name.startsWith(prefix))) collected[name] = value;
  }
  return collected;
}

/** What a dispatch carries: the providers' variables, and those that the project's secrets refer to. */
export function collectDispatchEnvironment(
  env: Environment,
  project: Pick<Project, 'environmentNames'> | undefined,
): Record<string, string> {
  const environment = collectProviderEnvironment(env);
  for (const name of project?.environmentNames ?? []) {
    const value = ownValue(env, name);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
