import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { glanceInto } from '../../node/looks.js';
import { makePrivateDirectory } from '../../node/privateDirectory.js';
import { writeWhole } from '../../node/runFiles.js';

/**
 * By what the pods of a state directory are known in a cluster, which others use too: its path alone is the same on many machines, and
 * whoever takes up the jobs of another host would remove them.
 */
export function stateMark(stateDir: string): string {
  const path = join(stateDir, 'cluster-mark');
  const known = glanceInto(path, { maxBytes: 64 });
  const text = known?.kind === 'file' ? known.bytes.toString('utf8').trim() : '';
  if (/^[0-9a-f]{24}$/.test(text)) return text;
  const mark = randomBytes(12).toString('hex');
  makePrivateDirectory(stateDir);
  writeWhole(path, mark);
  return mark;
}
