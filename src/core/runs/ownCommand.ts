import { AppError } from '../../base/errors.js';
import { scriptReading } from '../../base/shellScript.js';
import type { Guest } from '../sandboxes/sandboxDriver.js';
import type { LiveInput } from './liveInput.js';

export interface OwnCommand {
  readonly prompt: string;
  /** It comes while the command runs; missing: there is none, or it is in the script. */
  readonly input?: LiveInput | undefined;
}

/** A person's own command, which has its input with it where that cannot come while it runs. Errors: `request.invalid`; the signal's reason. */
export async function ownCommand(
  prompt: string,
  { input, guest }: { readonly input: LiveInput | undefined; readonly guest: Pick<Guest, 'hasPipes'> },
  signal: AbortSignal,
): Promise<OwnCommand> {
  if (!input || guest.hasPipes) return { prompt, input };
  if (input.terminal) {
    const reason = 'a terminal does not lead to where this agent works';
    throw new AppError('request.invalid', `The command was not started: ${reason}.`, { field: 'input', reason });
  }
  return { prompt: scriptReading(await input.whole(signal), prompt) };
}
