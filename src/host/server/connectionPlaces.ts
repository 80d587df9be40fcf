import type { Socket } from 'node:net';
import { networkOf } from './networkOf.js';

/** How many connections there may be, and how long one may be there for nothing. */
export interface PlaceLimits {
  readonly most: number;
  /** Of one that has shown nothing, in ms. */
  readonly strangerMs: number;
  /** Of one whose bearer was let in before, in ms. */
  readonly knownMs: number;
  /** A clock that only goes forward, in ms. */
  readonly now: () => number;
}

/** The two ends of a connection's address, which TLS and HTTP/2 hand on from the socket below them. */
type End = Pick<Socket, 'remoteAddress' | 'remotePort'>;

interface Place {
  readonly name: string;
  readonly socket: Socket;
  readonly room: Room;
  /** Asks the other side to go. */
  leave: () => void;
  /** Requests that are being answered. */
  work: number;
  /** It has sent a request of somebody who may come in. */
  known: boolean;
  /** When it was last at work. */
  since: number;
}

/** The connections of one address, and which of them do nothing: those that wait longest first. */
interface Room {
  readonly address: string;
  readonly strangers: Set<Place>;
  readonly known: Set<Place>;
  count: number;
}

/**
 * The places of a listener that strangers reach. While some are free everybody gets one. When all are taken, whoever comes gets that of
 * a connection which does nothing: first of those that have shown nothing, and of the address that holds most. So nobody keeps others
 * out by holding connections, from one address or from many, and no address has a limit of its own, which would be too low for a
 * proxy and too high for everybody else. What is at work is never let go for another one.
 *
 * A place: taken → waiting ⇄ working → gone (closed, given to another one, or waiting for too long).
 */
export class ConnectionPlaces {
  readonly #limits: PlaceLimits;
  readonly #rooms = new Map<string, Room>();
  readonly #places = new Map<string, Place>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** A place for this connection until it closes; false: all are taken by connections that work. */
  take(socket: Socket): boolean {
    // It is gone already.
    if (socket.remoteAddress === undefined) return false;
    const name = nameOf(socket);
    // Whoever had this address has gone, though nobody has said so yet.
    const earlier = this.#places.get(name);
    if (earlier) this.#forget(earlier);
    if (this.#places.size >= this.#limits.most && !this.#free()) return false;
    const room = this.#roomOf(networkOf(socket.remoteAddress));
    const leave = (): void => void socket.destroy();
    const place = { name, socket, room, leave, work: 0, known: false, since: this.#limits.now() };
    this.#places.set(name, place);
    room.count++;
    room.strangers.add(place);
    socket.once('close', () => this.#forget(place));
    return true;
  }

  /** A friendlier way to ask this one to go, when it has been waiting for too long. */
  onLeave(end: End, leave: () => void): void {
    const place = this.#places.get(nameOf(end));
    if (place) place.leave = leave;
  }

  /** It has a request to answer, until the returned function is called; `known`: of somebody who was let in. */
  begin(end: End): (ended: { readonly known: boolean }) => void {
    const place = this.#places.get(nameOf(end));
    if (!place) return () => undefined;
    place.work++;
    waiting(place).delete(place);
    return ({ known }) => {
      place.work--;
      place.known ||= known;
      place.since = this.#limits.now();
      if (place.work === 0 && this.#places.get(place.name) === place) waiting(place).add(place);
    };
  }

  /** Lets those go that have been waiting for too long. */
  sweep(): void {
    const { strangerMs, knownMs, now } = this.#limits;
    const at = now();
    for (const { strangers, known } of this.#rooms.values()) {
      for (const place of strangers) if (at - place.since > strangerMs) askToGo(place);
      for (const place of known) if (at - place.since > knownMs) askToGo(place);
    }
  }

  #free(): boolean {
    const place = this.#longestWaiting('strangers') ?? this.#longestWaiting('known');
    if (!place) return false;
    // It closes a little later; its place is free at once.
    this.#forget(place);
    place.socket.destroy();
    return true;
  }

  #longestWaiting(kind: 'strangers' | 'known'): Place | undefined {
    let greediest: Room | undefined;
    for (const room of this.#rooms.values())
      if (room[kind].size > 0 && room.count > (greediest?.count ?? 0)) greediest = room;
    const [first] = greediest?.[kind] ?? [];
    return first;
  }

  #forget(place: Place): void {
    if (this.#places.get(place.name) !== place) return;
    this.#places.delete(place.name);
    const { room } = place;
    waiting(place).delete(place);
    room.count--;
    if (room.count === 0) this.#rooms.delete(room.address);
  }

  #roomOf(address: string): Room {
    const found = this.#rooms.get(address);
    if (found) return found;
    const room: Room = { address, strangers: new Set(), known: new Set(), count: 0 };
    this.#rooms.set(address, room);
    return room;
  }
}

/** Friendly once: who still is there at the next look is let go. */
function askToGo(place: Place): void {
  const { leave, socket } = place;
  place.leave = () => void socket.destroy();
  leave();
}

function waiting({ room, known }: Place): Set<Place> {
  return known ? room.known : room.strangers;
}

function nameOf({ remoteAddress, remotePort }: End): string {
  return `${remoteAddress} ${remotePort}`;
}
