import { AppError } from '../../base/errors.js';
import { scriptReading } from '../../base/shellScript.js';
import type { Guest } from '../sandboxes/sandboxDriver.js';
import type { LiveInput } from './liveInput.js';

export interface OwnCommand {
  readonly prompt: string;
  /** It comes while the command runs; missing: there is none, or it is in the script. */
  readonly input?: LiveInput | undefined;
}

interface CommandTerms {
  readonly input: LiveInput | undefined;
  /** It is to have an input, which is in the memory of the host that it was dispatched with. */
  readonly isLive: boolean;
  readonly guest: Pick<Guest, 'hasPipes'>;
}

/** A person's own command, which has its input with it where that cannot come while it runs. Errors: `request.invalid`; the signal's reason. */
export async function ownCommand(
  prompt: string,
  { input, isLive, guest }: CommandTerms,
  signal: AbortSignal,
): Promise<OwnCommand> {
  if (isLive && !input) throw notStarted('whoever gave its input is gone', 'Run it again.');
  if (!input || guest.hasPipes) return { prompt, input };
  if (input.terminal) throw notStarted('a terminal does not lead to where this agent works');
  return { prompt: scriptReading(await input.whole(signal), prompt) };
}

function notStarted(reason: string, advice = ''): AppError<'request.invalid'> {
  const message = `The command was not started: ${reason}. ${advice}`.trimEnd();
  return new AppError('request.invalid', message, { field: 'input', reason });
}
