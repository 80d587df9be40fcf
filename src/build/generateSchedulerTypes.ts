import { writeFile } from 'node:fs/promises';
import { schedulerDeclarations } from '../compose/script/schedulerApi.js';
import { inRepository } from './paths.ts';

/** `src/compose/script/schedulerApi.ts` → `media/scheduler.d.ts`. */
export async function generate(): Promise<void> {
  await writeFile(inRepository('media', 'scheduler.d.ts'), schedulerDeclarations());
}
