import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testHome, type Programs, type TestHome } from './hostProcess.ts';
import { tempDirectory } from './tempDirectory.ts';

export interface TimedHome extends TestHome {
  /** Sets the time of day of the host, which goes on from there. */
  setTime(at: number): void;
}

/** A home whose hosts have a time of day of the test's own; builds for tests alone know of it. */
export function timedHome(programs: Programs, start: number): TimedHome {
  const clock = join(tempDirectory(), 'clock');
  const setTime = (at: number): void => writeFileSync(clock, String(at - Date.now()));
  setTime(start);
  return { ...testHome(programs, { env: { MUSTER_TEST_CLOCK: clock } }), setTime };
}
