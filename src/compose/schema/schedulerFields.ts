import { credentialFields, timezones } from './commonFields.js';
import type { MappingShape, ShapeValue } from './shape.js';
import { bool, dictionary, field, integer, list, mapping, oneOf, oneOrMore, text } from './shape.js';

const sandboxPolicies: readonly ShapeValue[] = [
  { value: 'new', doc: 'A fresh sandbox for each firing.' },
  { value: 'sticky', doc: 'The same sandbox each time.' },
  { value: 'reuse', doc: 'The same as `sticky`.' },
];

const overlaps: readonly ShapeValue[] = [
  { value: 'skip', doc: 'The firing is left out, and the history says so.' },
  { value: 'queue', doc: 'It waits for its turn.' },
  { value: 'parallel', doc: 'Runs may overlap.' },
  { value: 'replace', doc: 'Runs at work are cancelled.' },
];

const misfires: readonly ShapeValue[] = [
  { value: 'run_once', doc: 'All that was missed becomes one firing.' },
  { value: 'skip', doc: 'What was missed by more than two minutes is left out.' },
  { value: 'run_all', doc: 'Each missed moment fires, the newest hundred at most.' },
];

/** A day, or a time with or without an offset. */
const MOMENT = String.raw`^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$`;

export const cronPresets: readonly ShapeValue[] = [
  { value: '@hourly', doc: 'At the start of each hour.' },
  { value: '@daily', doc: 'At midnight.' },
  { value: '@weekly', doc: 'At midnight between Saturday and Sunday.' },
  { value: '@monthly', doc: 'At midnight on the first of the month.' },
  { value: '@yearly', doc: 'At midnight on the first of January.' },
  { value: '@every 15m', doc: 'Every 15 minutes.' },
  { value: '*/10 * * * *', doc: 'Every ten minutes.' },
  { value: '0 9 * * 1-5', doc: 'At 09:00 from Monday to Friday.' },
];

const CRON = 'cron: "0 9 * * 1-5"';

const trigger: MappingShape = mapping(
  {
    name: field(text(), 'A name for lists and logs, unique in its scheduler.', `name: morning\n${CRON}`),
    cron: field(
      text({ format: 'cron', nonEmpty: true, emptyText: 'cron expression is required', proposals: cronPresets }),
      'Fires by the calendar: five fields (minute, hour, day of month, month, day of week), optionally seconds before them; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@every 1h`.',
      CRON,
    ),
    interval: field(text({ format: 'positiveDuration' }), 'Fires again and again with this pause.', 'interval: 1h30m'),
    timeout: field(
      text({ format: 'positiveDuration' }),
      'Fires once, this long after the project was applied.',
      'timeout: 15s',
    ),
    event: field(
      mapping({
        topic: field(
          text({ nonEmpty: true, emptyText: 'event trigger topic is required' }),
          'The topic to listen to: exact, or the beginning of it followed by `*`.',
          'topic: webhook.github.push',
          { required: true },
        ),
        where: field(
          dictionary('path', 'action', oneOrMore(text())),
          'Only events whose payload has these values: a dotted path, and a value or a list of which one must be there. A `*` at the end of a value stands for any end.',
          'topic: webhook.github.pull_request\nwhere:\n  action: [opened, synchronize]\n  pull_request.base.ref: main',
          { era: 'muster' },
        ),
      }),
      'Fires when an event with this topic arrives.',
      'event:\n  topic: webhook.github.*',
    ),
    prompt: field(text(), 'The task of the run.', `${CRON}\nprompt: Check the open pull requests.`, {
      fallback: '`Run agent NAME.`',
    }),
    timezone: field(
      text({ nonEmpty: true, proposals: timezones }),
      'Time zone of `cron`: an IANA name or `local`.',
      `${CRON}\ntimezone: Europe/Berlin`,
      { era: 'head', fallback: 'local', refersTo: 'timezone' },
    ),
    sandbox_policy: field(
      oneOf(sandboxPolicies),
      'Overrides the policy of the scheduler.',
      `${CRON}\nsandbox_policy: sticky`,
      {
        era: 'head',
        fallback: 'that of the scheduler',
      },
    ),
    overlap: field(
      oneOf(overlaps),
      'What happens to a firing while a run of this scheduler is active.',
      `${CRON}\noverlap: queue`,
      { era: 'muster', fallback: 'that of the scheduler; for events `queue`' },
    ),
    misfire: field(
      oneOf(misfires),
      'What happens to moments that passed while the machine slept or no host ran.',
      `${CRON}\nmisfire: skip`,
      { era: 'muster', fallback: 'that of the scheduler' },
    ),
    jitter: field(
      text({ format: 'positiveDuration' }),
      'Each moment is late by up to so much, so that not everything starts at once; the same moment always by the same.',
      `${CRON}\njitter: 10m`,
      { era: 'muster' },
    ),
    max_runs: field(integer(1), 'After so many runs it fires no more.', `${CRON}\nmax_runs: 20`, { era: 'muster' }),
    until: field(
      text({ pattern: MOMENT, refusedText: 'must be a day or a time such as 2030-01-31T18:00Z, got "%s"' }),
      'The last day, or the last moment, at which it may fire.',
      `${CRON}\nuntil: 2030-12-31`,
      { era: 'muster' },
    ),
  },
  { exactlyOne: { names: ['cron', 'interval', 'timeout', 'event'], text: 'trigger requires exactly one kind' } },
);

const SCRIPT = 'provider: file\npath: nightly.js';

const scriptSource: MappingShape = mapping(
  {
    provider: field(
      oneOf([
        { value: 'file', doc: 'A file of the project.' },
        { value: 'http', doc: 'A download.' },
        { value: 'git', doc: 'A file of another repository.' },
      ]),
      'Where the script comes from.',
      SCRIPT,
      { required: true, era: 'head' },
    ),
    path: field(text(), 'Path of the script, relative to the compose file or to the root of the repository.', SCRIPT, {
      era: 'head',
    }),
    url: field(
      text(),
      'Address of the script or of the repository.',
      'provider: http\nurl: https://example.com/nightly.js',
      { era: 'head' },
    ),
    ref: field(
      text(),
      'With `git`: branch, tag or commit.',
      'provider: git\nurl: https://example.com/scripts.git\npath: nightly.js\nref: v2',
      {
        era: 'head',
      },
    ),
    ...credentialFields('provider: http\nurl: https://example.com/nightly.js'),
  },
  { mayBeEmpty: true },
);

export const scheduler: MappingShape = mapping({
  enabled: field(bool, 'Whether its triggers fire.', 'enabled: false', { fallback: 'true' }),
  display_name: field(text(), 'A name to show.', 'display_name: Nightly work', { era: 'head' }),
  description: field(text(), 'What it is for.', 'description: Keeps the dependencies fresh.', { era: 'head' }),
  sandbox_policy: field(oneOf(sandboxPolicies), 'Which sandbox the runs use.', 'sandbox_policy: sticky', {
    era: 'head',
    fallback: 'new',
  }),
  concurrency_policy: field(
    oneOf([
      { value: 'skip', doc: 'A firing during a run is left out.' },
      { value: 'parallel', doc: 'Runs may overlap.' },
    ]),
    'What happens when a trigger fires while a run of this scheduler is active.',
    'concurrency_policy: parallel',
    { era: 'head', fallback: 'skip' },
  ),
  overlap: field(
    oneOf(overlaps),
    'What happens when a trigger fires while a run of this scheduler is active; `concurrency_policy` with two more words. Not together with it.',
    'overlap: queue',
    { era: 'muster', fallback: '`concurrency_policy`; for events `queue`' },
  ),
  misfire: field(
    oneOf(misfires),
    'What happens to moments that passed while the machine slept or no host ran.',
    'misfire: skip',
    { era: 'muster', fallback: 'run_once' },
  ),
  triggers: field(
    list(trigger),
    'What starts runs: each item has a schedule (`cron`, `interval`, `timeout`) or an `event`, and a `prompt`. Not together with `script`.',
    `triggers:\n  - name: hourly\n    cron: "@hourly"`,
    { keywords: ['cron', 'schedule', 'interval', 'event'] },
  ),
  script: field(
    { kind: 'choice', scalar: text(), mapping: scriptSource },
    'JavaScript that registers triggers and decides what to run; in the file or from a source. Not together with `triggers`.',
    'script: |\n  scheduler.cron("0 * * * *", () => scheduler.agent("Look around."));',
  ),
});
