import { parseCompose, type ComposeResult } from '../../../src/compose/parseCompose.js';

/** Reads a file in a folder called `shop`. */
export function read(text: string, env: Readonly<Record<string, string>> = {}): ComposeResult {
  return parseCompose(text, { directoryName: 'shop', env: name => env[name] });
}

/** Errors as `path: detail`. */
export function errorsOf(text: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  return read(text, env)
    .diagnostics.filter(found => found.severity === 'error')
    .map(found => `${found.path}: ${found.detail}`);
}

/** An agent `reviewer` with these lines as its body. */
export function agent(...lines: readonly string[]): string {
  return `agents:\n  reviewer:\n${lines.map(line => `    ${line}\n`).join('')}`;
}

/** An agent with one trigger, in flow style. */
export function trigger(text: string): string {
  return agent('scheduler:', '  triggers:', `    - ${text}`);
}

export interface AcceptedCase {
  readonly name: string;
  readonly text: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Files of both eras that must be read. */
export const accepted: readonly AcceptedCase[] = [
  {
    name: 'one agent in a container, no scheduler',
    text: 'name: minimal\nagents:\n  helper:\n    driver:\n      docker: {}\n',
  },
  { name: 'a cron trigger', text: `name: cron\n${trigger('{name: hourly, cron: "0 * * * *", prompt: Look.}')}` },
  { name: 'a one-shot trigger', text: trigger('timeout: 15s') },
  { name: 'an interval trigger', text: trigger('interval: 1h30m') },
  { name: 'an event trigger', text: trigger('event: {topic: webhook.github.*}') },
  { name: 'a trigger in a time zone', text: trigger('{cron: "@daily", timezone: Asia/Tokyo}') },
  { name: 'a trigger in the local zone', text: trigger('{cron: "*/5 * * * * *", timezone: local}') },
  {
    name: 'a script from a repository',
    text: agent('scheduler:', '  script: {provider: git, url: "https://git.test/s.git", path: a.js, token: "${T}"}'),
    env: { T: 'x' },
  },
  { name: 'a script in the file', text: agent('scheduler:', '  script: |', '    scheduler.agent("hi")') },
  {
    name: 'a blank script beside triggers',
    text: agent('scheduler:', '  script: "  "', '  triggers: [{cron: "@hourly"}]'),
  },
  {
    name: 'project workspace from git, an agent with a local one',
    text: 'workspace:\n  provider: git\n  url: https://git.test/r.git\n  branch: main\nagents:\n  a: {}\n  b:\n    workspace: {provider: local, path: .}\n',
  },
  {
    name: 'every older field',
    text: `name: full
variables:
  PLAIN: text
  NUMBER: 7
  HIDDEN: {value: "\${HIDDEN}", secret: true}
workspace: {provider: git, url: "https://git.test/r.git", branch: main, path: sub}
agents:
  reviewer:
    provider: codex
    model: "\${MODEL}"
    system_prompt: Be kind.
    image: debian:bookworm-slim
    driver: {boxlite: {kernel: k, rootfs: r}}
    env: {LEVEL: debug}
    capset_ids: [search, " search ", ""]
    workspace: {provider: local, path: .}
    scheduler: {enabled: false, triggers: [{interval: 90s}]}
network: {mode: default}
`,
    env: { HIDDEN: 'h', MODEL: 'm' },
  },
  {
    name: 'every newer field',
    text: `name: 1st_project
env_file: [.env]
workspaces:
  site: {name: Site, provider: file, path: web, target: www}
  lib: {provider: git, url: "ssh://git@git.test/lib.git", ref: v1, username: bot, password: "\${PW}"}
mcp_servers:
  tickets: {type: local, command: tickets, args: [-v, -v], env: {A: b}}
  wiki: {type: remote, transport: sse, url: "https://\${HOST}/mcp", headers: {Authorization: "Bearer \${PW}"}}
octobus_servers:
  company: {url: "https://octobus.test:8443", token: "\${PW}"}
volumes:
  cache: {name: npm.cache, driver: local, external: true, labels: {a: b}, options: {size: 1g}}
agents:
  dev:
    enabled: true
    display_name: Developer
    description: Writes code.
    build: {context: ., dockerfile: Dockerfile.dev, target: dev, args: {N: 24}, platforms: [linux/amd64], tags: [a, b], no_cache: true, pull: true}
    mcp_servers: [tickets, {name: own, type: local, command: own}]
    skills: [{name: s, provider: http, url: "https://x.test/s.zip", format: zip}]
    volumes: ["cache:/cache:ro", {type: bind, source: ./data, target: /data, read_only: true}]
    sandbox: {stopped_runtime_policy: retain}
    jupyter: {enabled: true, guest_port: 8890}
    capset_ids: [company/search]
    workspace: {name: site}
    scheduler:
      display_name: Nightly
      description: d
      sandbox_policy: sticky
      concurrency_policy: parallel
      triggers: [{cron: "@weekly", sandbox_policy: new}]
  ops:
    build: ./images
    mcp_servers: wiki
    driver: {microsandbox: {profile: small}}
    workspace: {provider: git, url: git@git.test:r.git}
`,
    env: { PW: 'p', HOST: 'wiki.test' },
  },
  {
    name: 'everything of Muster',
    text: `name: crew
defaults: {provider: mine, timeout: 30m, env: {A: default}}
providers:
  mine: {command: my-agent, args: [--model, "{{model}}", "{{prompt_file}}"], input: file, output: {format: jsonl, result: a.b, conversation: id}, permissions: auto, models: [small]}
limits: {concurrency: 4, queued: 100}
merge: {target: main, strategy: squash, verify: npm test, batch: 3}
hooks:
  on_run_finished: [{command: notify, args: [a], timeout: 5s, env: {A: b}, filter: {agent: dev}}]
agents:
  dev:
    workspace: {provider: Worktree, base: main, files: .env, setup: [npm ci], teardown: make clean, ports: [PORT]}
    driver: {process: {}}
    stall_timeout: 5m
    retries: {max: 2, backoff: 1m}
    concurrency: 2
    handoff: {on_response: [reviewer, tester], prompt: Review., max_depth: 2, join: none}
    permissions: confined
    args: [--verbose]
    budget: {usd: 2.5, tokens: 500000}
    resources: {cpus: 1.5, memory: 4g}
  reviewer: {provider: claude, workspace: {provider: thread, access: write}}
  tester: {provider: demo, workspace: {provider: shared}}
`,
  },
  { name: 'no agents', text: 'name: empty\nagents: {}\n' },
  { name: 'only a name', text: 'name: empty\n' },
  { name: 'JSON', text: '{"name": "json", "agents": {"dev": {"provider": "claude", "driver": {"docker": {}}}}}' },
  { name: 'network without a mode', text: 'network: {mode: }\nagents:\n  dev: {}\n' },
  { name: 'an empty environment value', text: agent('env: {A: "${EMPTY}"}'), env: { EMPTY: '' } },
  { name: 'forms that are not references', text: agent('env: {A: "${X:-d} $X $$ ${1}"}') },
  { name: 'references where they are plain text', text: agent('system_prompt: "${NOPE}"', 'image: "${NOPE}"') },
  ...['a1', 'agent_1', 'code-review'].map(name => ({ name: `agent name ${name}`, text: `agents:\n  ${name}: {}\n` })),
  ...['claude', 'codex', 'gemini', 'opencode', 'demo', 'claude-code', 'gemini-cli', 'open-code', 'pi', 'pi-agent'].map(
    name => ({
      name: `provider ${name}`,
      text: agent(`provider: ${name}`),
    }),
  ),
];

export interface RefusedCase {
  readonly name: string;
  readonly text: string;
  /** What must be reported, as `path: beginning of the detail`. */
  readonly expected: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What is wrong is not visible in one value, or beyond patterns; the JSON Schema accepts the file. */
  readonly beyondSchema?: true;
}

const NAME_RULE = 'agent name must match ^[a-z][a-z0-9_-]*$';
const T0 = 'agents.reviewer.scheduler.triggers[0]';
const OCTOBUS = (body: string): string => `octobus_servers:\n  company: {${body}}\n`;

export const refused: readonly RefusedCase[] = [
  {
    name: 'a key beside the topic',
    text: trigger('event: {topic: a, extra: b}'),
    expected: [`${T0}.event.extra: unknown field`],
  },
  { name: 'agents as a list', text: 'agents: []\n', expected: ['agents: expected mapping, got sequence'] },
  { name: 'agents as a text', text: 'agents: x\n', expected: ['agents: expected mapping, got scalar'] },
  {
    name: 'a scheduler as a text',
    text: agent('scheduler: text'),
    expected: ['agents.reviewer.scheduler: expected mapping, got scalar'],
  },
  {
    name: 'a script as a list',
    text: agent('scheduler: {script: []}'),
    expected: ['agents.reviewer.scheduler.script: expected scalar or mapping'],
  },
  {
    name: 'a model as a mapping',
    text: agent('model: {}'),
    expected: ['agents.reviewer.model: expected scalar, got mapping'],
  },
  {
    name: 'triggers as a mapping',
    text: agent('scheduler: {triggers: {}}'),
    expected: ['agents.reviewer.scheduler.triggers: expected sequence, got mapping'],
  },
  { name: 'a file that is a list', text: '- a\n', expected: [': expected mapping, got sequence'] },
  {
    name: 'MCP servers of another kind',
    text: 'mcp_servers: []\n',
    expected: ['mcp_servers: expected mapping, got sequence'],
  },
  {
    name: 'an agent twice',
    text: 'agents:\n  reviewer: {}\n  reviewer: {}\n',
    expected: ['agents.reviewer: duplicate field'],
    beyondSchema: true,
  },
  ...['Review', 'review.agent', 'review agent', 'review/agent', '-reviewer', '_reviewer', '1reviewer', '审查'].map(
    (name): RefusedCase => ({
      name: `agent name ${name}`,
      text: `agents:\n  ${name}: {}\n`,
      expected: [`agents.${name}: ${NAME_RULE}`],
    }),
  ),
  {
    name: 'an empty driver',
    text: agent('driver: {}'),
    expected: ['agents.reviewer.driver: driver requires exactly one runtime'],
  },
  {
    name: 'two drivers',
    text: agent('driver: {docker: {}, boxlite: {}}'),
    expected: ['agents.reviewer.driver: driver requires exactly one runtime, got docker, boxlite'],
  },
  {
    name: 'firecracker',
    text: agent('driver: {firecracker: {kernel: k}}'),
    expected: ['agents.reviewer.driver.firecracker: unsupported runtime driver firecracker'],
  },
  {
    name: 'a driver as a text',
    text: agent('driver: docker'),
    expected: ['agents.reviewer.driver: expected mapping, got scalar'],
  },
  {
    name: 'a driver without braces',
    text: agent('driver:', '  docker:'),
    expected: ['agents.reviewer.driver.docker: expected mapping, got scalar'],
  },
  {
    name: 'cron and interval',
    text: trigger('{cron: "@hourly", interval: 1h}'),
    expected: [`${T0}: trigger requires exactly one kind, got cron, interval`],
  },
  {
    name: 'all kinds in the wrong order',
    text: trigger('{event: {topic: a}, timeout: 1s, interval: 1s, cron: "@hourly"}'),
    expected: [`${T0}: trigger requires exactly one kind, got cron, interval, timeout, event`],
  },
  { name: 'an empty cron', text: trigger('cron: ""'), expected: [`${T0}.cron: cron expression is required`] },
  {
    name: 'an invalid cron',
    text: trigger('cron: "61 * * * *"'),
    expected: [`${T0}.cron: invalid cron expression: `],
    beyondSchema: true,
  },
  { name: 'a cron of words', text: trigger('cron: hourly'), expected: [`${T0}.cron: invalid cron expression: `] },
  { name: 'an empty interval', text: trigger('interval: ""'), expected: [`${T0}.interval: invalid duration: `] },
  { name: 'an interval of a word', text: trigger('interval: soon'), expected: [`${T0}.interval: invalid duration: `] },
  {
    name: 'an interval of zero',
    text: trigger('interval: 0s'),
    expected: [`${T0}.interval: duration must be positive`],
  },
  {
    name: 'a negative interval',
    text: trigger('interval: -1s'),
    expected: [`${T0}.interval: duration must be positive`],
  },
  {
    name: 'an interval below a millisecond',
    text: trigger('interval: 10us'),
    expected: [`${T0}.interval: duration must be at least 1ms`],
    beyondSchema: true,
  },
  { name: 'an empty timeout', text: trigger('timeout: ""'), expected: [`${T0}.timeout: invalid duration: `] },
  { name: 'a timeout of a word', text: trigger('timeout: soon'), expected: [`${T0}.timeout: invalid duration: `] },
  { name: 'a timeout of zero', text: trigger('timeout: 0s'), expected: [`${T0}.timeout: duration must be positive`] },
  { name: 'a negative timeout', text: trigger('timeout: -1s'), expected: [`${T0}.timeout: duration must be positive`] },
  {
    name: 'an event without a topic',
    text: trigger('event: {}'),
    expected: [`${T0}.event.topic: event trigger topic is required`],
  },
  {
    name: 'an event with an empty topic',
    text: trigger('event: {topic: ""}'),
    expected: [`${T0}.event.topic: event trigger topic is required`],
  },
  {
    name: 'a trigger with only a name',
    text: trigger('{name: a, prompt: b}'),
    expected: [`${T0}: trigger requires exactly one kind`],
  },
  { name: 'an empty trigger', text: trigger('{}'), expected: [`${T0}: trigger requires exactly one kind`] },
  {
    name: 'script and triggers',
    text: agent('scheduler: {script: "a()", triggers: [{cron: "@hourly"}]}'),
    expected: ['agents.reviewer.scheduler: scheduler script and triggers are mutually exclusive'],
    beyondSchema: true,
  },
  {
    name: 'a trigger name twice',
    text: agent('scheduler: {triggers: [{name: a, cron: "@hourly"}, {name: a, interval: 1s}]}'),
    expected: ['agents.reviewer.scheduler.triggers[1].name: duplicate scheduler trigger name "a"'],
    beyondSchema: true,
  },
  {
    name: 'another network',
    text: 'network: {mode: host}\n',
    expected: ['network.mode: unsupported network mode "host"; only default is supported'],
  },
  ...(
    [
      ['variables: {A: "${NOPE}"}\n', 'variables.A.value'],
      ['variables: {A: {value: "${NOPE}"}}\n', 'variables.A.value'],
      ['variables: {A: {value: "${NOPE}", secret: true}}\n', 'variables.A.value'],
      [agent('env: {TOKEN: "x${NOPE}"}'), 'agents.reviewer.env.TOKEN.value'],
      [agent('model: "${NOPE}"'), 'agents.reviewer.model'],
      ['mcp_servers: {a: {type: remote, transport: http, url: "${NOPE}"}}\n', 'mcp_servers.a.url'],
    ] as const
  ).map(([text, path]): RefusedCase => ({
    name: `a missing variable in ${path}`,
    text,
    expected: [`${path}: environment variable NOPE is required`],
    beyondSchema: true,
  })),
  {
    name: 'a variable that only the file defines',
    text: `variables: {NAME: x}\n${agent('model: "${NAME}"')}`,
    expected: ['agents.reviewer.model: environment variable NAME is required'],
    beyondSchema: true,
  },
  {
    name: 'a commit in a workspace',
    text: agent('workspace: {provider: git, url: u, commit: c}'),
    expected: ['agents.reviewer.workspace.commit: unknown field'],
  },
  {
    name: 'an empty workspace',
    text: agent('workspace: {}'),
    expected: ['agents.reviewer.workspace: workspace is required'],
    beyondSchema: true,
  },
  {
    name: 'an undefined workspace',
    text: agent('workspace: {name: x}'),
    expected: ['agents.reviewer.workspace: workspace "x" is not defined'],
    beyondSchema: true,
  },
  {
    name: 'an unknown workspace provider',
    text: agent('workspace: {provider: ftp}'),
    expected: ['agents.reviewer.workspace.provider: must be'],
  },
  {
    name: 'a workspace source without provider',
    text: agent('workspace: {url: u}'),
    expected: ['agents.reviewer.workspace.provider: workspace provider is required'],
    beyondSchema: true,
  },
  {
    name: 'a git workspace without address',
    text: agent('workspace: {provider: git}'),
    expected: ['agents.reviewer.workspace.url: git workspace url is required'],
    beyondSchema: true,
  },
  {
    name: 'an absolute folder',
    text: agent('workspace: {provider: local, path: /etc}'),
    expected: ['agents.reviewer.workspace.path: file workspace path "/etc" must be relative'],
    beyondSchema: true,
  },
  {
    name: 'a folder outside the project',
    text: agent('workspace: {provider: file, path: a/../../b}'),
    expected: ['agents.reviewer.workspace.path: file workspace path "a/../../b" escapes project source root'],
    beyondSchema: true,
  },
  {
    name: 'a password in an address',
    text: agent('workspace: {provider: git, url: "https://u:p@git.test/r"}'),
    expected: ['agents.reviewer.workspace.url: url must not contain a user name or password'],
    beyondSchema: true,
  },
  {
    name: 'a literal token',
    text: agent('workspace: {provider: git, url: "https://git.test/r", token: abc}'),
    expected: ['agents.reviewer.workspace.token: token must be an environment reference like ${NAME}'],
    beyondSchema: true,
  },
  {
    name: 'both spellings',
    text: agent('workspace: {provider: git, url: "https://git.test/r", ref: a, branch: b}'),
    expected: ['agents.reviewer.workspace.branch: branch and ref say the same thing'],
    beyondSchema: true,
  },
  {
    name: 'a skill as a text',
    text: agent('skills: [./skills/review]'),
    expected: ['agents.reviewer.skills[0]: expected mapping, got scalar'],
  },
  {
    name: 'a skill with source',
    text: agent('skills: [{name: a, provider: file, path: p, source: s}]'),
    expected: ['agents.reviewer.skills[0].source: unknown field'],
  },
  {
    name: 'a skill archive of another format',
    text: agent('skills: [{name: a, provider: http, url: u}]'),
    expected: ['agents.reviewer.skills[0].format: format must be zip'],
    beyondSchema: true,
  },
  {
    name: 'a skill twice',
    text: agent('skills: [{name: a, provider: file, path: p}, {name: a, provider: file, path: q}]'),
    expected: ['agents.reviewer.skills[1].name: duplicate skill "a"'],
    beyondSchema: true,
  },
  { name: 'mcps', text: agent('mcps: []'), expected: ['agents.reviewer.mcps: unknown field'] },
  {
    name: 'a host port',
    text: agent('jupyter: {host_port: 1}'),
    expected: ['agents.reviewer.jupyter.host_port: unknown field'],
  },
  {
    name: 'a port of a word',
    text: agent('jupyter: {guest_port: soon}'),
    expected: ['agents.reviewer.jupyter.guest_port: expected int'],
  },
  {
    name: 'a port that is too large',
    text: agent('jupyter: {guest_port: 65536}'),
    expected: ['agents.reviewer.jupyter.guest_port: must be between 0 and 65535'],
  },
  { name: 'enabled as a text', text: agent('enabled: "true"'), expected: ['agents.reviewer.enabled: expected bool'] },
  { name: 'enabled as yes', text: agent('enabled: yes'), expected: ['agents.reviewer.enabled: expected bool'] },
  {
    name: 'a time zone on an interval',
    text: trigger('{interval: 1h, timezone: UTC}'),
    expected: [`${T0}.timezone: timezone is only supported for cron triggers`],
    beyondSchema: true,
  },
  {
    name: 'an unknown time zone',
    text: trigger('{cron: "@hourly", timezone: Mars/Base}'),
    expected: [`${T0}.timezone: unknown time zone "Mars/Base"`],
    beyondSchema: true,
  },
  ...['""', 'allow', 'serial', 'reuse'].map((value): RefusedCase => ({
    name: `concurrency policy ${value}`,
    text: agent(`scheduler: {concurrency_policy: ${value}}`),
    expected: ['agents.reviewer.scheduler.concurrency_policy: must be skip or parallel'],
  })),
  {
    name: 'two platforms',
    text: agent('build: {platforms: [linux/amd64, linux/arm64]}'),
    expected: ['agents.reviewer.build.platforms: at most 1 is allowed, found 2'],
  },
  ...(
    [
      ['token: t', 'url', 'url is required', undefined],
      ['url: ""', 'url', 'must not be empty', undefined],
      ['url: octobus.test', 'url', 'url must be an absolute', true],
      ['url: /path', 'url', 'url must be an absolute', true],
      ['url: "ftp://octobus.test"', 'url', 'url must be an absolute', true],
      ['url: "grpc://octobus.test"', 'url', 'url must be an absolute', true],
      ['url: "https://"', 'url', 'url must have a host', true],
      ['url: "https://u@octobus.test"', 'url', 'url must not contain a user name', true],
      ['url: "https://u:p@octobus.test"', 'url', 'url must not contain a user name', true],
      ['url: "https://octobus.test/api"', 'url', 'url must not contain a path', true],
      ['url: "https://octobus.test?a=b"', 'url', 'url must not contain a query', true],
      ['url: "https://octobus.test#f"', 'url', 'url must not contain a fragment', true],
      ['url: "https://octobus.test:0"', 'url', 'url must have a port', true],
      ['url: "https://octobus.test:70000"', 'url', 'url must have a port', true],
      ['url: "https://octo bus.test"', 'url', 'url must have a host', true],
      ['url: "https://********"', 'url', 'url must not contain the redaction placeholder', true],
      ['url: "https://octobus.test", token: "********"', 'token', 'token must not be the redaction placeholder', true],
      ['url: {}', 'url', 'expected scalar, got mapping', undefined],
      ['url: "https://octobus.test", path: a', 'path', 'unknown field', undefined],
    ] as const
  ).map(([body, field, detail, beyondSchema]): RefusedCase => ({
    name: `octobus server {${body}}`,
    text: OCTOBUS(body),
    expected: [`octobus_servers.company.${field}: ${detail}`],
    ...(beyondSchema ? { beyondSchema } : {}),
  })),
  {
    name: 'an octobus server with a bad name',
    text: 'octobus_servers: {Company: {url: "https://o.test"}}\n',
    expected: ['octobus_servers.Company: server name must match'],
  },
  {
    name: 'a capset of an undefined server',
    text: agent('capset_ids: [x/search]'),
    expected: ['agents.reviewer.capset_ids[0]: octobus server "x" is not defined'],
    beyondSchema: true,
  },
  {
    name: 'a capset with a bad name',
    text: agent('capset_ids: ["1a"]'),
    expected: ['agents.reviewer.capset_ids[0]: capability set "1a" must be'],
    beyondSchema: true,
  },
  {
    name: 'an MCP server without a type',
    text: 'mcp_servers: {a: {command: c}}\n',
    expected: ['mcp_servers.a.type: type is required'],
  },
  {
    name: 'an MCP server of another type',
    text: 'mcp_servers: {a: {type: stdio, command: c}}\n',
    expected: ['mcp_servers.a.type: must be local or remote'],
  },
  {
    name: 'a local MCP server without a command',
    text: 'mcp_servers: {a: {type: local}}\n',
    expected: ['mcp_servers.a.command: command is required for local mcp'],
    beyondSchema: true,
  },
  {
    name: 'a local MCP server with an address',
    text: 'mcp_servers: {a: {type: local, command: c, url: u}}\n',
    expected: ['mcp_servers.a.url: url is not allowed for local mcp'],
    beyondSchema: true,
  },
  {
    name: 'a remote MCP server without a transport',
    text: 'mcp_servers: {a: {type: remote, url: u}}\n',
    expected: ['mcp_servers.a.transport: transport must be sse or http for remote mcp'],
    beyondSchema: true,
  },
  {
    name: 'a remote MCP server with a command',
    text: 'mcp_servers: {a: {type: remote, transport: http, url: u, command: c}}\n',
    expected: ['mcp_servers.a.command: command is not allowed for remote mcp'],
    beyondSchema: true,
  },
  {
    name: 'an undefined MCP server',
    text: agent('mcp_servers: x'),
    expected: ['agents.reviewer.mcp_servers: mcp "x" is not defined'],
    beyondSchema: true,
  },
  {
    name: 'an MCP server without a name',
    text: agent('mcp_servers: {type: local, command: c}'),
    expected: ['agents.reviewer.mcp_servers.name: name is required'],
  },
  {
    name: 'an MCP server twice',
    text: agent('mcp_servers: [{name: a, type: local, command: c}, {name: a, type: local, command: d}]'),
    expected: ['agents.reviewer.mcp_servers[1]: duplicate mcp "a"'],
    beyondSchema: true,
  },
  {
    name: 'a volume driver',
    text: 'volumes: {a: {driver: nfs}}\n',
    expected: ['volumes.a.driver: must be local, got "nfs"'],
  },
  { name: 'a volume name', text: 'volumes: {a: {name: "-x"}}\n', expected: ['volumes.a.name: must match'] },
  {
    name: 'a relative mount target',
    text: agent('volumes: ["a:b"]'),
    expected: ['agents.reviewer.volumes[0]: volume target "b" must be an absolute path'],
    beyondSchema: true,
  },
  {
    name: 'a mount target twice',
    text: agent('volumes: ["a:/x", {source: b, target: /x}]'),
    expected: ['agents.reviewer.volumes[1].target: duplicate volume target "/x"'],
    beyondSchema: true,
  },
  {
    name: 'a mount mode',
    text: agent('volumes: ["a:/x:rx"]'),
    expected: ['agents.reviewer.volumes[0]: volume "a:/x:rx" must be source:target'],
    beyondSchema: true,
  },
  {
    name: 'a bad project name',
    text: 'name: Shop\n',
    expected: ['name: project name must match ^[a-z0-9][a-z0-9_-]*$'],
  },
  {
    name: 'an unknown provider',
    text: agent('provider: cluade'),
    expected: ['agents.reviewer.provider: unknown provider "cluade" (did you mean "claude"?)'],
    beyondSchema: true,
  },
  {
    name: 'a provider that is built in',
    text: 'providers: {claude: {command: c}}\n',
    expected: ['providers.claude: provider "claude" is built in'],
    beyondSchema: true,
  },
  {
    name: 'a provider without a command',
    text: 'providers: {mine: {}}\n',
    expected: ['providers.mine.command: command is required'],
  },
  {
    name: 'an unknown template',
    text: 'providers: {mine: {command: c, args: ["{{prmpt}}"]}}\n',
    expected: ['providers.mine.args[0]: unknown template {{prmpt}}'],
    beyondSchema: true,
  },
  {
    name: 'a result in plain text',
    text: 'providers: {mine: {command: c, output: {result: a}}}\n',
    expected: ['providers.mine.output.result: result needs the output format json or jsonl'],
    beyondSchema: true,
  },
  {
    name: 'a hand-off to nobody',
    text: agent('handoff: {on_response: x}'),
    expected: ['agents.reviewer.handoff.on_response: agent "x" is not defined'],
    beyondSchema: true,
  },
  {
    name: 'a hand-off to itself',
    text: agent('handoff: {on_response: reviewer}'),
    expected: ['agents.reviewer.handoff.on_response: agent "reviewer" must not hand off to itself'],
    beyondSchema: true,
  },
  {
    name: 'a timeout without a unit',
    text: agent('timeout: 30'),
    expected: ['agents.reviewer.timeout: invalid duration: "30" has no unit, write for example 30s'],
  },
  {
    name: 'a concurrency of zero',
    text: agent('concurrency: 0'),
    expected: ['agents.reviewer.concurrency: must be at least 1'],
  },
  {
    name: 'permissions',
    text: agent('permissions: yolo'),
    expected: ['agents.reviewer.permissions: must be confined, ask or auto, got "yolo"'],
  },
  {
    name: 'a size',
    text: agent('resources: {memory: lots}'),
    expected: ['agents.reviewer.resources.memory: must be a size such as 512m or 4g'],
  },
];
