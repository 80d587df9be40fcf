import { credentialFields } from './commonFields.js';
import type { Fields, MappingShape } from './shape.js';
import { field, IDENTIFIER, list, mapping, oneOf, oneOrMore, text } from './shape.js';

const GIT = 'provider: git\nurl: https://example.com/shop.git';

const provider = oneOf([
  { value: 'worktree', doc: 'A git worktree of this repository, one per thread.' },
  { value: 'shared', doc: "The user's own checkout, without isolation." },
  { value: 'thread', doc: 'The workspace of the thread the agent is called on; for reviewers.' },
  { value: 'file', doc: 'A copy of a folder of the project.', planned: true },
  { value: 'git', doc: 'A clone of another repository.', planned: true },
  { value: 'local', doc: 'The older word for `file`.', planned: true, spellingOf: 'file' },
]);

/** `workspace.repos[]`. */
const repo = mapping({
  path: field(
    text({ nonEmpty: true }),
    'Where the repository is, relative to the compose file. It has a checkout of its own beside the project.',
    'path: ../web',
    { era: 'muster', required: true },
  ),
  as: field(
    text({ pattern: IDENTIFIER }),
    'What it is called: in reviews, in messages, and in the variable `MUSTER_REPO_<NAME>` of each run.',
    'path: ../web-client\nas: web',
    { era: 'muster', fallback: 'the last part of the path' },
  ),
  base: field(
    text({ nonEmpty: true }),
    'Branch, tag or commit that its worktree starts from.',
    'path: ../web\nbase: main',
    {
      era: 'muster',
      fallback: 'what is checked out there',
    },
  ),
  target: field(text({ nonEmpty: true }), 'Branch that its changes go to.', 'path: ../web\ntarget: main', {
    era: 'muster',
    fallback: '`base`, where that is a branch',
  }),
  verify: field(
    oneOrMore(text({ nonEmpty: true })),
    'Shell commands that must succeed in it before any of the repositories is merged.',
    'path: ../web\nverify: npm test',
    { era: 'muster' },
  ),
});

const fields: Fields = {
  provider: field(
    provider,
    'Where the files come from. Left out, it is `worktree`, unless `path` or `url` is given.',
    'provider: worktree',
    { fallback: 'worktree' },
  ),
  base: field(text({ nonEmpty: true }), 'Branch, tag or commit that a worktree starts from.', 'base: main', {
    era: 'muster',
    fallback: 'what is checked out',
  }),
  fetch: field(
    oneOf([
      { value: 'auto', doc: 'If the last fetch is more than an hour ago; waits five seconds at most.' },
      { value: 'always', doc: 'Each time a worktree is made; waits a minute at most.' },
      { value: 'never', doc: 'Compares with what was fetched last.' },
    ]),
    'Whether to fetch the upstream of the base, to tell how far behind the base is. A remote out of reach is a note on the thread.',
    'fetch: never',
    { era: 'muster', fallback: 'auto' },
  ),
  branch_prefix: field(text({ nonEmpty: true }), 'What the names of branches begin with.', 'branch_prefix: agents/', {
    era: 'muster',
    fallback: 'muster/',
  }),
  repos: field(
    list(repo),
    'More repositories of this machine that each thread works in, each in a worktree of its own. They are merged together with the project’s, or none of them is.',
    'repos:\n  - path: ../web\n    target: main',
    { era: 'muster' },
  ),
  files: field(
    oneOrMore(text({ nonEmpty: true })),
    'Untracked files (paths or globs, relative to the repository) to copy from the checkout into the workspace.',
    'files: [.env, "config/*.local.json"]',
    { era: 'muster' },
  ),
  setup: field(
    oneOrMore(text({ nonEmpty: true })),
    'Shell commands to run, in order, in a new workspace before the first run.',
    'setup: npm ci',
    {
      era: 'muster',
    },
  ),
  teardown: field(
    oneOrMore(text({ nonEmpty: true })),
    'Shell commands to run, in order, before a workspace is removed.',
    'teardown: [docker compose down]',
    { era: 'muster' },
  ),
  ports: field(
    list(text({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' })),
    'Names of environment variables; each workspace gets a free port for each of them.',
    'ports: [PORT, API_PORT]',
    { era: 'muster' },
  ),
  access: field(
    oneOf([
      { value: 'read', doc: 'The agent is to leave the files as they are; when it does not, the thread says so.' },
      { value: 'write', doc: 'The agent may change the files.' },
    ]),
    'What an agent may do in the workspace of another thread; only with `provider: thread`.',
    'provider: thread\naccess: write',
    { era: 'muster', fallback: 'read' },
  ),
  path: field(
    text(),
    'With `file`: the folder to copy, relative to the compose file and inside its folder.',
    'provider: file\npath: .',
  ),
  url: field(
    text(),
    'With `git`: the repository to clone (http, https, ssh, git or file; no user name or password in it).',
    GIT,
  ),
  ref: field(text(), 'With `git`: branch, tag or commit to check out.', `${GIT}\nref: main`, {
    era: 'head',
    fallback: 'the default branch',
  }),
  branch: field(text(), 'With `git`: the older spelling of `ref`.', `${GIT}\nbranch: main`, {
    era: 'seed',
    spellingOf: 'ref',
  }),
  target: field(text(), 'Folder inside the workspace to put the files in.', `${GIT}\ntarget: shop`, {
    era: 'head',
    fallback: '`.`',
  }),
  format: field(text(), 'Kept for older files; no workspace provider accepts a value.', `${GIT}\nformat: ""`, {
    era: 'head',
  }),
  ...credentialFields(GIT),
};

/** `workspaces.<key>`. */
export const namedWorkspace: MappingShape = mapping({
  name: field(text(), 'A name to show instead of the key.', 'name: Web shop\nprovider: file\npath: .', { era: 'head' }),
  ...fields,
});

/** Top-level `workspace`: what agents without one of their own use. */
export const projectWorkspace: MappingShape = mapping(fields);

/** `agents.<name>.workspace`. */
export const agentWorkspace: MappingShape = mapping({
  name: field(
    text({ nonEmpty: true }),
    'Key of an entry of `workspaces`; no other field is given then.',
    'workspaces:\n  site:\n    provider: file\n    path: .\nagents:\n  dev:\n    provider: codex\n    workspace:\n      name: site',
    { era: 'head', refersTo: 'workspace' },
  ),
  ...fields,
});
