import type { EraName } from './shapes.ts';

/** A command of agent-compose's command line, one row per era. */
export interface EraCommand {
  readonly era: EraName;
  readonly words: string;
  /** `--name` for a switch, `--name=` with a value, `-n` behind it for its short form. */
  readonly options: string;
  /** How the shape of its JSON is called, and what it is called with to print it. */
  readonly json?: { readonly shape: string; readonly args: readonly string[] };
  /** We do not have it: exit status 4, whatever follows. */
  readonly unsupported?: true;
}

const globalSeed = '--host= --file=-f --project-name= --json';
const globalHead = '--host= --file=-f --project-name=-p --json --timeout=';

function seed(words: string, options = '', json?: EraCommand['json']): EraCommand {
  return { era: 'seed', words, options: `${globalSeed} ${options}`.trim(), ...(json && { json }) };
}

function head(words: string, options = '', json?: EraCommand['json']): EraCommand {
  return { era: 'head', words, options: `${globalHead} ${options}`.trim(), ...(json && { json }) };
}

function missing(era: EraName, ...words: readonly string[]): readonly EraCommand[] {
  return words.map(word => ({ era, words: word, options: '', unsupported: true }));
}

const runHead =
  '--prompt= --command= --sandbox= --driver= --keep-running --rm --jupyter --jupyter-expose --detach-d --interactive-i --tty-t';

/** Every command of both eras. `T` stands for the thread and `R` for the run that the test's host has. */
export const eraCommands: readonly EraCommand[] = [
  seed('daemon'),
  seed('version', '', { shape: 'version', args: [] }),
  seed('status', '', { shape: 'answer', args: [] }),
  seed('config', '--quiet'),
  seed('up', '', { shape: 'up', args: [] }),
  seed('down', '', { shape: 'down', args: [] }),
  seed('run', '--prompt= --session-id= --keep-running', { shape: 'run', args: ['dev', 'Do', 'it'] }),
  seed('logs', '--agent= --run-id= --session-id= --follow', { shape: 'logs', args: [] }),
  seed('ps', '', { shape: 'ps', args: [] }),
  seed('exec', '--agent= --run-id= --session-id= --cwd=', { shape: 'exec', args: ['--session-id', 'T', 'true'] }),
  seed('inspect', '', { shape: 'inspectProject', args: ['project'] }),
  seed('inspect', '', { shape: 'inspectAgent', args: ['agent', 'dev'] }),
  seed('inspect', '', { shape: 'run', args: ['run', 'R'] }),
  seed('inspect', '', { shape: 'session', args: ['session', 'T'] }),
  seed('images', '--query= --all-a', { shape: 'images', args: [] }),
  seed('image ls', '--query= --all-a', { shape: 'images', args: [] }),
  seed('pull', '--platform=', { shape: 'pulled', args: ['node:24'] }),
  seed('image pull', '--platform=', { shape: 'pulled', args: ['node:24'] }),
  seed('pull', '--platform=', { shape: 'projectPulled', args: [] }),
  seed('rmi', '--force --prune-children', { shape: 'removed', args: ['node:24'] }),
  seed('image rm', '--force --prune-children', { shape: 'removed', args: ['node:24'] }),
  seed('image inspect', '', { shape: 'inspectImage', args: ['node:24'] }),

  head('daemon'),
  head('version', '', { shape: 'version', args: [] }),
  head('status', '', { shape: 'answer', args: [] }),
  head('config', '--quiet'),
  head('up', '', { shape: 'up', args: [] }),
  head('down', '', { shape: 'down', args: [] }),
  head('project ls', '--verbose --limit= --offset=', { shape: 'projects', args: [] }),
  head('project up', '', { shape: 'up', args: [] }),
  head('project down', '', { shape: 'down', args: [] }),
  head('agent ls', '', { shape: 'agents', args: [] }),
  head('ls', '', { shape: 'agents', args: [] }),
  head('run', runHead, { shape: 'run', args: ['dev', 'Do', 'it'] }),
  head('run', runHead, { shape: 'run', args: ['dev', '-d', 'Do', 'it'] }),
  head('logs', '--agent= --run= --sandbox= --follow --tail=-n --timestamp-t', { shape: 'logs', args: [] }),
  head('ps', '--all-a --status= --verbose', { shape: 'ps', args: ['-a'] }),
  head('sandbox ls', '--all-a --status= --verbose', { shape: 'ps', args: ['--all'] }),
  head('sandbox stop', '--graceful --force --grace-period=', { shape: 'actions', args: ['T'] }),
  head('sandbox resume', '', { shape: 'actions', args: ['T'] }),
  head('sandbox rm', '--force', { shape: 'actions', args: ['T'] }),
  head('sandbox prune', '--status= --agent= --driver= --older-than= --include-orphans --force', {
    shape: 'prune',
    args: [],
  }),
  head('stop', '--graceful --force --grace-period=', { shape: 'actions', args: ['T'] }),
  head('resume', '', { shape: 'actions', args: ['T'] }),
  head('rm', '--force', { shape: 'actions', args: ['T'] }),
  head('exec', '--run= --command= --prompt= --interactive-i --tty-t --cwd=', {
    shape: 'exec',
    args: ['T', '--', 'true'],
  }),
  head('scheduler ls', '--verbose', { shape: 'triggers', args: [] }),
  head('scheduler trigger', '--payload= --detach-d', { shape: 'startedRun', args: ['dev', '-d'] }),
  head('scheduler trigger', '--payload= --detach-d', { shape: 'startedRun', args: ['dev', 'nightly'] }),
  head('scheduler runs', '--trigger= --status= --limit=', { shape: 'schedulerRuns', args: [] }),
  head('scheduler runs', '--trigger= --status= --limit=', { shape: 'schedulerRuns', args: ['--status', 'succeeded'] }),
  head('scheduler logs', '--scheduler= --trigger= --run= --tail=-n', { shape: 'schedulerLogs', args: [] }),
  head('scheduler logs', '--scheduler= --trigger= --run= --tail=-n', { shape: 'schedulerLogs', args: ['--run', 'R'] }),
  head('scheduler inspect', '--scheduler=', { shape: 'inspectScheduler', args: ['dev'] }),
  head('scheduler inspect', '--scheduler=', { shape: 'inspectScheduler', args: ['nightly'] }),
  head('scheduler inspect', '--scheduler=', { shape: 'inspectScheduler', args: ['R'] }),
  head('scheduler invoke', '--payload=', { shape: 'invocation', args: ['script', '--payload', '{}'] }),
  head('scheduler prune', '--scheduler= --trigger= --status= --older-than= --force', {
    shape: 'schedulerPrune',
    args: ['--scheduler', 'dev', '--status', 'failed,skipped', '--older-than', '7d'],
  }),
  head('scheduler prune', '--scheduler= --trigger= --status= --older-than= --force', {
    shape: 'schedulerPrune',
    args: ['--force'],
  }),
  head('scheduler stop', '--reason=', { shape: 'stoppedRun', args: ['R'] }),
  head('inspect', '', { shape: 'inspectProject', args: ['project'] }),
  head('inspect', '', { shape: 'inspectAgent', args: ['agent', 'dev'] }),
  head('inspect', '', { shape: 'run', args: ['run', 'R'] }),
  head('inspect', '', { shape: 'sandbox', args: ['sandbox', 'T'] }),
  head('images', '--query= --all-a', { shape: 'images', args: [] }),
  head('image ls', '--query= --all-a', { shape: 'images', args: [] }),
  head('pull', '--platform=', { shape: 'pulled', args: ['node:24'] }),
  head('image pull', '--platform=', { shape: 'pulled', args: ['node:24'] }),
  head('pull', '--platform=', { shape: 'projectPulled', args: [] }),
  head('rmi', '--force --prune-children', { shape: 'removed', args: ['node:24'] }),
  head('image rm', '--force --prune-children', { shape: 'removed', args: ['node:24'] }),
  head('image inspect', '', { shape: 'inspectImage', args: ['node:24'] }),
  head('image build', '--tag=-t --dockerfile= --target= --build-arg= --platform= --no-cache --pull', {
    shape: 'built',
    args: ['-t', 'node:24', './'],
  }),
  head('build', '--tag=-t --dockerfile= --target= --build-arg= --platform= --no-cache --pull', {
    shape: 'built',
    args: ['-t', 'node:24', './'],
  }),
  head('stats', ''),
  head('volume ls', ''),
  head('volume create', ''),
  head('volume inspect', ''),
  head('volume rm', '--force'),
  head('volume prune', '--force'),
  ...missing('head', 'auth', 'cache'),
];

/** How an invocation ends. `host`: with a host that answers, one that never does, or none. */
export interface EraEnd {
  readonly eras: readonly EraName[];
  readonly args: readonly string[];
  readonly host: 'answers' | 'silent' | 'none';
  readonly status: number;
}

const both: readonly EraName[] = ['seed', 'head'];

/** agent-compose's exit statuses: 0 ok, 1 general, 2 usage and what does not exist, 3 no daemon, 4 not supported. */
export const eraEnds: readonly EraEnd[] = [
  { eras: both, args: [], host: 'answers', status: 0 },
  { eras: both, args: ['help'], host: 'none', status: 0 },
  { eras: both, args: ['version'], host: 'none', status: 0 },
  { eras: both, args: ['ps'], host: 'answers', status: 0 },
  { eras: both, args: ['down', '--json=false'], host: 'answers', status: 0 },
  { eras: both, args: ['logs', 'dev'], host: 'answers', status: 0 },
  { eras: ['head'], args: ['logs', 'dev', '--tail', '-1'], host: 'answers', status: 0 },
  { eras: ['head'], args: ['ps', '--all=false', '--status', 'running,stopped'], host: 'answers', status: 0 },
  { eras: both, args: ['nonsense'], host: 'none', status: 1 },
  { eras: both, args: ['nonsense', '--json'], host: 'none', status: 1 },
  { eras: both, args: ['ps', 'surplus'], host: 'answers', status: 1 },
  { eras: both, args: ['status', 'surplus'], host: 'answers', status: 1 },
  { eras: ['head'], args: ['project', 'ls', '--timeout', '50ms'], host: 'silent', status: 1 },
  { eras: both, args: ['ps', '--nonsense'], host: 'none', status: 2 },
  { eras: both, args: ['ps', '--host', 'ftp://x'], host: 'none', status: 2 },
  { eras: both, args: ['config', '-f', 'nowhere.yml'], host: 'none', status: 2 },
  { eras: both, args: ['up', '-f', 'nowhere.yml'], host: 'none', status: 2 },
  { eras: both, args: ['inspect', 'agent', 'nobody'], host: 'answers', status: 2 },
  { eras: both, args: ['logs', '--agent', 'nobody'], host: 'answers', status: 2 },
  { eras: both, args: ['logs', '--follow', '--json'], host: 'answers', status: 2 },
  { eras: both, args: ['run'], host: 'none', status: 2 },
  { eras: ['head'], args: ['run', 'dev', '--rm', '--keep-running', 'x'], host: 'answers', status: 2 },
  { eras: ['head'], args: ['run', 'dev', '--prompt', 'a', 'b'], host: 'answers', status: 2 },
  { eras: ['head'], args: ['ps', '--status', 'gone'], host: 'answers', status: 2 },
  { eras: ['head'], args: ['scheduler', 'runs', '--status', 'gone'], host: 'answers', status: 2 },
  { eras: ['head'], args: ['scheduler', 'stop', 'nobody'], host: 'answers', status: 2 },
  { eras: ['head'], args: ['scheduler', 'prune', '--status', 'running'], host: 'answers', status: 2 },
  { eras: ['head'], args: ['scheduler', 'prune', '--older-than', 'long'], host: 'answers', status: 2 },
  { eras: ['head'], args: ['scheduler', 'prune'], host: 'answers', status: 0 },
  { eras: ['head'], args: ['exec', 'T', '--cwd', 'nowhere', '--', 'true'], host: 'answers', status: 2 },
  { eras: both, args: ['status'], host: 'none', status: 3 },
  { eras: ['head'], args: ['run', 'dev', '-i'], host: 'answers', status: 4 },
  { eras: ['head'], args: ['sandbox', 'prune', '--force'], host: 'answers', status: 4 },
];

/** First lines of what is printed without `--json`. */
export const eraTables: readonly { readonly era: EraName; readonly args: readonly string[]; readonly lines: RegExp }[] =
  [
    { era: 'seed', args: ['ps'], lines: /^AGENT +SCHEDULER +LATEST RUN +RUN STATUS +SESSION +DRIVER +IMAGE\n/ },
    { era: 'head', args: ['ps', '-a'], lines: /^SANDBOX ID +AGENT +STATUS +RUN ID +CREATED +UPDATED\n/ },
    {
      era: 'head',
      args: ['ps', '-a', '--verbose'],
      lines: /^SANDBOX ID +AGENT +STATUS +RUN ID +CREATED +UPDATED +DRIVER +IMAGE +WORKSPACE\n/,
    },
    { era: 'head', args: ['sandbox', 'ls'], lines: /^SANDBOX ID +AGENT +STATUS +RUN ID +CREATED +UPDATED\n$/ },
    { era: 'head', args: ['agent', 'ls'], lines: /^AGENT +PROVIDER +MODEL +IMAGE +DRIVER +SCHEDULER\ndev +claude / },
    { era: 'head', args: ['project', 'ls'], lines: /^ID +NAME +CONFIG FILE +AGENTS +SCHEDULERS\n/ },
    {
      era: 'head',
      args: ['project', 'ls', '--verbose'],
      lines:
        /^ID +NAME +CONFIG FILE +REVISION +AGENTS +SCHEDULERS +SERVICES +PROJECT DIR +SPEC HASH +UPDATED +STATUS\n/,
    },
    {
      era: 'seed',
      args: ['down'],
      lines:
        /^Project: shop\nID: P\nRevision: 2\nSpec: sha256:x\nStatus: down\nAgents: 1\nSchedulers: 1\n\nACTION +TYPE +NAME +ID +MESSAGE\n/,
    },
    { era: 'head', args: ['up'], lines: /^ID +NAME +TYPE +ACTION +MESSAGE\nT +T +sandbox +updated +cancelled\n/ },
    { era: 'head', args: ['down'], lines: /^ID +NAME +TYPE +ACTION +MESSAGE\nT +T +sandbox +updated +cancelled\n/ },
    { era: 'head', args: ['logs', 'dev'], lines: /^dev-run-R \| one\ndev-run-R \| two\n$/ },
    { era: 'head', args: ['logs', 'dev', '-t'], lines: /^dev-run-R \[\S+Z\]\| one\n/ },
    { era: 'head', args: ['logs', 'dev', '-n', '1'], lines: /^dev-run-R \| two\n$/ },
    { era: 'seed', args: ['logs', 'dev'], lines: /^one\ntwo\n?$/ },
    {
      era: 'head',
      args: ['run', 'dev', '-d', 'x'],
      lines: /^Run: R\nSandbox: T\nStatus: succeeded\nLogs: muster logs --run-id R\n$/,
    },
    {
      era: 'head',
      args: ['scheduler', 'prune'],
      lines:
        /^Dry-run: 2 scheduler trigger run\(s\) matched; 2 would be removed, 0 skipped\.\nMatched related: 3 scheduler event\(s\), /,
    },
    {
      era: 'head',
      args: ['scheduler', 'prune', '--force'],
      lines: /^Removed 2 scheduler trigger run\(s\); 2 matched, 0 skipped\.\nRemoved related: /,
    },
    { era: 'head', args: ['stop', 'T'], lines: /^stopped sandbox T\n$/ },
    { era: 'head', args: ['rm', 'T'], lines: /^removed sandbox T\n$/ },
  ];
