import type { LandingWork } from './mergeContext.js';
import { readStartTime } from '../../../node/processIdentity.js';
import type { GitRun } from '../command/gitCommand.js';
import { silenceText } from '../command/silence.js';

/**
 * A command that moves what people work with is never ended because it takes long: when it stands still they are told where,
 * and it goes on until they cancel.
 */
export function patiently({
  onNotice,
  context,
  landing,
}: Pick<LandingWork, 'onNotice' | 'context' | 'landing'>): Pick<GitRun, 'onSilent' | 'onStarted' | 'silenceMs'> {
  return {
    silenceMs: context.silenceMs,
    onSilent: silence => {
      onNotice(`${silenceText(silence)}. The merge goes on when that ends; \`muster cancel\` ends the merge.`);
      return 'wait';
    },
    onStarted: pid => context.journal.save({ ...landing, process: { pid, startTime: readStartTime(pid) } }),
  };
}
