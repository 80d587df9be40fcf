import { refusedParts } from './refusedParts.js';
import { refusedRepos } from './refusedRepos.js';
import type { RefusedCase } from './refusedCase.js';
import { agent, trigger } from './readCompose.js';

const NAME_RULE = 'agent name must match ^[a-z][a-z0-9_-]*$';
const T0 = 'agents.reviewer.scheduler.triggers[0]';

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
    name: 'several Docker Engines beside one, and an address that is none',
    text: agent('driver: {docker: {host: "unix:///d", hosts: ["ssh://one", "two:2376"]}}'),
    expected: [
      'agents.reviewer.driver.docker.hosts: hosts and host cannot both be given',
      'agents.reviewer.driver.docker.hosts[1]: invalid engine two:2376: write ssh://user@host, tcp://host:port or unix:///path',
    ],
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
  ...refusedParts,
  ...refusedRepos,
];
