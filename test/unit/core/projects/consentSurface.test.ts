import { describe, expect, test } from 'vitest';
import { agreeTo, consentQuestion, isConsented, narrowConsent } from '../../../../src/core/projects/consent.js';
import { consentSurface } from '../../../../src/core/projects/consentSurface.js';
import { specOf } from '../../../support/projectSpecs.ts';

const agent = (fields: string): string => `name: shop\nagents: {dev: {provider: claude, ${fields}}}`;
const places = (text: string): readonly string[] => consentSurface(specOf(text)).map(({ place }) => place);

describe('what needs consent', () => {
  test.each([
    ['permissions: auto', 'agents.dev.permissions'],
    ['args: [--mcp-config, evil.json]', 'agents.dev.args'],
    ['env: {NODE_OPTIONS: "--require ./x.js"}', 'agents.dev.env.NODE_OPTIONS'],
    ['env: {PATH: "./bin:/usr/bin"}', 'agents.dev.env.PATH'],
    ['env: {LD_PRELOAD: ./x.so}', 'agents.dev.env.LD_PRELOAD'],
    ['env: {BASH_ENV: ./x.sh}', 'agents.dev.env.BASH_ENV'],
    ['env: {GIT_SSH_COMMAND: ./x}', 'agents.dev.env.GIT_SSH_COMMAND'],
    ['env: {ANTHROPIC_BASE_URL: "https://other.example"}', 'agents.dev.env.ANTHROPIC_BASE_URL'],
    ['env: {https_proxy: "http://other.example"}', 'agents.dev.env.https_proxy'],
    ['env: {NODE_EXTRA_CA_CERTS: ./ca.pem}', 'agents.dev.env.NODE_EXTRA_CA_CERTS'],
    ['env: {SOMETHING_NEW: "1"}', 'agents.dev.env.SOMETHING_NEW'],
    // A harmless name with a value that is none.
    ['env: {LANG: ../../evil}', 'agents.dev.env.LANG'],
    ['env: {TZ: ":/etc/passwd"}', 'agents.dev.env.TZ'],
    ['env: {LOG_LEVEL: {secret: true, value: abcdefgh}}', 'agents.dev.env.LOG_LEVEL'],
    ['may_dispatch: true', 'agents.dev.may_dispatch'],
    ["scheduler: {triggers: [{cron: '0 9 * * *', prompt: Look}]}", 'agents.dev.scheduler'],
    ['image: evil/image', 'agents.dev.image'],
    ['driver: {docker: {host: "tcp://other:2375"}}', 'agents.dev.driver.docker'],
    ['workspace: {provider: shared}', 'agents.dev.workspace'],
    ['workspace: {setup: [make]}', 'agents.dev.workspace.setup[0]'],
    ['workspace: {teardown: [make clean]}', 'agents.dev.workspace.teardown[0]'],
    ['workspace: {provider: git, url: "https://other.example/x.git"}', 'agents.dev.workspace'],
    ['mcp_servers: [{name: a, type: local, command: ./x}]', 'agents.dev.mcp_servers.a'],
    [
      'mcp_servers: [{name: a, type: remote, transport: http, url: "https://other.example"}]',
      'agents.dev.mcp_servers.a',
    ],
    ['skills: [{name: a, provider: git, url: "https://other.example/x.git"}]', 'agents.dev.skills.a'],
    ['volumes: [{type: bind, source: /etc, target: /mnt}]', 'agents.dev.volumes./mnt'],
    ['sandbox: {network: full}', 'agents.dev.sandbox.network'],
    ['sandbox: {network: [example.com]}', 'agents.dev.sandbox.network'],
    ['scheduler: {enabled: true, triggers: [], script: "run()"}', 'agents.dev.scheduler.script'],
  ])('%s', (fields, place) => {
    expect(places(agent(fields))).toContain(place);
  });

  test('says of every trigger what starts the agent', () => {
    const triggers =
      '[{name: a, cron: "0 9 * * *", prompt: Look}, {name: b, interval: 2h, prompt: Look}, {name: c, timeout: 90s, prompt: Look}]';
    const texts = consentSurface(specOf(agent(`scheduler: {triggers: ${triggers}}`))).map(({ text }) => text);
    expect(texts).toContain(
      'Agent dev is started without anybody: by the clock (`0 9 * * *`), the clock (every 2 h), the clock (once, after 90 s).',
    );
  });

  test('says what a container keeps from the agent, where one is', () => {
    const textOf = (fields: string): string | undefined =>
      consentSurface(specOf(agent(fields))).find(({ place }) => place === 'agents.dev.image')?.text;
    expect(textOf('image: node')).toBe(
      'Agent dev runs the image `node` in a container, where it may run any command. Of this machine it has its worktree, the history of the repository to read, and what this file gives it.',
    );
    expect(textOf('image: node, driver: {process: {}}')).toBe('Agent dev runs the image `node`.');
    expect(textOf('image: node, driver: {microsandbox: {}}')).toContain('in a virtual machine, where it may run');
  });

  test('says which cluster a repository is sent to, also when that is only the current one', () => {
    const textOfDriver = (fields: string): string =>
      consentSurface(specOf(agent(`image: node, driver: {kubernetes: {${fields}}}`))).find(({ place }) =>
        place.endsWith('driver.kubernetes'),
      )?.text ?? '';
    expect(textOfDriver('')).toBe(
      'Agent dev runs in pods of the current cluster of your kubeconfig. Its worktree, the history of the repository and what this file gives it are sent there.',
    );
    const fields =
      'context: build, namespace: agents, service_account: robot, node_selector: {pool: a}, tolerations: [{key: k, effect: NoSchedule}], runtime_class: kata, image_pull_secrets: [reg], storage: fast';
    const text = textOfDriver(fields);
    expect(text).toContain('of the cluster `build` (`namespace agents`, `serviceAccount robot`, `runtimeClass kata`');
    for (const said of ['storage fast', 'nodes with pool=a', 'tolerates k:NoSchedule', 'images with the secret reg'])
      expect(text).toContain(`\`${said}\``);
    expect(textOfDriver('facade: models.shared')).toMatch(
      / Its calls of models go to the service `models\.shared` there\.$/,
    );
    expect(textOfDriver('cache: {storage: shared, size: 1g, access_mode: ReadWriteMany}')).toContain(
      'The history stays there, in a volume (`storage shared, size 1073741824, access ReadWriteMany`) that all agents of the repository read.',
    );
  });

  test.each([
    ['', 'storage: a'],
    ['storage: a', 'storage: b'],
    ['', 'size: 1g'],
    ['', 'access_mode: ReadWriteMany'],
  ])('asks again when a cache is another one: %s, then %s', (before, after) => {
    const keys = (fields: string): readonly string[] =>
      consentSurface(specOf(agent(`image: node, driver: {kubernetes: {cache: {${fields}}}}`))).map(({ key }) => key);
    expect(keys(after)).not.toEqual(keys(before));
  });

  test.each([
    'context: other',
    'namespace: other',
    'service_account: other',
    'node_selector: {pool: other}',
    'tolerations: [{key: other}]',
    'runtime_class: other',
    'image_pull_secrets: [other]',
    'storage: other',
    'cache: {}',
    'facade: other',
  ])('asks again when a cluster is another one: %s', fields => {
    const keys = (driver: string): readonly string[] =>
      consentSurface(specOf(agent(`image: node, driver: {kubernetes: {${driver}}}`))).map(({ key }) => key);
    expect(keys(fields)).not.toEqual(keys(''));
  });

  test('says where hosts are reached from', () => {
    const fields = 'image: node, driver: {microsandbox: {profile: small}}, sandbox: {network: [example.com]}';
    const texts = consentSurface(specOf(agent(fields))).map(({ text }) => text);
    expect(texts).toContain('Agent dev reaches `example.com` from its virtual machine.');
    expect(texts).toContain('Agent dev runs in microsandbox with `profile small`.');
  });

  test.each([
    ['variables: {HTTPS_PROXY: "http://other.example"}', 'variables.HTTPS_PROXY'],
    ['providers: {mine: {command: ./run.sh}}', 'providers.mine'],
    ['providers: {mine: {command: cat, env: {PATH: ./bin}}}', 'providers.mine.env.PATH'],
    ['merge: {verify: [make test]}', 'merge.verify[0]'],
    ['hooks: {on_run_finished: [{command: ./notify}]}', 'on_run_finished[0]'],
    ['env_file: ../other/.env', 'env_file.../other/.env'],
    ['octobus_servers: {a: {url: "https://other.example"}}', 'octobus_servers.a'],
    ['volumes: {a: {options: {device: /}}}', 'volumes.a'],
  ])('of the project: %s', (fields, place) => {
    expect(places(`name: shop\n${fields}\nagents: {dev: {provider: claude}}`)).toContain(place);
  });

  test.each([
    'model: opus, timeout: 1h, system_prompt: Be careful.',
    'permissions: confined',
    'enabled: false, args: [--anything], permissions: auto',
    'env: {LOG_LEVEL: debug, NODE_ENV: test, TZ: Europe/Berlin, LC_ALL: C.UTF-8, APP_MODE: fast, CI: "1"}',
    'workspace: {base: main}',
  ])('nothing for: %s', fields => {
    expect(places(agent(fields))).toEqual([]);
  });

  test('shows what runs, without secrets and without characters that hide others', () => {
    const [secret, hidden] = consentSurface(
      specOf(agent('env: {A_TOKEN: abcdefgh12345678}, args: ["a\\u202Eb`\\u001b[2K"]')),
    ).toReversed();
    expect(secret?.text).toBe('Agent dev runs with A_TOKEN (a secret).');
    expect(hidden?.text).toContain('a\\u{202e}b');
    expect(hidden?.text).not.toContain('\u001b');
  });
});

describe('consent', () => {
  const first = specOf(agent('permissions: auto, env: {PATH: /opt/bin}'));

  test('is to each thing exactly as it is, in whatever spec it stands', () => {
    const consent = agreeTo(first, 'sha256:1');
    expect(isConsented(first, consent)).toBe(true);
    expect(isConsented(specOf(agent('permissions: auto, model: opus')), consent)).toBe(true);
    expect(isConsented(specOf(agent('permissions: auto, env: {PATH: /evil}')), consent)).toBe(false);
  });

  test('asks for what is new or another first, and says how much that is', () => {
    const next = specOf(agent('permissions: auto, env: {PATH: /evil}, args: [--verbose]'));
    const { reasons, changed } = consentQuestion(next, agreeTo(first, 'sha256:1'));
    expect(changed).toBe(2);
    expect(reasons.map(reason => /arguments|PATH|permissions/.exec(reason)?.[0])).toEqual([
      'arguments',
      'PATH',
      'permissions',
    ]);
  });

  test('of an earlier version, whose question showed less, is none', () => {
    const auto = specOf(agent('permissions: auto'));
    const earlier =
      'Agent dev (claude) runs on this machine with permissions: auto. It may run any command and change any file that you can.';
    expect(isConsented(auto, earlier)).toBe(false);
    expect(isConsented(specOf(agent('model: opus')), earlier)).toBe(true);
    for (const damaged of ['{', '{}', '{"specHash":1,"agreed":[]}', 'null'])
      expect(isConsented(auto, damaged)).toBe(false);
  });

  test('ends for what the file no longer asks for', () => {
    const narrowed = narrowConsent(agreeTo(first, 'sha256:1'), specOf(agent('permissions: auto')));
    expect(isConsented(specOf(agent('permissions: auto')), narrowed)).toBe(true);
    expect(isConsented(first, narrowed)).toBe(false);
  });
});
