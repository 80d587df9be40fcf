import type { AgentErrorReason } from '../agentEvent.js';
import type { ProcessExit, Provider, RunConclusion, RunDigest } from '../provider.js';

/** What {@link concludeRun} must know of a CLI. */
export interface CliFacts {
  /** As people know it, such as `Claude Code`. */
  readonly title: string;
  readonly fix: Provider['fix'];
  /** True when a run that worked always ends with a `result` event. */
  readonly alwaysSaysResult: boolean;
}

/**
 * The outcome of a run. An error event is a failure whatever the exit code; without one the exit code decides, and
 * standard error says why.
 */
export function concludeRun(exit: ProcessExit, digest: RunDigest, cli: CliFacts): RunConclusion {
  const stderr = readableTail(digest.stderrTail);
  if (digest.errors.length > 0) {
    const known = digest.errors.find(error => error.reason !== 'other');
    const reason = known?.reason ?? classify(stderr);
    const detail = (known ?? digest.errors.at(-1))?.message ?? '';
    return failed(cli, reason, detail);
  }
  if (exit.code === 0) {
    if (digest.sawResult || !cli.alwaysSaysResult) return { kind: 'succeeded', answer: digest.answer };
    return failed(cli, classify(stderr), stderr || 'it ended without an answer');
  }
  const how =
    exit.code === undefined ? `it was ended by ${exit.signal ?? 'a signal'}` : `it ended with code ${exit.code}`;
  if (exit.code === undefined) return failed(cli, 'interrupted', stderr === '' ? how : `${how}; ${stderr}`);
  return failed(cli, classify(stderr), stderr || `${how} and said nothing`);
}

/** The kind of trouble that an error text of a CLI or of its model provider tells of. */
export function classify(text: string): AgentErrorReason {
  return patterns.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}

/** The kind of trouble behind an HTTP status of the model provider. */
export function reasonOfStatus(status: number | undefined): AgentErrorReason | undefined {
  switch (status) {
    case 401:
    case 403:
      return 'not_logged_in';
    case 404:
      return 'model_unknown';
    case 402:
      return 'quota';
    case 429:
      return 'rate_limited';
    default:
      return status !== undefined && status >= 500 && status < 600 ? 'unavailable' : undefined;
  }
}

/** In this order: a refusal of a model or a limit may also speak of keys and accounts. */
const patterns: readonly (readonly [RegExp, AgentErrorReason])[] = [
  [
    /no (conversation|rollout|session) found|session not found|invalid session identifier|error resuming session/i,
    'conversation_missing',
  ],
  [/\b(status|code|error)\D{0,12}429\b|too many requests|rate.?limit|resource.?exhausted/i, 'rate_limited'],
  [/quota|usage limit|spending limit|billing|out of credits|insufficient.{0,10}(funds|credit|balance)/i, 'quota'],
  [
    /model.{0,60}(not found|not exist|not supported|unknown|invalid)|(unknown|invalid|no such) model|ModelNotFound/i,
    'model_unknown',
  ],
  [
    /\b(status|code|error)\D{0,12}40[13]\b|unauthori[sz]ed|unauthenticated|not logged in|log ?in\b|api.?key|credential|auth(entication)? (failed|error|method)|missing environment variable/i,
    'not_logged_in',
  ],
  [/budget|max.{0,20}usd/i, 'budget'],
  [
    /\b(status|code|error)\D{0,12}5\d\d\b|overloaded|service unavailable|bad gateway|internal server error|ECONN(REFUSED|RESET)|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|connection (refused|reset|error)|network error|stream (error|disconnected)|error sending request/i,
    'unavailable',
  ],
];

function failed(cli: CliFacts, reason: AgentErrorReason, detail: string): RunConclusion {
  return {
    kind: 'failed',
    reason,
    message: sentences(`${cli.title} ${verdicts[reason]}: ${detail}`, fixOf(cli, reason)),
  };
}

const verdicts: Readonly<Record<AgentErrorReason, string>> = {
  not_logged_in: 'is not logged in',
  rate_limited: 'was turned away by a rate or usage limit',
  quota: 'has used up its quota',
  unavailable: 'could not reach its model',
  conversation_missing: 'does not know the conversation to go on with',
  model_unknown: 'cannot use the model',
  budget: 'stopped at its budget',
  interrupted: 'was interrupted',
  other: 'failed',
};

function fixOf(cli: CliFacts, reason: AgentErrorReason): string {
  switch (reason) {
    case 'not_logged_in':
      return cli.fix.login;
    case 'rate_limited':
      return 'Try again later, or give the agent another model or account.';
    case 'quota':
      return 'Wait for the next period, pay for more, or give the agent another account or model.';
    case 'unavailable':
      return 'Try again; `retries` in the compose file does that by itself.';
    case 'conversation_missing':
      return 'The next message to this agent starts a new conversation.';
    case 'model_unknown':
      return 'Correct the model of the agent in the compose file, or leave it out for the default.';
    case 'budget':
      return 'Raise the budget or send a smaller task.';
    case 'interrupted':
    case 'other':
      return '';
  }
}

function sentences(first: string, second: string): string {
  const line = first.replace(/\s+/g, ' ').trim();
  const ended = /[.!?]$/.test(line) ? line : `${line}.`;
  return second === '' ? ended : `${ended} ${second}`;
}

const escape = String.fromCharCode(27);
const ansi = new RegExp(`${escape}\\[[0-9;?]*[A-Za-z]`, 'g');
/** What some CLIs print on standard error although nothing is wrong, and stack frames. */
const noise = /^\s*(at |\d+: <unknown>|Stack backtrace|Warning: 256-color|\[STARTUP\]|Ripgrep is not|YOLO mode)/;
const maxTailLines = 6;
const maxTail = 800;

/** The last meaningful lines of standard error in one line. */
function readableTail(stderrTail: string): string {
  const lines = stderrTail
    .replace(ansi, '')
    .split(/\r?\n/)
    .filter(line => line.trim() !== '' && !noise.test(line))
    .map(line => line.trim());
  return lines.slice(-maxTailLines).join(' ').slice(0, maxTail);
}
