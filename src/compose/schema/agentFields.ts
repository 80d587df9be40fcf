import { envValue, texts } from './commonFields.js';
import { driver } from './driverFields.js';
import { budget, llm } from './modelFields.js';
import { DEFAULT_PROVIDER, providerProposals } from './providerNames.js';
import { permissionValues } from './providerFields.js';
import { sandbox } from './sandboxFields.js';
import { scheduler } from './schedulerFields.js';
import { agentMcpServers, mount, skill } from './serverFields.js';
import type { Fields, MappingShape } from './shape.js';
import { bool, decimal, dictionary, field, integer, list, mapping, oneOf, oneOrMore, text } from './shape.js';
import { agentWorkspace } from './workspaceFields.js';

const HANDOFF = 'agents:\n  dev:\n    provider: claude\n    handoff:\n      on_response: reviewer\n';
const REVIEWER = '  reviewer:\n    provider: codex\n';

const build = {
  kind: 'choice',
  scalar: text({ nonEmpty: true }),
  mapping: mapping({
    context: field(text(), 'Folder that is sent to the build.', 'context: ./images/dev', {
      era: 'head',
      fallback: '`.`',
    }),
    dockerfile: field(text(), 'Name of the Dockerfile in it.', 'dockerfile: Dockerfile.dev', {
      era: 'head',
      fallback: 'Dockerfile',
    }),
    target: field(text(), 'Stage to build.', 'target: dev', { era: 'head' }),
    args: field(dictionary('argument', 'NODE_VERSION', text()), 'Build arguments.', 'args:\n  NODE_VERSION: "24"', {
      era: 'head',
    }),
    platforms: field(list(text(), { max: 1 }), 'Platform to build for; at most one.', 'platforms: [linux/amd64]', {
      era: 'head',
    }),
    tags: field(texts, 'Names for the image.', 'tags: [shop/dev:latest]', { era: 'head' }),
    no_cache: field(bool, 'Build without the cache.', 'no_cache: true', { era: 'head', fallback: 'false' }),
    pull: field(bool, 'Fetch newer base images first.', 'pull: true', { era: 'head', fallback: 'false' }),
  }),
} as const;

const handoff: MappingShape = mapping({
  on_response: field(
    oneOrMore(text({ nonEmpty: true })),
    'Agent, or agents, that get the reply of this one: the next in the chain, for example who reviews it.',
    HANDOFF + REVIEWER,
    {
      era: 'muster',
      refersTo: 'agent',
    },
  ),
  on_failure: field(
    text({ nonEmpty: true }),
    'Agent that takes the task over when this one fails for good.',
    'agents:\n  dev:\n    provider: claude\n    handoff:\n      on_failure: fixer\n  fixer:\n    provider: codex\n',
    { era: 'muster', refersTo: 'agent' },
  ),
  prompt: field(
    text(),
    'What to tell them, before the task and the reply: what a reviewer looks for.',
    `${HANDOFF}      prompt: Review this change.\n${REVIEWER}`,
    { era: 'muster' },
  ),
  max_depth: field(
    integer(1, 20),
    'How many hand-offs one task may cause.',
    `${HANDOFF}      max_depth: 2\n${REVIEWER}`,
    {
      era: 'muster',
      fallback: '3',
    },
  ),
  join: field(
    oneOf([
      { value: 'all', doc: 'All are heard; one who asks for changes is enough.' },
      { value: 'any', doc: 'The first who has a verdict decides; the others are not asked any more.' },
      { value: 'none', doc: 'What they say is there to read and goes back to nobody.' },
    ]),
    'With several agents: whose verdict counts.',
    `agents:\n  dev:\n    provider: claude\n    handoff:\n      on_response: [reviewer, tester]\n      join: none\n${REVIEWER}  tester:\n    provider: gemini\n`,
    { era: 'muster', fallback: 'all' },
  ),
});

export const agentFields: Fields = {
  provider: field(
    text({ proposals: providerProposals }),
    'The coding CLI behind the agent: a built-in one or a key of `providers`.',
    'provider: claude',
    { fallback: DEFAULT_PROVIDER, refersTo: 'provider' },
  ),
  model: field(text(), 'Model name, passed to the provider as it is.', 'model: "${DEV_MODEL}"', {
    fallback: "the provider's own",
    interpolated: true,
    refersTo: 'model',
  }),
  system_prompt: field(
    text(),
    'Instructions for each task of the agent, kept word by word.',
    'system_prompt: |\n  You are careful.\n  Write tests first.',
  ),
  description: field(text(), 'What the agent is for.', 'description: Writes the first version.', { era: 'head' }),
  display_name: field(text(), 'A name to show.', 'display_name: Developer', { era: 'head' }),
  enabled: field(bool, 'Whether the agent takes tasks.', 'enabled: false', { era: 'head', fallback: 'true' }),
  image: field(
    text(),
    'Container image; makes `docker` the driver. It needs `/bin/sh`, git, and the CLI of the provider.',
    'image: debian:bookworm-slim',
  ),
  build: field(
    build,
    'Builds the image instead of fetching it; makes `docker` the driver. `muster image build` builds it again.',
    'build: ./images/dev',
    { era: 'head' },
  ),
  driver: field(driver, 'Where runs execute: exactly one of the names below.', 'driver:\n  process: {}', {
    fallback: '`docker` when `image` or `build` is given, otherwise `process`',
  }),
  env: field(
    dictionary('variable', 'LOG_LEVEL', envValue),
    'Environment variables of the runs; they win over `variables`.',
    'env:\n  LOG_LEVEL: debug\n  API_TOKEN:\n    value: "${API_TOKEN}"\n    secret: true',
    { interpolated: true },
  ),
  args: field(texts, "Extra arguments for the provider's command line.", 'args: [--verbose]', { era: 'muster' }),
  permissions: field(oneOf(permissionValues), 'What the agent may do without asking.', 'permissions: confined', {
    era: 'muster',
    fallback:
      'that of the provider, else auto in a container, and outside ask where the CLI can ask (codex with codex-acp), else confined',
  }),
  may_dispatch: field(
    bool,
    'Whether its runs may give tasks to agents, with `muster dispatch`. A person has to consent.',
    'may_dispatch: true',
    { era: 'muster', fallback: 'false' },
  ),
  timeout: field(text({ format: 'positiveDuration' }), 'Longest time of a run.', 'timeout: 30m', {
    era: 'muster',
    fallback: '10h',
  }),
  stall_timeout: field(
    text({ format: 'positiveDuration' }),
    'Longest silence of a run before it is ended.',
    'stall_timeout: 5m',
    { era: 'muster', fallback: 'no limit' },
  ),
  concurrency: field(integer(1), 'Runs of this agent at the same time.', 'concurrency: 2', {
    era: 'muster',
    fallback: 'no limit',
  }),
  workspace: field(
    agentWorkspace,
    'The files the agent works on. Replaces the workspace of the project as a whole.',
    'workspace:\n  base: main',
    {
      fallback: 'a worktree per thread',
    },
  ),
  handoff: field(
    handoff,
    'What happens with the reply: hands the work to other agents, one after the other (a chain), so that one reviews what another wrote.',
    HANDOFF + REVIEWER,
    { era: 'muster', keywords: ['review', 'reviewer', 'reviewers', 'chain'] },
  ),
  retries: field(
    mapping({
      max: field(integer(0, 100), 'New attempts after a failed run.', 'max: 2', { era: 'muster', fallback: '0' }),
      backoff: field(
        text({ format: 'positiveDuration' }),
        'Pause before the first of them; it doubles each time.',
        'max: 2\nbackoff: 30s',
        {
          era: 'muster',
          fallback: '30s',
        },
      ),
    }),
    'Whether failed runs are repeated.',
    'retries:\n  max: 2\n  backoff: 1m',
    { era: 'muster' },
  ),
  budget: field(budget, 'Where calls of models stop. It needs `llm: facade`, or a container.', 'budget:\n  usd: 2.5', {
    era: 'muster',
  }),
  llm: field(
    llm,
    'How its runs reach models: through this machine’s host, which holds the keys and counts tokens and money, or by what its CLI itself knows.',
    'llm: facade',
    { era: 'muster', fallback: '`own`' },
  ),
  resources: field(
    mapping({
      cpus: field(decimal(0), 'Processors.', 'cpus: 2', { era: 'muster' }),
      memory: field(text({ format: 'size' }), 'Memory, as `512m` or `4g`.', 'memory: 4g', {
        era: 'muster',
        fallback: '`4g`',
      }),
      pids: field(integer(16), 'Processes and threads.', 'pids: 512', { era: 'muster', fallback: '1024' }),
      disk: field(
        text({ format: 'size' }),
        'What it may write outside of volumes and mounted folders; a run that writes more is ended.',
        'disk: 5g',
        { era: 'muster', fallback: '`10g`' },
      ),
    }),
    'Limits of the sandbox.',
    'resources:\n  cpus: 2\n  memory: 4g',
    { era: 'muster' },
  ),
  capset_ids: field(
    texts,
    'Capability sets the agent may call: `NAME`, or `SERVER/NAME` of an entry of `octobus_servers`.',
    'capset_ids: [search]',
    {
      planned: true,
      refersTo: 'capset',
    },
  ),
  mcp_servers: field(
    agentMcpServers,
    'MCP servers for the agent: names from `mcp_servers`, or definitions.',
    'mcp_servers:\n  - name: tickets\n    type: local\n    command: tickets-mcp',
    { era: 'head', planned: true, refersTo: 'mcpServer' },
  ),
  skills: field(
    list(skill),
    'Skills for the agent.',
    'skills:\n  - name: review\n    provider: file\n    path: skills/review',
    {
      era: 'head',
      planned: true,
    },
  ),
  volumes: field(
    list(mount),
    'Folders and volumes in the container: `source:target[:ro]` or a mapping. A person has to consent.',
    'volumes:\n  - ./data:/data:ro',
    {
      era: 'head',
      refersTo: 'volume',
    },
  ),
  sandbox,
  jupyter: field(
    mapping({
      enabled: field(bool, 'Whether the thread’s Jupyter Server starts with its runs.', 'enabled: true', {
        era: 'head',
        fallback: 'false',
      }),
      guest_port: field(
        integer(0, 65535),
        'Its port inside the container; 0 means 8888. On this machine servers listen on a private socket and take none.',
        'enabled: true\nguest_port: 8890',
        {
          era: 'head',
          fallback: '0',
        },
      ),
    }),
    'A notebook server next to the agent, on the files of its thread. People can start one for any thread all the same.',
    'jupyter:\n  enabled: true',
    { era: 'head' },
  ),
  scheduler: field(
    scheduler,
    'What starts runs without a person: triggers on a schedule (cron, interval), on events, or by a script.',
    'scheduler:\n  triggers:\n    - name: hourly\n      cron: "@hourly"',
    { keywords: ['schedule', 'schedules', 'trigger', 'triggers', 'cron', 'interval'] },
  ),
};

export const agent: MappingShape = mapping(agentFields);
