import { describe, expect, it } from 'vitest';
import { eraText, type EraText } from '../../../src/compose/output/era/eraText.js';
import { errorsOf } from './readCompose.js';

const env = (name: string): string | undefined => ({ HOST: 'wiki.test', PW: 'hunter2', MODEL: 'm' })[name];

function print(text: string, era: 'head' | 'seed', format: 'yaml' | 'json' = 'yaml'): EraText {
  expect(errorsOf(text, { HOST: 'wiki.test', PW: 'hunter2', MODEL: 'm' })).toEqual([]);
  return eraText(text, { era, format, env, folder: '/home/ada/shop', directoryName: 'shop' });
}

const HEAD_FILE = `variables:
  Z: last
  A: {value: "\${PW}", secret: true}
workspaces:
  site: {provider: File, path: ./web//}
  lib: {name: Library, provider: git, url: "ssh://git@git.test/lib.git", ref: v1, username: bot, password: "\${PW}"}
mcp_servers:
  wiki: {type: Remote, transport: SSE, url: "https://\${HOST}/mcp", headers: {X: "1"}}
  tickets: {type: local, command: tickets, args: [-v, " -v", -x]}
octobus_servers:
  company: {url: "https://octobus.test:8443/", token: "\${PW}"}
volumes:
  cache: {labels: {a10: x, a9: " y "}}
  data:
agents:
  ops: {}
  dev:
    provider: claude-code
    model: "\${MODEL}"
    system_prompt: |
      Be kind.
      Be brief.
    build: ./images
    env: {LEVEL: debug, ON: "yes"}
    mcp_servers: [wiki, tickets, wiki]
    capset_ids: [company/b, a, a]
    skills: [{provider: file, path: skills/zed}, {name: able, provider: HTTP, url: "https://x.test/a.zip", format: ZIP}]
    volumes: ["./z:/z/../zz:RO", {source: cache, target: /a}]
    workspace: {name: site}
    jupyter: {enabled: false, guest_port: 8890}
    scheduler:
      description: Nightly
      triggers:
        - {interval: 90m, prompt: "a: b"}
        - {name: n, cron: "@daily", timezone: Asia/Tokyo, sandbox_policy: Sticky}
        - {event: {topic: git.push}}
  old:
    enabled: false
    driver: {boxlite: {kernel: /k}}
    scheduler: {enabled: false, sandbox_policy: sticky, concurrency_policy: parallel, script: " go() "}
`;

const HEAD_TEXT = `name: shop
variables:
    - name: A
      value: '********'
      secret: true
    - name: Z
      value: last
workspaces:
    - key: lib
      name: Library
      provider: git
      url: ssh://git@git.test/lib.git
      ref: v1
      username: bot
      password: \${PW}
      target: .
    - key: site
      name: site
      provider: file
      path: web
      target: .
mcp_servers:
    - name: tickets
      type: local
      command: tickets
      args:
        - -v
        - -x
    - name: wiki
      type: remote
      transport: sse
      url: https://wiki.test/mcp
      headers:
        - name: X
          value: "1"
octobus_servers:
    - name: company
      url: https://octobus.test:8443
      token: '********'
volumes:
    - key: cache
      driver: local
      labels:
        a9: "y"
        a10: x
    - key: data
      driver: local
agents:
    - name: dev
      enabled: true
      provider: claude-code
      model: m
      system_prompt: |
        Be kind.
        Be brief.
      build:
        context: ./images
        dockerfile: Dockerfile
      driver:
        name: docker
        docker: {}
      env:
        - name: LEVEL
          value: debug
        - name: "ON"
          value: "yes"
      mcp_servers:
        - name: tickets
          type: local
          command: tickets
          args:
            - -v
            - -x
        - name: wiki
          type: remote
          transport: sse
          url: https://wiki.test/mcp
          headers:
            - name: X
              value: "1"
      capset_ids:
        - company/b
        - a
      skills:
        - name: zed
          provider: file
          path: /home/ada/shop/skills/zed
        - name: able
          provider: http
          url: https://x.test/a.zip
          format: zip
      volumes:
        - type: bind
          source: ./z
          target: /zz
          read_only: true
        - type: volume
          source: cache
          target: /a
      workspace:
        provider: file
        path: web
        target: .
      scheduler:
        enabled: true
        sandbox_policy: new
        concurrency_policy: skip
        description: Nightly
        triggers:
            - kind: interval
              interval: 90m
              prompt: 'a: b'
            - name: "n"
              kind: cron
              cron: '@daily'
              timezone: Asia/Tokyo
              sandbox_policy: sticky
            - kind: event
              event:
                topic: git.push
      jupyter:
        guest_port: 8890
    - name: old
      enabled: false
      driver:
        name: boxlite
        boxlite:
            kernel: /k
      scheduler:
        enabled: false
        sandbox_policy: sticky
        concurrency_policy: parallel
        script: go()
    - name: ops
      enabled: true
      driver:
        name: docker
        docker: {}
`;

const SEED_FILE = `name: demo
variables: {TOKEN: {value: "\${PW}", secret: true}, B: "<b>"}
workspace: {provider: git, url: " https://git.test/r.git ", branch: main, path: sub}
agents:
  reviewer:
    provider: codex
    env: {A: "\${HOST}"}
    capset_ids: [search, " search "]
    workspace: {provider: local, path: ./web}
    scheduler: {triggers: [{name: hourly, cron: "0 * * * *", prompt: Look.}, {timeout: 1.5s}]}
  writer: {image: debian, driver: {docker: {host: " unix:///d.sock "}}}
`;

const SEED_TEXT = `name: demo
variables:
    - name: B
      value: <b>
    - name: TOKEN
      value: '********'
      secret: true
workspace:
    provider: git
    url: https://git.test/r.git
    branch: main
    path: sub
agents:
    - name: reviewer
      provider: codex
      driver:
        name: docker
        docker: {}
      env:
        - name: A
          value: wiki.test
      capset_ids:
        - search
      workspace:
        provider: local
        path: ./web
      scheduler:
        enabled: true
        triggers:
            - name: hourly
              kind: cron
              cron: 0 * * * *
              prompt: Look.
            - kind: timeout
              timeout: 1.5s
    - name: writer
      image: debian
      driver:
        name: docker
        docker:
            host: unix:///d.sock
network:
    mode: default
`;

describe('the normal form of an era', () => {
  it('of sandboxes: words, order and durations as written, defaults spelled out, indented as Go does', () => {
    expect(print(HEAD_FILE, 'head')).toEqual({ text: HEAD_TEXT, leftOut: [] });
  });

  it('of sessions: one workspace for the project, and a network', () => {
    expect(print(SEED_FILE, 'seed')).toEqual({ text: SEED_TEXT, leftOut: [] });
  });

  it('is the same in JSON, with what Go escapes', async () => {
    const { parse } = await import('yaml');
    const { text } = print(SEED_FILE, 'seed', 'json');
    expect(text).toContain('"value":"\\u003cb\\u003e"');
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toEqual(parse(SEED_TEXT));
    expect(JSON.parse(print(HEAD_FILE, 'head', 'json').text)).toEqual(parse(HEAD_TEXT));
  });

  it('says the words of the other era in its own', () => {
    expect(print(SEED_FILE, 'head').text).toContain(
      '      workspace:\n        provider: git\n        url: https://git.test/r.git\n        ref: main\n        target: sub\n',
    );
    const seed = print(
      'workspaces: {w: {provider: git, url: u, ref: v, target: t}}\nagents: {a: {workspace: {name: w}}}\n',
      'seed',
    );
    expect(seed.text).toContain(
      '      workspace:\n        provider: git\n        url: u\n        branch: v\n        path: t\n',
    );
    expect(print('agents: {a: {workspace: {provider: file, path: .}}}\n', 'seed').text).toContain('provider: local\n');
  });

  it('names what the era does not know and leaves it out', () => {
    const file =
      'providers: {mine: {command: c}}\nagents: {a: {provider: mine, permissions: auto, jupyter: {enabled: true}}}\n';
    expect(print(file, 'head').leftOut).toEqual(['providers', 'agents.a.permissions']);
    expect(print(file, 'seed').leftOut).toEqual(['providers', 'agents.a.permissions', 'agents.a.jupyter']);
    expect(print(file, 'seed').text).not.toMatch(/permissions|jupyter|command/);
  });

  it('never holds a secret', () => {
    for (const era of ['head', 'seed'] as const)
      for (const file of [HEAD_FILE, SEED_FILE])
        for (const format of ['yaml', 'json'] as const) expect(print(file, era, format).text).not.toContain('hunter2');
  });
});
