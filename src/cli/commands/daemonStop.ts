import { isAppError } from '../../base/errors.js';
import { processExists } from '../../node/processIdentity.js';
import { systemClock } from '../../client/systemClock.js';
import { defineCommand } from '../command.js';

export const daemonStop = defineCommand({
  name: 'daemon stop',
  summary: 'end the running host; agents keep running',
  details:
    'The next host takes the agents over. Without a running host there is nothing to do, and the exit status is 0.',
  async run({ connectRunning, out, json, signal }) {
    const pid = await stop();
    if (pid !== undefined) await waitForEnd(pid, signal);
    if (json) out.json({ stopped: pid !== undefined, ...(pid !== undefined && { pid }) });
    else out.line(pid === undefined ? 'No host is running.' : `The host (${pid}) has ended.`);
    return 0;

    async function stop(): Promise<number | undefined> {
      try {
        const client = await connectRunning();
        await client.host.shutdown({ reason: 'asked for by `muster daemon stop`' }, { signal });
        return client.endpoint.pid;
      } catch (error) {
        // One that lives and does not answer is not none.
        if (isAppError(error, 'host.unreachable') && error.data.socket === '') return undefined;
        throw error;
      }
    }
  },
});

/** The end of a process that is not ours has no event. */
async function waitForEnd(pid: number, signal: AbortSignal): Promise<void> {
  while (processExists(pid)) await systemClock.sleep(20, signal);
}
