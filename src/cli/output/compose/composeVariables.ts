/**
 * What becomes here of each environment variable that agent-compose's daemon reads. `used`: it means the same. `instead`: something
 * else does its work. `nothing`: there is nothing here that it could change.
 */
export interface ComposeVariable {
  readonly name: string;
  readonly here: 'used' | 'instead' | 'nothing';
  /** What it does, what does its work, or why there is nothing to do. */
  readonly how: string;
}

type Row = readonly [names: string, here: ComposeVariable['here'], how: string];

const rows: readonly Row[] = [
  ['DATA_ROOT', 'instead', 'MUSTER_HOME names the state directory'],
  ['SANDBOX_ROOT', 'instead', 'sandboxes are below the state directory (MUSTER_HOME)'],
  ['DB_TIMEOUT SQLITE_MAX_OPEN_CONNS', 'nothing', 'one process alone opens the database'],
  ['HTTP_LISTEN', 'used', 'the address of `muster daemon`'],
  ['AGENT_COMPOSE_HOST', 'used', 'the host that commands speak to, after MUSTER_HOST'],
  ['AGENT_COMPOSE_SOCKET', 'instead', 'the socket is in the state directory; `muster status` names it'],
  ['AGENT_COMPOSE_AUTH_TOKEN', 'instead', '`muster token create`, then MUSTER_TOKEN'],
  ['AGENT_COMPOSE_RUNTIME_BASE_URL', 'nothing', 'containers reach the models without an address of the host'],
  ['AUTH_USERNAME AUTH_PASSWORD', 'used', 'who logs in to `muster daemon --listen`, beside those of `muster password`'],
  ['HTTP_BASIC_AUTH', 'used', 'another one who does'],
  ['AUTH_SESSION_TTL', 'used', 'how long a browser stays logged in'],
  ['AUTH_SECRET', 'used', 'another one ends every session; without it they outlive the host'],
  [
    'OAUTH_APIKEY OAUTH_SECRET OAUTH_BASE_URL OAUTH_CALLBACK_URL OAUTH_SCOPES OAUTH_CLIENT_AUTH_METHOD',
    'used',
    'the service that people log in with; one without OpenID Connect has OAUTH_AUTHORIZE_URL, OAUTH_TOKEN_URL and OAUTH_USER_URL; MUSTER_LOGIN_USERS lists who may',
  ],
  ['LLM_API_ENDPOINT LLM_API_KEY LLM_MODEL', 'used', 'the upstream `llm`, and the model of `muster llm`'],
  [
    'LLM_API_PROTOCOL',
    'instead',
    '`protocols` of an upstream in models.json; without it chat completions, then responses',
  ],
  ['LLM_TIMEOUT LLM_MAX_OUTPUT_TOKENS', 'nothing', 'a call takes as long, and says as much, as the upstream lets it'],
  ['OPENAI_API_KEY', 'used', 'the key of the upstream `openai`'],
  ['ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN', 'used', 'the key of the upstream `anthropic`'],
  ['ANTHROPIC_BASE_URL ANTHROPIC_API_ENDPOINT', 'used', 'the address of the upstream `anthropic`'],
  ['ANTHROPIC_MODEL CLAUDE_MODEL', 'instead', '`model` of the agent'],
  [
    'CODEX_REQUEST_MAX_RETRIES CODEX_STREAM_MAX_RETRIES CODEX_STREAM_IDLE_TIMEOUT',
    'nothing',
    'Codex has its own defaults; the facade tries upstreams again',
  ],
  ['AGENT_TIMEOUT', 'instead', '`timeout` of the agent; without it ten hours'],
  ['LOADER_RUN_TIMEOUT SCHEDULER_RUN_TIMEOUT', 'instead', '`timeout` of the agent that a trigger gives its task to'],
  [
    'SESSION_START_TIMEOUT SANDBOX_START_TIMEOUT SESSION_STOP_TIMEOUT SANDBOX_STOP_TIMEOUT IMAGE_PULL_TIMEOUT',
    'nothing',
    'what is under way is shown, and ended by `muster cancel`',
  ],
  ['RUNTIME_DRIVER', 'instead', '`driver` of the agent'],
  [
    'DEFAULT_IMAGE DOCKER_DEFAULT_IMAGE MICROSANDBOX_DEFAULT_IMAGE',
    'instead',
    '`image` of the agent; without it the image of `muster image build`',
  ],
  ['SANDBOX_CPUS SANDBOX_MEMORY_MIB SANDBOX_DISK_SIZE_GB BOX_DISK_SIZE_GB', 'instead', '`resources` of the agent'],
  ['DOCKER_HOST', 'used', 'the engine, where the agent’s `driver` names none'],
  [
    'DOCKER_HOME DOCKER_HOST_SESSION_ROOT DOCKER_HOST_SANDBOX_ROOT',
    'nothing',
    'the host and its engine see the same folders, or files travel',
  ],
  [
    'IMAGE_STORE_MODE',
    'instead',
    '`driver` of the agent: images of containers are the engine’s, virtual machines have OCI stores of their own and need no engine',
  ],
  [
    'IMAGE_CACHE_ROOT',
    'instead',
    'images of virtual machines are below the state directory (MUSTER_HOME), others the engine’s',
  ],
  ['BOX_CACHE_TTL CACHE_TTL', 'nothing', 'images stay until `muster image prune`, or what the runtime has for it'],
  ['IMAGE_REGISTRY', 'used', 'where names of images without a registry come from'],
  ['IMAGE_INSECURE_REGISTRIES', 'used', 'for virtual machines; containers have `insecure-registries` of the engine'],
  [
    'GUEST_WORKSPACE GUEST_STATE_ROOT GUEST_RUNTIME_ROOT GUEST_LOG_ROOT',
    'nothing',
    'places inside a container are fixed; `docs/containers.md` names them',
  ],
  ['JUPYTER_GUEST_PORT', 'instead', '`jupyter: {guest_port}` of the agent'],
  ['JUPYTER_READY_TIMEOUT JUPYTER_PROXY_BASE', 'nothing', 'notebook servers are behind the host’s own socket'],
  ['WEBHOOK_BODY_LIMIT_BYTES', 'nothing', 'the limit is 1 MiB'],
  ['WORKSPACE_UPLOAD_LIMIT_BYTES', 'nothing', 'uploads have at most 1 MiB; `muster cp` has no limit'],
  [
    'WEBHOOK_QUEUE_DEFAULT_WORKERS WEBHOOK_QUEUE_RULES_JSON',
    'nothing',
    'events wait in the database, and agents work as their limits allow',
  ],
  ['CLEANUP_INTERVAL', 'nothing', 'once a day, or `muster gc`'],
  [
    'WORKSPACE_CLEANUP_TTL SANDBOX_RETENTION_TTL IMAGE_CACHE_CLEANUP_TTL SANDBOX_ARCHIVE_ROOT',
    'instead',
    'MUSTER_RETENTION_RUN_DAYS, MUSTER_RETENTION_RESCUE_DAYS; `muster image prune`',
  ],
  ['CAP_GRPC_LISTEN CAP_GRPC_TARGET', 'nothing', 'there is no capability service'],
];

/** In agent-compose's order. */
export const composeVariables: readonly ComposeVariable[] = rows.flatMap(([names, here, how]) =>
  names.split(' ').map(name => ({ name, here, how })),
);
