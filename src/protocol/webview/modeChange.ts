import type { ChangedFile } from '../gen/muster/v1/threads_pb.js';

/** What a new mode of a file means to a reader. */
export const modeChanges = ['executable', 'notExecutable', 'otherMode'] as const;
export type ModeChange = (typeof modeChanges)[number];

/** Undefined when the file has the mode that it had. */
export function modeChange({ oldMode, mode }: Pick<ChangedFile, 'oldMode' | 'mode'>): ModeChange | undefined {
  if (mode === '' || mode === oldMode) return undefined;
  if (oldMode === '100644' && mode === '100755') return 'executable';
  if (oldMode === '100755' && mode === '100644') return 'notExecutable';
  return 'otherMode';
}
