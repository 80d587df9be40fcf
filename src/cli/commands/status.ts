import { isAppError } from '../../base/errors.js';
import type { HostServices } from '../../client/hostServices.js';
import { defineCommand } from '../command.js';
import { formatDuration } from '../../protocol/displayFormat.js';
import { roomFacts, roomReasons, toPlaceRoom } from '../../protocol/roomWords.js';
import type { PlaceRoom } from '../../protocol/webview/placeRoom.js';
import { webviewStrings } from '../../protocol/webview/webviewStrings.js';
import type { GetStatusResponse } from '../../protocol/gen/muster/v1/host_pb.js';
import { roomShape } from '../output/roomJson.js';
import { oneLine } from '../output/terminalText.js';
import { optional } from '../output/wireJson.js';
import { orUndefined } from '../output/wireText.js';
import { formatTable } from '../output/table.js';
import { startedDrivers } from '../../base/startedDrivers.js';

export const status = defineCommand({
  name: 'status',
  summary: 'tell about the running host',
  details:
    'It does not start one: without a host the exit status is 3. Of clusters and engines that agents run on it tells what room there is, as far as these say.',
  async run({ connectRunning, out, json, compat, signal }) {
    const client = await connectRunning();
    const host = await client.host.getStatus({}, { signal });
    if (compat !== undefined) {
      out.json(answerOfDaemon(host));
      return 0;
    }
    const rooms = await roomsOf(client, signal);
    if (json) {
      out.json({
        pid: host.pid,
        version: host.version,
        state_dir: host.stateDir,
        socket: host.socket,
        ...optional({ url: orUndefined(host.url) }),
        uptime_s: host.uptimeS,
        active_runs: host.activeRuns,
        queued_runs: host.queuedRuns,
        run_limit: host.runLimit,
        clients: host.clients,
        protocol: host.protocol,
        mode: host.mode,
        node_version: host.nodeVersion,
        ...(rooms.length > 0 && { places: rooms.map(roomShape) }),
      });
      return 0;
    }
    const rows = [
      ['version', host.version],
      ['pid', String(host.pid)],
      ['up for', formatDuration(host.uptimeS * 1000)],
      ['runs', `${host.activeRuns} active of at most ${host.runLimit}, ${host.queuedRuns} queued`],
      ['clients', String(host.clients)],
      ['state', host.stateDir],
      ['socket', host.socket],
      ...(host.url === '' ? [] : [['address', host.url]]),
      ['node', host.nodeVersion],
      ...rooms.map(room => [room.driver, roomText(room)]),
    ];
    for (const line of formatTable(rows.map(row => row.map(text => ({ text }))))) out.line(line);
    return 0;
  },
});

/** Where agents run that do not run on the host's machine. A host that is older than the question has nothing to say. */
async function roomsOf({ sandboxes }: Pick<HostServices, 'sandboxes'>, signal: AbortSignal): Promise<PlaceRoom[]> {
  try {
    return (await sandboxes.listCapacity({}, { signal })).places.map(toPlaceRoom);
  } catch (error) {
    if (isAppError(error, 'feature.unsupported')) return [];
    throw error;
  }
}

function roomText(room: PlaceRoom): string {
  const facts = [...roomFacts(room, webviewStrings), ...roomReasons(room, webviewStrings)];
  return `${oneLine(room.name)}: ${facts.map(oneLine).join(' · ')}`;
}

/** What agent-compose's daemon answers, which its `status` prints as it is. */
function answerOfDaemon({ version }: GetStatusResponse): object {
  const now = new Date();
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return {
    err: '',
    msg: '',
    data: {
      timestamp: now.toISOString(),
      timezone: timeZone,
      timezone_offset: -now.getTimezoneOffset() * 60,
      version,
      os: process.platform,
      arch: process.arch,
      compiled_drivers: startedDrivers,
    },
  };
}
