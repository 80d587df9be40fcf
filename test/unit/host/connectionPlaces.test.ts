import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ConnectionPlaces } from '../../../src/host/server/connectionPlaces.js';

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort: number;
  destroyed = false;

  constructor(remoteAddress: string, remotePort: number) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function world(most: number) {
  let now = 0;
  let port = 1;
  const places = new ConnectionPlaces({ most, strangerMs: 30, knownMs: 1_000, now: () => now });
  const come = (address: string) => {
    const socket = new FakeSocket(address, port++) as unknown as Socket & FakeSocket;
    return { socket, taken: places.take(socket) };
  };
  return { places, come, pass: (ms: number) => (now += ms) };
}

const known = (): boolean => true;
const unknown = (): boolean => false;

test('a full house makes room of the address that holds most, and of what waits longest there', () => {
  const { come } = world(4);
  const greedy = [come('10.0.0.1'), come('10.0.0.1'), come('10.0.0.1')];
  const modest = come('10.0.0.2');
  expect(come('10.0.0.3').taken).toBe(true);
  expect([...greedy, modest].map(({ socket }) => socket.destroyed)).toEqual([true, false, false, false]);
});

test('addresses of one IPv6 network count as one', () => {
  const { come } = world(3);
  const first = come('2001:db8:1:2::1');
  come('2001:db8:1:2:ffff::2');
  const other = come('2001:db8:1:3::1');
  come('10.0.0.3');
  expect([first, other].map(({ socket }) => socket.destroyed)).toEqual([true, false]);
});

test('strangers never take the place of somebody who was let in, while one of their own is there', () => {
  const { places, come } = world(3);
  const friends = [come('10.0.0.1'), come('10.0.0.1')];
  for (const { socket } of friends) places.begin(socket, known)();
  for (let flood = 0; flood < 100; flood++) expect(come(`10.1.0.${flood}`).taken).toBe(true);
  expect(friends.map(({ socket }) => socket.destroyed)).toEqual([false, false]);
});

test('a connection that came and went leaves nothing, and one that comes from its very address has a place of its own', () => {
  const { places, come } = world(1);
  const first = come('10.0.0.1').socket;
  const { remoteAddress, remotePort } = first;
  // Its end is told after the next one has come.
  const next = new FakeSocket(remoteAddress, remotePort) as unknown as Socket & FakeSocket;
  expect(places.take(next)).toBe(true);
  first.destroy();
  const end = places.begin(next, known);
  expect(come('10.0.0.2').taken).toBe(false);
  end();
  next.destroy();
  expect(come('10.0.0.2').taken).toBe(true);
  const gone = Object.assign(new FakeSocket('', 9), { remoteAddress: undefined }) as unknown as Socket;
  expect(places.take(gone)).toBe(false);
});

test('what works for somebody who was let in is never let go, and a place that has closed is free', () => {
  const { places, come } = world(1);
  const working = come('10.0.0.1');
  const end = places.begin(working.socket, known);
  expect(come('10.0.0.2').taken).toBe(false);
  end();
  expect(come('10.0.0.2').taken).toBe(true);
  expect(working.socket.destroyed).toBe(true);
});

test('requests of strangers that never end keep out nobody, and throw out nobody who was let in', () => {
  const { places, come } = world(5);
  const friend = come('10.0.0.1').socket;
  places.begin(friend, known)();
  const floods = ['10.1.0.1', '10.1.0.1', '10.1.0.1', '10.2.0.1'].map(address => come(address).socket);
  for (const socket of floods) places.begin(socket, unknown);
  expect(come('10.0.0.2').taken).toBe(true);
  expect([friend, ...floods].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false, false]);
});

test('a request is of who it turns out to be of while it is answered', () => {
  const { places, come } = world(1);
  const { socket } = come('10.0.0.1');
  let isIn = false;
  places.begin(socket, () => isIn);
  isIn = true;
  expect(come('10.0.0.2').taken).toBe(false);
  isIn = false;
  expect(come('10.0.0.2').taken).toBe(true);
  expect(socket.destroyed).toBe(true);
});

test('who waits too long goes: a stranger soon, others later, asked first and then made to', () => {
  const { places, come, pass } = world(10);
  const [stranger, friend, deaf] = [come('10.0.0.1').socket, come('10.0.0.2').socket, come('10.0.0.3').socket];
  places.begin(friend, known)();
  let asked = 0;
  places.onLeave(deaf, () => asked++);
  pass(31);
  places.sweep();
  expect([stranger.destroyed, friend.destroyed, deaf.destroyed, asked]).toEqual([true, false, false, 1]);
  places.sweep();
  expect([deaf.destroyed, asked]).toEqual([true, 1]);
  pass(1_000);
  places.sweep();
  expect(friend.destroyed).toBe(true);
});
