import { agent } from './agentFields.js';
import { envValue, texts } from './commonFields.js';
import { userProvider } from './providerFields.js';
import { mcpServer, octobusServer, volume } from './serverFields.js';
import type { Fields, MappingShape } from './shape.js';
import {
  bool,
  decimal,
  dictionary,
  field,
  IDENTIFIER,
  integer,
  list,
  mapping,
  oneOf,
  oneOrMore,
  PROJECT_NAME,
  text,
} from './shape.js';
import { namedWorkspace, projectWorkspace } from './workspaceFields.js';

/** What `git push` takes for an address and nothing else: no helper program, no option, no password. */
const pushAddress = [
  '^(?:(?:https?|ssh|git|file)://(?![^/@]*:[^/@]*@)[^\\s-]\\S*',
  '[^\\s:/@-][^\\s:/@]*@[^\\s:-][^\\s:]*:(?!:)\\S+',
  '/(?!/)\\S.*)$',
].join('|');

const HOOK = 'command: notify-send';

const hook: MappingShape = mapping({
  command: field(text({ nonEmpty: true }), 'The program.', HOOK, { required: true, era: 'muster' }),
  args: field(texts, 'Its arguments.', `${HOOK}\nargs: [Muster, finished]`, { era: 'muster' }),
  timeout: field(text({ format: 'positiveDuration' }), 'Longest time it may take.', `${HOOK}\ntimeout: 10s`, {
    era: 'muster',
    fallback: '10s',
  }),
  env: field(dictionary('variable', 'LANG', envValue), 'Environment variables for it.', `${HOOK}\nenv:\n  LANG: C`, {
    era: 'muster',
    interpolated: true,
  }),
  filter: field(
    dictionary('field of the event', 'agent', text()),
    'Fields of the event and the text each must equal.',
    `${HOOK}\nfilter:\n  agent: dev`,
    { era: 'muster' },
  ),
});

function hooksAt(what: string, name: string): Fields {
  return {
    [name]: field(
      list(hook),
      `Programs to start when ${what}; the event is JSON on standard input.`,
      `${name}:\n  - command: notify-send`,
      {
        era: 'muster',
      },
    ),
  };
}

const AGENTS = 'agents:\n  dev:\n    provider: claude\n';

/** The whole file. */
export const project: MappingShape = mapping({
  name: field(
    text({ pattern: `^$|${PROJECT_NAME}`, refusedText: `project name must match ${PROJECT_NAME}` }),
    'Name of the project.',
    `name: shop\n${AGENTS}`,
    {
      fallback: 'the name of the folder of the compose file, cleaned',
    },
  ),
  env_file: field(
    oneOrMore(text({ nonEmpty: true })),
    'Files with environment variables for `${NAME}`, relative to the compose file; the last one wins, the process environment wins over all. An empty list switches the default off.',
    `env_file: [.env, .env.local]\n${AGENTS}`,
    { era: 'head', fallback: '`.env` beside the compose file, if there is one' },
  ),
  variables: field(
    dictionary('variable', 'LOG_LEVEL', envValue),
    'Environment variables for the runs of all agents; the `env` of an agent wins.',
    `variables:\n  LOG_LEVEL: info\n  API_TOKEN:\n    value: "\${API_TOKEN}"\n    secret: true\n${AGENTS}`,
    { interpolated: true },
  ),
  providers: field(
    dictionary('provider name', 'mine', userProvider, { keyPattern: IDENTIFIER }),
    'Coding CLIs of your own.',
    'providers:\n  mine:\n    command: my-agent\n    input: stdin\nagents:\n  dev:\n    provider: mine\n',
    { era: 'muster' },
  ),
  defaults: field(
    agent,
    'Fields for all agents. What an agent says itself wins; `env` is merged by name, everything else is replaced as a whole.',
    'defaults:\n  provider: claude\n  timeout: 30m\nagents:\n  dev: {}\n  writer: {}\n',
    { era: 'muster' },
  ),
  agents: field(dictionary('agent name', 'dev', agent, { keyPattern: IDENTIFIER }), 'The crew.', AGENTS),
  limits: field(
    mapping({
      concurrency: field(integer(1), 'Runs of the whole project at the same time.', 'concurrency: 4', {
        era: 'muster',
      }),
      queued: field(integer(1), 'Runs that may wait; the next one is refused.', 'queued: 100', {
        era: 'muster',
      }),
      usd_per_day: field(decimal(0), 'Dollars per day that runs with `llm: facade` may cost.', 'usd_per_day: 50', {
        era: 'muster',
      }),
      tokens_per_day: field(integer(0), 'Tokens per day that they may use.', 'tokens_per_day: 20000000', {
        era: 'muster',
      }),
    }),
    'Bounds for the project.',
    `limits:\n  concurrency: 4\n${AGENTS}`,
    { era: 'muster' },
  ),
  merge: field(
    mapping({
      target: field(text({ nonEmpty: true }), 'Branch that work lands on.', 'target: main', {
        era: 'muster',
        fallback: 'the branch that the thread started from',
      }),
      strategy: field(
        oneOf([
          { value: 'merge', doc: 'A merge commit.' },
          { value: 'squash', doc: 'One commit.' },
          { value: 'rebase', doc: 'The commits of the thread, replayed.' },
        ]),
        'How work lands.',
        'strategy: squash',
        { era: 'muster', fallback: 'merge' },
      ),
      verify: field(
        oneOrMore(text({ nonEmpty: true })),
        'Shell commands that must succeed on the merged result.',
        'verify: [npm ci, npm test]',
        { era: 'muster' },
      ),
      batch: field(
        integer(1, 50),
        'How many threads that wait for the same target are verified and land together, at most.',
        'batch: 3',
        {
          era: 'muster',
          fallback: '1',
        },
      ),
      auto: field(bool, 'Whether what all reviewing agents approved lands without a person.', 'auto: true', {
        era: 'muster',
        fallback: 'false',
      }),
      push: field(
        text({
          nonEmpty: true,
          pattern: pushAddress,
          refusedText: 'must be an address that git pushes to, without a password',
        }),
        'Where the target is pushed when something has landed on it: an address, not the name of a remote, whose meaning every agent of this machine could change. Never by force; what cannot be pushed stays landed.',
        'push: git@github.com:acme/shop.git',
        { era: 'muster', fallback: 'nothing is pushed' },
      ),
      remove_worktree: field(
        bool,
        "Whether a thread's worktree goes when its work has landed. What is in it is kept and can be restored.",
        'remove_worktree: true',
        { era: 'muster', fallback: 'false' },
      ),
    }),
    'How work gets into the target branch.',
    `merge:\n  target: main\n  strategy: squash\n${AGENTS}`,
    { era: 'muster' },
  ),
  hooks: field(
    mapping({
      ...hooksAt('a run starts', 'on_run_started'),
      ...hooksAt('a run ends', 'on_run_finished'),
      ...hooksAt('a thread is closed', 'on_thread_closed'),
      ...hooksAt('a thread fails', 'on_thread_failed'),
      ...hooksAt('a merge ends', 'on_merge_finished'),
    }),
    'Programs to start when something happens.',
    `hooks:\n  on_run_finished:\n    - command: notify-send\n${AGENTS}`,
    { era: 'muster' },
  ),
  workspace: field(
    projectWorkspace,
    'Workspace of all agents that have none of their own.',
    `workspace:\n  provider: worktree\n  base: main\n${AGENTS}`,
    {
      era: 'seed',
    },
  ),
  workspaces: field(
    dictionary('workspace name', 'site', namedWorkspace, { keyPattern: IDENTIFIER }),
    'Workspaces for agents to name.',
    'workspaces:\n  site:\n    provider: file\n    path: .\nagents:\n  dev:\n    provider: codex\n    workspace:\n      name: site\n',
    { era: 'head' },
  ),
  mcp_servers: field(
    dictionary('server name', 'tickets', mcpServer, { keyPattern: IDENTIFIER }),
    'MCP servers for agents to name.',
    'mcp_servers:\n  tickets:\n    type: local\n    command: tickets-mcp\nagents:\n  dev:\n    provider: codex\n    mcp_servers: tickets\n',
    { era: 'head', planned: true },
  ),
  octobus_servers: field(
    dictionary('server name', 'company', octobusServer, { keyPattern: IDENTIFIER }),
    'OctoBus servers for `capset_ids`.',
    'octobus_servers:\n  company:\n    url: https://octobus.example.com\nagents:\n  dev:\n    provider: codex\n    capset_ids: [company/search]\n',
    { era: 'head', planned: true },
  ),
  volumes: field(
    dictionary('volume name', 'cache', volume, { keyPattern: IDENTIFIER }),
    'Volumes for agents to mount.',
    'volumes:\n  cache:\n    driver: local\nagents:\n  dev:\n    provider: codex\n    volumes: ["cache:/cache"]\n',
    { era: 'head' },
  ),
  network: field(
    mapping({
      mode: field(
        text({
          pattern: '^(default)?$',
          refusedText: 'unsupported network mode "%s"; only default is supported',
          proposals: [{ value: 'default', doc: 'The network of the sandbox driver.' }],
        }),
        'Only `default`.',
        'mode: default',
        { era: 'seed', fallback: 'default' },
      ),
    }),
    'Network of the sandboxes.',
    `network:\n  mode: default\n${AGENTS}`,
    { era: 'seed', fallback: '`{mode: default}`' },
  ),
});
