import { agent, trigger } from './readCompose.js';

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
  pooled:
    image: registry.test/agents
    driver:
      docker:
        hosts: ["ssh://build@one", "tcp://two:2376"]
  far:
    image: registry.test/agents
    driver:
      kubernetes:
        context: build
        namespace: agents
        service_account: robot
        node_selector: {pool: agents, "muster.test/zone": a}
        tolerations: [{key: agents, operator: Exists, effect: NoExecute, seconds: 60}, {key: other, value: "yes"}]
        runtime_class: kata
        image_pull_secrets: [registry, other]
        facade: muster-facade.muster
        storage: fast
        cache: {storage: shared, size: 20g, access_mode: ReadWriteMany}
`,
  },
  {
    name: 'optional values that are left empty',
    text: `name:
env_file:
variables:
volumes: {cache: }
limits: {concurrency: }
agents:
  idle:
  dev:
    enabled:
    build:
    driver:
    provider:
    timeout:
    workspace:
    sandbox: {stopped_runtime_policy: }
    jupyter: {enabled: , guest_port: }
    handoff:
    scheduler: {enabled: , sandbox_policy: , script: , triggers: [{cron: "@hourly", timezone: , prompt: , sandbox_policy: ~}]}
`,
  },
  {
    name: 'words in any case',
    text: `mcp_servers: {m: {type: Local, command: c}, r: {type: REMOTE, transport: SSE, url: u}}
agents:
  dev:
    provider: Claude_Code
    permissions: Auto
    volumes: ["cache:/c:RO", {type: Volume, source: a, target: /a}]
    skills: [{provider: File, path: skills/Review.Things}]
    scheduler: {sandbox_policy: Sticky, concurrency_policy: PARALLEL, triggers: [{cron: "@hourly", sandbox_policy: New}]}
`,
  },
  ...['Claude', 'CODEX', 'claude_code', 'gemini_cli', 'open_code'].map(name => ({
    name: `provider ${name}`,
    text: agent(`provider: ${name}`),
  })),
  {
    name: 'fields of the other kind of server that hold nothing',
    text: `mcp_servers:
  far: {type: remote, transport: http, url: u, args: [], env: {}, command: ""}
  near: {type: local, command: c, headers: {}, url: ""}
`,
  },
  { name: 'an empty script', text: agent('scheduler: {script: {}, triggers: [{cron: "@daily"}]}') },
  { name: 'a platform that is repeated', text: agent('build: {platforms: [linux/amd64, " linux/amd64", ""]}') },
  { name: 'an international host name', text: 'octobus_servers: {a: {url: "https://bücher.example:443"}}\n' },
  {
    name: 'credentials that nobody has set yet',
    text: agent('workspace: {provider: git, url: "https://git.test/r", username: "${U}", token: "${T}"}'),
  },
  { name: 'no agents', text: 'name: empty\nagents: {}\n' },
  { name: 'only a name', text: 'name: empty\n' },
  { name: 'JSON', text: '{"name": "json", "agents": {"dev": {"provider": "claude", "driver": {"docker": {}}}}}' },
  { name: 'network without a mode', text: 'network: {mode: }\nagents:\n  dev: {}\n' },
  { name: 'an empty environment value', text: agent('env: {A: "${EMPTY}"}'), env: { EMPTY: '' } },
  { name: 'forms that are not references', text: agent('env: {A: "$X ${1} ${ $"}') },
  { name: 'defaults, other texts and dollars', text: agent('env: {A: "${X:-d} ${X-} ${X:+o} $$ $${X}"}') },
  { name: 'a merge key', text: 'x-base: &base {provider: claude}\nagents:\n  dev:\n    <<: *base\n    model: opus\n' },
  { name: 'references where they are plain text', text: agent('system_prompt: "${NOPE}"', 'image: "${NOPE}"') },
  ...['a1', 'agent_1', 'code-review'].map(name => ({ name: `agent name ${name}`, text: `agents:\n  ${name}: {}\n` })),
  ...['claude', 'codex', 'gemini', 'opencode', 'demo', 'claude-code', 'gemini-cli', 'open-code', 'pi', 'pi-agent'].map(
    name => ({
      name: `provider ${name}`,
      text: agent(`provider: ${name}`),
    }),
  ),
];
