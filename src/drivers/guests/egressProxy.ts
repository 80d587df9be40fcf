import { lookup } from 'node:dns/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BlockList, connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorMessage } from '../../base/errors.js';

/** What a guest may reach besides the host: `registry.npmjs.org`, `*.debian.org`, `example.com:8443`, `192.168.1.5:80`. */
export type AllowedHosts = readonly string[];

/** Of a name without a port. */
const usualPorts = [80, 443];
const connectMs = 20_000;

/** Addresses that no name of the network leads to: whoever owns a name could point it at this machine or its neighbours. */
const inside = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(net, prefix, 'ipv6');

/**
 * An HTTP proxy (CONNECT, and plain requests) that leads to a list of hosts and nowhere else. Guests have no other way out, so that
 * this is where their network is decided, in the process of the host.
 */
export function createEgressProxy(allowed: AllowedHosts): Server {
  const server = createServer((incoming, answer) => void forward(incoming, answer, allowed));
  server.on('connect', (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    void tunnel({ target: incoming.url ?? '', client, head, allowed });
  });
  return server;
}

/** Where a request may go: an address, or why not. */
export async function destination(
  target: string,
  allowed: AllowedHosts,
): Promise<{ readonly address: string; readonly port: number } | { readonly refused: string }> {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(target) ?? [];
  const host = (bracketed ?? plain ?? '').toLowerCase().replace(/\.$/, '');
  const port = Number(digits);
  if (host === '' || port < 1 || port > 65_535) return { refused: `${JSON.stringify(target)} is no host and port.` };
  if (!allowed.some(pattern => matches(pattern.toLowerCase(), host, port)))
    return { refused: `${host}:${port} is not among the hosts that sandbox.network allows.` };
  // An address that a person wrote into the file is meant.
  if (isIP(host) !== 0) return { address: host, port };
  const { address, family } = await lookup(host);
  if (inside.check(address, family === 6 ? 'ipv6' : 'ipv4'))
    return { refused: `${host} leads to ${address}, which is not on the Internet.` };
  return { address, port };
}

function matches(pattern: string, host: string, port: number): boolean {
  const [, name = '', digits] = /^(.*?)(?::(\d{1,5}))?$/.exec(pattern) ?? [];
  const ports = digits === undefined ? usualPorts : [Number(digits)];
  if (!ports.includes(port)) return false;
  return name.startsWith('*.') ? host.endsWith(name.slice(1)) && host !== name.slice(2) : host === name;
}

async function tunnel(wanted: {
  readonly target: string;
  readonly client: Duplex;
  readonly head: Buffer;
  readonly allowed: AllowedHosts;
}): Promise<void> {
  const { target, client, head, allowed } = wanted;
  const refuse = (status: string, why: string): void => {
    client.end(`HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nMuster: ${why}\n`);
  };
  try {
    const to = await destination(target, allowed);
    if ('refused' in to) return refuse('403 Forbidden', to.refused);
    const server: Socket = connect({ host: to.address, port: to.port, timeout: connectMs });
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    server.once('timeout', end);
    server.on('error', end);
    client.on('close', end);
    server.once('connect', () => {
      server.setTimeout(0);
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.write(head);
      client.pipe(server);
      server.pipe(client);
    });
  } catch (error) {
    refuse('502 Bad Gateway', errorMessage(error));
  }
}

async function forward(incoming: IncomingMessage, answer: ServerResponse, allowed: AllowedHosts): Promise<void> {
  const refuse = (status: number, why: string): void => {
    answer.writeHead(status, { 'content-type': 'text/plain' }).end(`Muster: ${why}\n`);
  };
  try {
    const url = URL.parse(incoming.url ?? '');
    if (url?.protocol !== 'http:') return refuse(400, 'this is a proxy; a request names its whole http: address.');
    const to = await destination(`${url.hostname}:${url.port || '80'}`, allowed);
    if ('refused' in to) return refuse(403, to.refused);
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = incoming.headers;
    const { method } = incoming;
    const path = `${url.pathname}${url.search}`;
    const outgoing = request(
      { host: to.address, port: to.port, path, headers: { ...headers, host: url.host }, ...(method && { method }) },
      theirs => {
        answer.writeHead(theirs.statusCode ?? 502, theirs.headers);
        theirs.pipe(answer);
      },
    );
    outgoing.on('error', error => (answer.headersSent ? answer.destroy() : refuse(502, errorMessage(error))));
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  } catch (error) {
    refuse(502, errorMessage(error));
  }
}
