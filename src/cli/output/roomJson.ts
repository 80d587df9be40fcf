import type { PlaceRoom } from '../../protocol/webview/placeRoom.js';

/** The shape in which `status --json` tells of a place's room; what is missing is not known. */
export function roomShape({ driver, name, agents, machines, cpus, memoryBytes, ...runs }: PlaceRoom) {
  return {
    driver,
    name,
    agents,
    ...(machines && { machines: machines.all, machines_ready: machines.ready }),
    ...(cpus && { cpus: cpus.has }),
    ...(cpus?.asked !== undefined && { cpus_asked: cpus.asked }),
    ...(memoryBytes && { memory_bytes: memoryBytes.has }),
    ...(memoryBytes?.asked !== undefined && { memory_asked_bytes: memoryBytes.asked }),
    active_runs: runs.atWork,
    waiting_runs: runs.waiting,
    ...(runs.waitsFor !== '' && { waits_for: runs.waitsFor }),
    ...(runs.unknown !== '' && { unknown: runs.unknown }),
  };
}
