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
  /** Requests that are being answered; each says whether it is of somebody who may come in. */
  readonly work: Set<Work>;
  /** It has sent a request of somebody who may come in. */
  known: boolean;
  /** When it was last at work. */
  since: number;
}

interface Work {
  readonly isKnown: () => boolean;
}

/** The connections of one address, by what they do: those that do it longest first. */
interface Room {
  readonly address: string;
  /** They do nothing. */
  readonly strangers: Set<Place>;
  readonly known: Set<Place>;
  readonly working: Set<Place>;
  count: number;
}

/**
 * The places of a listener that strangers reach. While some are free everybody gets one. When all are taken, whoever comes gets that of
 * a connection of those that have shown nothing: one that does nothing, or else the one whose request is the longest there; only then of one
 * that was let in and does nothing; always of the address that holds most. So nobody keeps others
 * out by holding connections, from one address or from many, with a request that never ends or without one, and no address has a limit
 * of its own, which would be too low for a proxy and too high for everybody else. What works for somebody who was let in is never let go
 * for another one.
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

  /** A place for this connection until it closes; false: all are taken by connections that work for people who were let in. */
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
    const place = { name, socket, room, leave, work: new Set<Work>(), known: false, since: this.#limits.now() };
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

  /** It has a request to answer, until the returned function is called; `isKnown`: whether it is, by then, of somebody who was let in. */
  begin(end: End, isKnown: () => boolean): () => void {
    const place = this.#places.get(nameOf(end));
    if (!place) return () => undefined;
    const work = { isKnown };
    place.work.add(work);
    waiting(place).delete(place);
    place.room.working.add(place);
    return () => {
      place.work.delete(work);
      place.known ||= isKnown();
      place.since = this.#limits.now();
      if (place.work.size > 0 || this.#places.get(place.name) !== place) return;
      place.room.working.delete(place);
      waiting(place).add(place);
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
    const place =
      this.#first(({ strangers: [first] }) => first) ??
      this.#first(({ working }) => firstStranger(working)) ??
      this.#first(({ known: [first] }) => first);
    if (!place) return false;
    // It closes a little later; its place is free at once.
    this.#forget(place);
    place.socket.destroy();
    return true;
  }

  /** What is found in the room that holds most of those where something is. */
  #first(find: (room: Room) => Place | undefined): Place | undefined {
    let most = 0;
    let found: Place | undefined;
    for (const room of this.#rooms.values()) {
      const place = room.count > most ? find(room) : undefined;
      if (place) [most, found] = [room.count, place];
    }
    return found;
  }

  #forget(place: Place): void {
    if (this.#places.get(place.name) !== place) return;
    this.#places.delete(place.name);
    const { room } = place;
    waiting(place).delete(place);
    room.working.delete(place);
    room.count--;
    if (room.count === 0) this.#rooms.delete(room.address);
  }

  #roomOf(address: string): Room {
    const found = this.#rooms.get(address);
    if (found) return found;
    const room: Room = { address, strangers: new Set(), known: new Set(), working: new Set(), count: 0 };
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

function firstStranger(working: Iterable<Place>): Place | undefined {
  for (const place of working) if (!place.known && ![...place.work].some(({ isKnown }) => isKnown())) return place;
  return undefined;
}

function waiting({ room, known }: Place): Set<Place> {
  return known ? room.known : room.strangers;
}

function nameOf({ remoteAddress, remotePort }: End): string {
  return `${remoteAddress} ${remotePort}`;
}
