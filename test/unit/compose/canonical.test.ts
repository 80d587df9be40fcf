import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson, canonicalYaml } from '../../../src/compose/output/canonicalText.js';
import { specHash } from '../../../src/compose/output/specHash.js';
import type { ProjectSpec } from '../../../src/compose/projectSpec.js';
import { agent, read } from './readCompose.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function spec(text: string, env: Record<string, string> = {}): ProjectSpec {
  const result = read(text, env);
  if (!result.spec) throw new Error(result.diagnostics.map(found => found.message).join('\n'));
  return result.spec;
}

const hash = (text: string, env: Record<string, string> = {}): string => specHash(spec(text, env), { sha256 });

const BASE = `name: shop
variables: {A: one, B: two}
agents:
  dev:
    provider: claude
    env: {X: "1"}
    scheduler:
      triggers:
        - {name: hourly, cron: "0 * * * *", prompt: Look.}
  ops:
    provider: codex
`;

describe('the hash of a project', () => {
  it('is a named digest', () => {
    expect(hash(BASE)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.each([
    [
      'the order of keys',
      'agents:\n  ops: {}\n  dev:\n    scheduler:\n      triggers:\n        - {prompt: Look., cron: "0 * * * *", name: hourly}\n    env: {X: "1"}\n    provider: claude\nvariables: {B: two, A: one}\nname: shop\n',
    ],
    [
      'JSON',
      '{"name":"shop","variables":{"A":"one","B":"two"},"agents":{"dev":{"provider":"claude","env":{"X":1},"scheduler":{"triggers":[{"name":"hourly","cron":"0 * * * *","prompt":"Look."}]}},"ops":{}}}',
    ],
    [
      'defaults that are written out',
      `${BASE.replace('provider: codex', 'provider: codex\n    enabled: true\n    driver: {process: {}}\n    workspace: {provider: worktree}\n    sandbox: {stopped_runtime_policy: remove}\n    jupyter: {enabled: false, guest_port: 0}\n    env: {}\n    args: []')}network: {mode: default}\nmerge: {strategy: merge, batch: 1}\nlimits: {}\n`,
    ],
    [
      'a scheduler default',
      BASE.replace(
        'scheduler:',
        'scheduler:\n      enabled: true\n      sandbox_policy: new\n      concurrency_policy: skip',
      ),
    ],
    ['the long form of a variable', BASE.replace('A: one', 'A: {value: one, secret: false}')],
    ['a provider alias', BASE.replace('provider: claude', 'provider: claude-code')],
    ['the local zone', BASE.replace('cron: "0', 'timezone: local, cron: "0')],
    [
      'defaults for all agents',
      BASE.replace('agents:', 'defaults: {provider: codex}\nagents:').replace(
        '    provider: codex\n',
        '    enabled: true\n',
      ),
    ],
    ['the name of the folder', BASE.replace('name: shop\n', '')],
    ['comments and quotes', `# hello\n${BASE.replace('provider: claude', 'provider: "claude" # quoted')}`],
  ])('does not depend on %s', (_, text) => {
    expect(canonicalJson(spec(text), { redacted: false })).toBe(canonicalJson(spec(BASE), { redacted: false }));
    expect(hash(text)).toBe(hash(BASE));
  });

  it.each([
    [
      'older and newer workspace fields',
      agent('workspace: {provider: git, url: u, branch: b, path: p}'),
      agent('workspace: {provider: git, url: u, ref: b, target: p}'),
    ],
    [
      'local and file',
      agent('workspace: {provider: local, path: ./a/}'),
      agent('workspace: {provider: FILE, path: a}'),
    ],
    [
      'a project workspace and one per agent',
      `workspace: {base: main}\n${agent('{}').replace('    {}\n', '    provider: codex\n')}`,
      agent('workspace: {base: main}'),
    ],
    ['durations', agent('timeout: 90s'), agent('timeout: 1m30s')],
    ['sizes', agent('resources: {memory: 1g}'), agent('resources: {memory: 1024MiB}')],
    [
      'short and long mounts',
      agent('volumes: ["./a:/a:ro"]'),
      agent('volumes: [{type: bind, source: ./a, target: /a, read_only: true}]'),
    ],
    ['a build and its context', agent('build: ./x'), agent('build: {context: ./x, dockerfile: Dockerfile}')],
    ['one and a list of one', agent('workspace: {setup: a}'), agent('workspace: {setup: [a]}')],
    [
      'sticky schedules',
      agent('scheduler: {sandbox_policy: sticky, triggers: [{cron: "@daily", sandbox_policy: sticky}]}'),
      agent('scheduler: {sandbox_policy: reuse, triggers: [{cron: "@daily", sandbox_policy: reuse}]}'),
    ],
    ['repeated capsets', agent('capset_ids: [a, b, a]'), agent('capset_ids: [" a ", b, ""]')],
  ])('does not depend on the spelling of %s', (_, one, other) => {
    expect(hash(one)).toBe(hash(other));
  });

  it.each([
    ['a name', BASE.replace('name: shop', 'name: shop2')],
    ['a provider', BASE.replace('claude', 'gemini')],
    ['a variable', BASE.replace('one', 'three')],
    ['what is secret', BASE.replace('A: one', 'A: {value: one, secret: true}')],
    ['an agent', `${BASE}  more: {}\n`],
    ['a trigger', BASE.replace('0 * * * *', '5 * * * *')],
    ['a prompt', BASE.replace('Look.', 'Look!')],
    ['whether it is enabled', BASE.replace('scheduler:', 'scheduler:\n      enabled: false')],
    ['an environment variable', BASE.replace('X: "1"', 'X: "2"')],
    ['a driver', BASE.replace('provider: codex', 'provider: codex\n    driver: {docker: {}}')],
    ['a limit', `${BASE}limits: {concurrency: 2}\n`],
    ['a verification', `${BASE}merge: {verify: npm test}\n`],
    ['a workspace', BASE.replace('provider: codex', 'workspace: {base: next}')],
  ])('changes with %s', (_, text) => {
    expect(hash(text)).not.toBe(hash(BASE));
  });

  it('changes with a script', () => {
    const script = (text: string): string => agent('scheduler:', `  script: ${text}`);
    expect(hash(script('a()'))).not.toBe(hash(script('b()')));
  });

  it('changes with a resolved value but not with a secret behind a reference', () => {
    const text = (secret: boolean): string => `variables: {A: {value: "\${V}", secret: ${secret}}}\n`;
    expect(hash(text(false), { V: 'a' })).not.toBe(hash(text(false), { V: 'b' }));
    expect(hash(text(true), { V: 'a' })).toBe(hash(text(true), { V: 'b' }));
  });

  it('takes secrets of the file through the keyed digest', () => {
    const seen: string[] = [];
    const secretDigest = (secret: string): string => {
      seen.push(secret);
      return `digest-${secret.length}`;
    };
    specHash(spec('variables: {A: {value: abc, secret: true}, B: {value: "${V}", secret: true}}\n', { V: 'v' }), {
      sha256,
      secretDigest,
    });
    expect(seen).toEqual(['abc']);
  });
});

describe('the normal form', () => {
  const text = `variables:
  Z: last
  PLAIN: "\${WHERE}"
  HIDDEN: {value: "\${TOKEN}", secret: true}
  LITERAL: {value: literal-secret, secret: true}
mcp_servers: {m: {type: remote, transport: http, url: "https://m.test", headers: {Authorization: "Bearer \${TOKEN}"}}}
octobus_servers: {o: {url: "https://o.test", token: octobus-secret}}
agents:
  zed: {}
  abc:
    env: {KEY: {value: "x-\${TOKEN}", secret: true}}
    mcp_servers: m
    scheduler:
      script: |
        // keeps every  space
        scheduler.log("\${TOKEN}");
`;
  const project = spec(text, { TOKEN: 'resolved-secret', WHERE: 'here' });

  it('never holds the value of a secret reference', () => {
    expect(JSON.stringify(project)).not.toContain('resolved-secret');
    expect(canonicalJson(project, { redacted: false })).not.toContain('resolved-secret');
  });

  it('shows stars for every secret when redacted, and plain values resolved', () => {
    for (const shown of [canonicalJson(project, { redacted: true }), canonicalYaml(project, { redacted: true })]) {
      expect(shown).not.toMatch(/resolved-secret|literal-secret|octobus-secret/);
      expect(shown).toContain('********');
      expect(shown).toContain('here');
      expect(shown).toContain('keeps every  space');
    }
  });

  it('is one line of JSON with sorted lists', () => {
    const shown = canonicalJson(project, { redacted: true });
    expect(shown).not.toContain('\n');
    expect(JSON.parse(shown)).toMatchObject({
      variables: [
        { name: 'HIDDEN', value: '********', secret: true },
        { name: 'LITERAL' },
        { name: 'PLAIN', value: 'here' },
        { name: 'Z' },
      ],
      agents: [
        { name: 'abc', driver: { name: 'process', process: {} } },
        { name: 'zed', provider: 'codex' },
      ],
      network: { mode: 'default' },
    });
  });

  it('keeps the shape of the reference for containers and triggers', () => {
    const shown = JSON.parse(
      canonicalJson(
        spec(agent('image: i', 'scheduler: {triggers: [{name: t, event: {topic: a.*}}, {interval: 90s}]}')),
        { redacted: true },
      ),
    );
    expect(shown.agents[0]).toMatchObject({
      image: 'i',
      driver: { name: 'docker', docker: {} },
      scheduler: {
        enabled: true,
        triggers: [
          { name: 't', kind: 'event', event: { topic: 'a.*' } },
          { kind: 'interval', interval: '1m30s' },
        ],
      },
    });
  });

  it('says the same in YAML and JSON, twice', async () => {
    const { parse } = await import('yaml');
    expect(parse(canonicalYaml(project, { redacted: false }))).toEqual(
      JSON.parse(canonicalJson(project, { redacted: false })),
    );
    expect(canonicalYaml(spec(text, { TOKEN: 't', WHERE: 'here' }), { redacted: false })).toBe(
      canonicalYaml(project, { redacted: false }),
    );
  });
});

describe('what is not changed on the way', () => {
  const agentOf = (text: string): Record<string, unknown> =>
    (
      JSON.parse(canonicalJson(spec(text, { U: 'ghp_token' }), { redacted: true })) as {
        agents: Record<string, unknown>[];
      }
    ).agents[0] ?? {};

  it('a name that comes from a variable is hidden, one that stands in the file is not', () => {
    const workspace = (name: string): string =>
      agent(`workspace: {provider: git, url: "https://git.test/r", username: "${name}"}`);
    expect(agentOf(workspace('${U}'))).toMatchObject({ workspace: { username: '********' } });
    expect(agentOf(workspace('bot'))).toMatchObject({ workspace: { username: 'bot' } });
    expect(canonicalJson(spec(workspace('${U}'), { U: 'ghp_token' }), { redacted: false })).not.toContain('ghp_token');
  });

  it.each([
    [
      'parts of a millisecond',
      'scheduler: {triggers: [{interval: 1.5ms}]}',
      { scheduler: { triggers: [{ interval: '1.5ms' }] } },
    ],
    ['a backslash', 'workspace: {provider: file, path: "a\\\\b/./c"}', { workspace: { path: 'a\\b/c' } }],
    [
      'the names of skills',
      'skills: [{provider: git, url: "https://x.test/My.Skill.git/"}]',
      { skills: [{ name: 'my-skill' }] },
    ],
    ['a target that is written in a roundabout way', 'volumes: ["a:/x/./y//"]', { volumes: [{ target: '/x/y' }] }],
  ])('%s', (_, body, expected) => {
    expect(agentOf(agent(body))).toMatchObject(expected);
  });

  it('a server that is named twice is kept once, with a warning', () => {
    const text = `mcp_servers: {m: {type: local, command: c}}\n${agent('mcp_servers: [m, m]')}`;
    expect(
      read(text)
        .diagnostics.filter(found => found.code === 'compose.suspicious')
        .map(found => found.path),
    ).toEqual(['agents.reviewer.mcp_servers[1]']);
    expect(spec(text).agents[0]?.mcpServers).toHaveLength(1);
  });
});

describe('what agents get', () => {
  it.each([
    ['no image: a process', agent('provider: claude'), 'process'],
    ['an image: a container', agent('image: debian'), 'docker'],
    ['a build: a container', agent('build: .'), 'docker'],
    ['what is written', agent('image: debian', 'driver: {process: {}}'), 'process'],
  ])('driver, with %s', (_, text, driver) => {
    expect(spec(text).agents[0]?.driver.name).toBe(driver);
  });

  it('defaults, with env merged by name and the rest replaced', () => {
    const project =
      spec(`defaults: {provider: gemini, model: m, timeout: 1h, args: [a], env: {A: d, B: d}, workspace: {base: main, setup: x}}
agents:
  one: {}
  two: {provider: claude, args: [], env: {B: own}, workspace: {base: next}}
`);
    expect(project.agents).toMatchObject([
      {
        name: 'one',
        provider: 'gemini',
        model: 'm',
        timeoutMs: 3_600_000,
        args: ['a'],
        workspace: { base: 'main', setup: ['x'] },
      },
      {
        name: 'two',
        provider: 'claude',
        model: 'm',
        args: [],
        env: [
          { name: 'A', value: 'd' },
          { name: 'B', value: 'own' },
        ],
        workspace: { base: 'next', setup: [] },
      },
    ]);
  });

  it('a problem of the defaults once, however many agents there are', () => {
    const { diagnostics } = read('defaults: {model: "${NOPE}"}\nagents: {a: {}, b: {}, c: {}}\n');
    expect(diagnostics.map(found => found.path)).toEqual(['defaults.model']);
  });

  it('the workspace they name', () => {
    const project = spec(
      'workspaces: {site: {provider: file, path: web}}\nagents: {a: {workspace: {name: site}}, b: {}}\n',
    );
    expect(project.agents.map(found => found.workspace)).toMatchObject([
      { provider: 'file', name: 'site', path: 'web', target: '.' },
      { provider: 'worktree' },
    ]);
  });

  it('project names that are made from folders', async () => {
    const { cleanProjectName } = await import('../../../src/compose/normalize/normalizeProject.js');
    expect(
      ['Agent.Compose_Name', '---Foo.Bar', '___123.Project', 'foo--BAR__', '---...'].map(cleanProjectName),
    ).toEqual(['agentcompose_name', 'foobar', '123project', 'foo--bar__', '']);
  });
});
