import { credentialFields, envValue, texts } from './commonFields.js';
import type { Fields, MappingShape } from './shape.js';
import { bool, dictionary, field, IDENTIFIER, list, mapping, oneOf, text } from './shape.js';

const LOCAL = 'type: local\ncommand: tickets-mcp';
const REMOTE = 'type: remote\ntransport: http\nurl: https://example.com/mcp';

const mcpFields: Fields = {
  type: field(
    oneOf([
      { value: 'local', doc: 'A command on the machine of the agent.' },
      { value: 'remote', doc: 'A server at an address.' },
    ]),
    'How the server is reached.',
    LOCAL,
    { required: true, era: 'head' },
  ),
  command: field(text(), 'With `local`: the program to start.', LOCAL, { era: 'head' }),
  args: field(texts, 'With `local`: its arguments.', `${LOCAL}\nargs: [--read-only]`, { era: 'head' }),
  env: field(
    dictionary('variable', 'TICKETS_URL', envValue),
    'With `local`: environment variables for it.',
    `${LOCAL}\nenv:\n  LANG: C`,
    {
      era: 'head',
      interpolated: true,
    },
  ),
  transport: field(
    oneOf([
      { value: 'sse', doc: 'Server-sent events.' },
      { value: 'http', doc: 'Streamable HTTP.' },
    ]),
    'With `remote`: the protocol.',
    REMOTE,
    { era: 'head' },
  ),
  url: field(text(), 'With `remote`: the address.', REMOTE, { era: 'head', interpolated: true }),
  headers: field(
    dictionary('header', 'Authorization', envValue),
    'With `remote`: HTTP headers. A header with `${NAME}` in it is treated as a secret.',
    `${REMOTE}\nheaders:\n  Authorization: "Bearer \${MCP_TOKEN}"`,
    { era: 'head', interpolated: true },
  ),
};

/** `mcp_servers.<name>`. */
export const mcpServer: MappingShape = mapping(mcpFields);

const mcpInline = mapping({
  name: field(text({ nonEmpty: true }), 'Name of the server, unique for the agent.', `name: tickets\n${LOCAL}`, {
    required: true,
    era: 'head',
  }),
  ...withNameInExamples(mcpFields),
});

function withNameInExamples(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, { ...value, example: `name: tickets\n${value.example}` }]),
  );
}

const mcpReference = text({ nonEmpty: true });

/** `agents.<name>.mcp_servers`. */
export const agentMcpServers = {
  kind: 'choice',
  scalar: mcpReference,
  mapping: mcpInline,
  list: list({ kind: 'choice', scalar: mcpReference, mapping: mcpInline }),
} as const;

export const octobusServer: MappingShape = mapping({
  url: field(
    text({ nonEmpty: true }),
    'Address of the server: http or https, host and port only.',
    'url: https://octobus.example.com',
    {
      required: true,
      era: 'head',
      interpolated: true,
    },
  ),
  token: field(text(), 'Token for it.', 'url: https://octobus.example.com\ntoken: "${OCTOBUS_TOKEN}"', {
    era: 'head',
    interpolated: true,
  }),
});

const SKILL = 'name: review\nprovider: file\npath: skills/review';

export const skill: MappingShape = mapping({
  name: field(text(), `Name of the skill, unique for the agent; it must match \`${IDENTIFIER}\`.`, SKILL, {
    fallback: 'the last part of `path` or `url`, in the letters of a name',
    era: 'head',
    interpolated: true,
  }),
  provider: field(
    text({
      nonEmpty: true,
      proposals: [
        { value: 'file', doc: 'A folder of the project.' },
        { value: 'http', doc: 'A zip archive to download.' },
        { value: 'git', doc: 'A folder of another repository.' },
      ],
    }),
    'Where the skill comes from: `file`, `http` or `git`.',
    SKILL,
    { required: true, era: 'head', interpolated: true },
  ),
  url: field(
    text(),
    'Address of the archive or repository.',
    'name: review\nprovider: git\nurl: https://example.com/skills.git',
    {
      era: 'head',
      interpolated: true,
    },
  ),
  path: field(text(), 'Folder of the skill; it holds a `SKILL.md`.', SKILL, { era: 'head', interpolated: true }),
  ref: field(
    text(),
    'With `git`: branch, tag or commit.',
    'name: review\nprovider: git\nurl: https://example.com/skills.git\nref: v1',
    {
      era: 'head',
      interpolated: true,
    },
  ),
  format: field(
    text(),
    'With `http`: `zip`, which must be written; with `file` it may be.',
    'name: review\nprovider: http\nurl: https://example.com/review.zip\nformat: zip',
    {
      era: 'head',
      interpolated: true,
    },
  ),
  ...credentialFields('name: review\nprovider: git\nurl: https://example.com/skills.git'),
});

export const VOLUME_NAME = '^[A-Za-z0-9][A-Za-z0-9_.-]*$';

/** `volumes.<key>`. */
export const volume: MappingShape = mapping({
  name: field(text({ pattern: VOLUME_NAME }), 'Name of the volume at the driver.', 'name: npm-cache', {
    era: 'head',
    fallback: 'the key',
  }),
  driver: field(oneOf([{ value: 'local', doc: 'A folder of the host.' }]), 'Who stores it.', 'driver: local', {
    era: 'head',
    fallback: 'local',
  }),
  external: field(bool, 'The volume exists already and is not removed.', 'external: true', {
    era: 'head',
    fallback: 'false',
  }),
  labels: field(dictionary('label', 'team', text()), 'Labels of the volume.', 'labels:\n  team: web', {
    era: 'head',
    planned: true,
  }),
  options: field(dictionary('option', 'size', text()), 'Options for the driver.', 'options:\n  size: 1g', {
    era: 'head',
    planned: true,
  }),
});

const MOUNT = 'source: cache\ntarget: /cache';

/** An item of `agents.<name>.volumes`. */
export const mount = {
  kind: 'choice',
  scalar: text({ nonEmpty: true }),
  mapping: mapping({
    type: field(
      oneOf([
        { value: 'volume', doc: 'A volume of the project.' },
        { value: 'bind', doc: 'A folder of the machine.' },
      ]),
      'What `source` is. Left out: `bind` for a path that starts with `/` or `.`, otherwise `volume`.',
      `type: volume\n${MOUNT}`,
      { era: 'head' },
    ),
    source: field(text({ nonEmpty: true }), 'Key of `volumes`, or a path.', MOUNT, {
      required: true,
      era: 'head',
      refersTo: 'volume',
    }),
    target: field(text({ nonEmpty: true }), 'Absolute path inside the sandbox, used once per agent.', MOUNT, {
      required: true,
      era: 'head',
    }),
    read_only: field(bool, 'The agent may not write to it.', `${MOUNT}\nread_only: true`, {
      era: 'head',
      fallback: 'false',
    }),
  }),
} as const;
