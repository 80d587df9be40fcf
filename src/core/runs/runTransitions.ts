import { isConversationId } from '../agents/conversationId.js';
import { errorMessage } from '../../base/errors.js';
import { assertNever } from '../../base/exhaustive.js';
import type { RunConclusion } from '../agents/provider.js';
import { isRunActive, type Run } from './run.js';
import type { RunDigestState } from './runDigest.js';
import type { RunEnd } from './runSupervisor.js';

/**
 * How a run moves: `queued → starting → running ⇄ waiting → succeeded | failed | timed_out | cancelled | lost`.
 * Each function returns the run unchanged when the step does not apply, so that a late message changes nothing.
 */

/** Taken by the queue; a new owner raises the generation, which fences off every earlier one. */
export function claimRun(run: Run): Run {
  return run.status === 'queued' ? { ...run, status: 'starting', generation: run.generation + 1 } : run;
}

/** A host that starts again takes over a run of the one before. */
export function adoptRun(run: Run): Run {
  return isRunActive(run.status) && run.status !== 'queued' ? { ...run, generation: run.generation + 1 } : run;
}

/** The host ends before anything of the run was made: whoever claims it next begins anew. */
export function requeueRun(run: Run): Run {
  return run.status === 'starting' ? { ...run, status: 'queued' } : run;
}

export function startRun(run: Run, now: number): Run {
  return run.status === 'starting' ? { ...run, status: 'running', startedAt: now } : run;
}

/** It has asked a person something. */
export function waitRun(run: Run): Run {
  return run.status === 'running' ? { ...run, status: 'waiting' } : run;
}

/** Everything that it asked is answered. */
export function resumeRun(run: Run): Run {
  return run.status === 'waiting' ? { ...run, status: 'running' } : run;
}

/** A queued run ends without ever having had a process. */
export function cancelQueuedRun(run: Run, now: number): Run {
  return run.status === 'queued' ? { ...run, status: 'cancelled', endedAt: now, settled: true } : run;
}

/** What the digest knows, put where lists show it. */
export function withDigest(run: Run, digest: RunDigestState): Run {
  return {
    ...run,
    ...digest.usage,
    ...(digest.tests && digest.tests.ended.length > 0 ? { tests: digest.tests.ended } : {}),
    ...(digest.conversation === undefined ? {} : { conversation: digest.conversation }),
    ...(digest.activity === '' ? {} : { activity: digest.activity }),
  };
}

/** Ends an active run. `conclusion` is what the provider made of an `exited` end. */
export function endRun(
  run: Run,
  end: RunEnd,
  facts: { readonly now: number; readonly conclusion?: RunConclusion; readonly digest: RunDigestState },
): Run {
  if (!isRunActive(run.status)) return run;
  const ended: Run = {
    ...withDigest(run, facts.digest),
    endedAt: facts.now,
    settled: false,
    ...(facts.digest.answer === '' ? {} : { answer: facts.digest.answer }),
  };
  switch (end.kind) {
    case 'exited':
      return concluded(ended, end, facts.conclusion);
    case 'timed_out':
      return {
        ...ended,
        status: 'timed_out',
        error: {
          code: end.limit,
          message:
            end.limit === 'stall'
              ? 'The agent said nothing for longer than its stall_timeout and was stopped. Follow up to go on, or raise stall_timeout.'
              : 'The agent worked longer than its timeout and was stopped. Follow up to go on, or raise timeout.',
        },
      };
    case 'cancelled':
      return { ...ended, status: 'cancelled' };
    case 'lost':
      return {
        ...ended,
        status: 'lost',
        error: {
          code: 'lost',
          message: lostText(end),
        },
      };
    case 'not_started':
      return { ...ended, status: 'failed', error: notStarted(end.error) };
    case 'unrecordable':
      return {
        ...ended,
        status: 'failed',
        error: {
          code: 'unrecordable',
          message: `What the agent said could not be recorded (${errorMessage(end.error)}). Its output and its work are kept.`,
        },
      };
    default:
      return assertNever(end);
  }
}

function lostText({ started, why }: Extract<RunEnd, { kind: 'lost' }>): string {
  if (!started) return 'The host ended before the agent could start. Nothing ran.';
  if (why !== undefined) return `${why} What is here of its work is kept; follow up to go on.`;
  return 'The agent’s process is gone and left no exit status (a crash of the machine, it was killed, or its run directory was removed). Its work is kept; follow up to go on.';
}

function concluded(run: Run, end: Extract<RunEnd, { kind: 'exited' }>, conclusion: RunConclusion | undefined): Run {
  const exit = {
    ...(end.exit.code === undefined ? {} : { exitCode: end.exit.code }),
    ...(end.exit.signal === undefined ? {} : { signal: end.exit.signal }),
  };
  if (conclusion?.kind === 'succeeded') {
    return {
      ...run,
      ...exit,
      status: 'succeeded',
      ...(conclusion.answer === '' ? {} : { answer: conclusion.answer }),
      ...(isConversationId(conclusion.conversation ?? '') ? { conversation: conclusion.conversation } : {}),
    };
  }
  const error =
    conclusion === undefined
      ? { code: 'other', message: 'The run ended without a conclusion.' }
      : { code: conclusion.reason, message: conclusion.message };
  return { ...run, ...exit, status: 'failed', error };
}

function notStarted(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: 'not_started', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'not_started';
  return { code, message: error.message };
}
