import { connect } from 'node:net';
import { join } from 'node:path';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import type { TestHome } from '../hostProcess.ts';

/** Where a client finds the host. */
export type Place = { readonly url: string; readonly token: string } | { readonly home: TestHome };

interface Options {
  readonly baseUrl: string;
  readonly interceptors: Interceptor[];
  readonly nodeOptions: object;
}

/** How agent-compose's clients, and everybody else's, may ask. */
export const wires = {
  'Connect with JSON': options => createConnectTransport({ ...options, httpVersion: '1.1', useBinaryFormat: false }),
  'Connect with binary': options => createConnectTransport({ ...options, httpVersion: '2', useBinaryFormat: true }),
  'gRPC': options => createGrpcTransport(options),
  'gRPC-Web': options => createGrpcWebTransport({ ...options, httpVersion: '1.1' }),
} satisfies Record<string, (options: Options) => Transport>;

export type Wire = keyof typeof wires;

/** The two that can say something while they hear: both need HTTP/2. */
export const twoWayWires: readonly Wire[] = ['Connect with binary', 'gRPC'];

/** A transport over one of the wires, over TCP with a token or over the socket of a home's host without one. */
export function transportTo(place: Place, wire: Wire): Transport {
  if ('url' in place)
    return wires[wire]({
      baseUrl: place.url,
      interceptors: [withHeader('authorization', `Bearer ${place.token}`)],
      nodeOptions: {},
    });
  const createConnection = () => connect(join(place.home.stateDir, 'host.sock'));
  return wires[wire]({ baseUrl: 'http://muster.localhost', interceptors: [], nodeOptions: { createConnection } });
}

export function withHeader(name: string, value: string): Interceptor {
  return next => request => {
    request.header.set(name, value);
    return next(request);
  };
}
