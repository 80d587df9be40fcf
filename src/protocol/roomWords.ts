import type { PlaceCapacity } from './gen/muster/v1/sandboxes_pb.js';
import type { PlaceRoom } from './webview/placeRoom.js';
import { fill, type WebviewStrings } from './webview/webviewStrings.js';

/** Converts the wire's place. */
export function toPlaceRoom(place: PlaceCapacity): PlaceRoom {
  const { driver, name, agents, machines, machinesReady, cpus, cpusAsked, atWork, waiting, waitsFor, unknown } = place;
  const { memoryBytes, memoryAskedBytes } = place;
  return {
    driver,
    name: cut(name),
    agents: agents.map(({ agent }) => cut(agent)),
    ...(machines !== undefined && { machines: { ready: machinesReady ?? 0, all: machines } }),
    ...(cpus !== undefined && { cpus: share(cpus, cpusAsked) }),
    ...(memoryBytes !== undefined && { memoryBytes: share(memoryBytes, memoryAskedBytes) }),
    atWork,
    waiting,
    waitsFor: cut(waitsFor.join('; ')),
    unknown: cut(unknown),
  };
}

function share(has: number | bigint, asked: number | bigint | undefined): { has: number; asked?: number } {
  return { has: Number(has), ...(asked !== undefined && { asked: Number(asked) }) };
}

/** As webviews take it; the words of others are of any length. */
function cut(text: string): string {
  return text.slice(0, 4_000);
}

type RoomStrings = Pick<
  WebviewStrings,
  | 'roomNodes'
  | 'roomEngines'
  | 'roomAsked'
  | 'roomWhole'
  | 'roomWaitingCluster'
  | 'roomWaitingEngine'
  | 'agentActive'
  | 'roomUnknown'
>;

/** What is known of a place, a few words each. */
export function roomFacts(room: PlaceRoom, strings: RoomStrings): readonly string[] {
  const { driver, machines, cpus, memoryBytes, atWork, waiting } = room;
  const facts: string[] = [];
  const isCluster = driver === 'kubernetes';
  if (machines) facts.push(fill(isCluster ? strings.roomNodes : strings.roomEngines, machines.ready, machines.all));
  if (cpus && memoryBytes && cpus.has > 0) {
    const whole = [tenths(cpus.has), tenths(gibibytes(memoryBytes.has))] as const;
    facts.push(
      cpus.asked === undefined || memoryBytes.asked === undefined
        ? fill(strings.roomWhole, ...whole)
        : fill(strings.roomAsked, tenths(cpus.asked), whole[0], tenths(gibibytes(memoryBytes.asked)), whole[1]),
    );
  }
  if (atWork > 0) facts.push(fill(strings.agentActive, atWork));
  if (waiting > 0) facts.push(fill(isCluster ? strings.roomWaitingCluster : strings.roomWaitingEngine, waiting));
  if (facts.length === 0) facts.push(fill(strings.agentActive, 0));
  return facts;
}

/** Why runs wait, and why something is not known: in the words of others, of any length. */
export function roomReasons({ waitsFor, unknown }: PlaceRoom, strings: RoomStrings): readonly string[] {
  return [waitsFor, unknown === '' ? '' : fill(strings.roomUnknown, unknown)].filter(text => text !== '');
}

function tenths(amountOf: number): number {
  return Math.round(amountOf * 10) / 10;
}

function gibibytes(bytes: number): number {
  return bytes / 1024 ** 3;
}
