import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import { scriptReading } from '../../base/shellScript.js';
import type { Guest } from '../sandboxes/sandboxDriver.js';
import type { LiveInput, LiveInputs } from './liveInput.js';
import type { Run } from './run.js';
import type { RunLimits } from './runSupervisor.js';

export interface OwnCommand {
  readonly prompt: string;
  /** It comes while the command runs; missing: there is none, or it is in the script. */
  readonly input?: LiveInput | undefined;
}

interface CommandTerms {
  /** Where it is to have an input, that is in the memory of the host that it was dispatched with. */
  readonly run: Pick<Run, 'id' | 'liveInput'>;
  readonly inputs: Pick<LiveInputs, 'of'>;
  readonly guest: Pick<Guest, 'hasPipes'>;
  readonly limits: Pick<RunLimits, 'wallClockMs'>;
  readonly clock: Clock;
}

/** A person's own command, which has its input with it where that cannot come while it runs. Errors: `request.invalid`, also when the run's time is over before all of it is there; the signal's reason. */
export async function ownCommand(
  prompt: string,
  { run, inputs, guest, limits, clock }: CommandTerms,
  signal: AbortSignal,
): Promise<OwnCommand> {
  const input = inputs.of(run.id);
  if (run.liveInput === true && !input) throw notStarted('whoever gave its input is gone', 'Run it again.');
  if (!input || guest.hasPipes) return { prompt, input };
  if (input.terminal) throw notStarted('a terminal does not lead to where this agent works');
  return { prompt: scriptReading(await wholeInTime(input, { limits, clock }, signal), prompt) };
}

/** Its run waits for all of it, at the expense of others that could work: no longer than the same command could read it where there are pipes. */
async function wholeInTime(
  input: LiveInput,
  { limits: { wallClockMs }, clock }: Pick<CommandTerms, 'limits' | 'clock'>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (wallClockMs <= 0) return await input.whole(signal);
  const read = new AbortController();
  const late = async (): Promise<never> => {
    await clock.sleep(wallClockMs, read.signal);
    throw notStarted(`its input did not end within ${wallClockMs / 1000} s, which is all the time that it has`);
  };
  try {
    return await Promise.race([input.whole(signal), late()]);
  } finally {
    read.abort();
  }
}

function notStarted(reason: string, advice = ''): AppError<'request.invalid'> {
  const message = `The command was not started: ${reason}. ${advice}`.trimEnd();
  return new AppError('request.invalid', message, { field: 'input', reason });
}
