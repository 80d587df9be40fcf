import { connect, type Socket } from 'node:net';
import { connect as http2Connect } from 'node:http2';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { mostOpenFiles } from '../../src/node/openFiles.js';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, type Programs } from '../support/hostProcess.ts';
import { answered, recordedRequest } from '../support/recordedRequest.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** As many as a machine lets one process have, where it does not let it have so many. */
const many = Math.min(10_000, mostOpenFiles() - 1_024);
const wave = 500;

test(`${many} connections of people who are let in, and that do nothing, are held, and a new client is served beside them`, async () => {
  const home = testHome(programs);
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  const { hostname, port, host } = new URL(daemon.url);
  const token = await daemon.token('--scope', 'read');
  const request = await recordedRequest(
    {
      ':method': 'POST',
      ':path': '/muster.v1.ProjectService/ListProjects',
      ':authority': host,
      'authorization': `Bearer ${token}`,
      'content-type': 'application/json',
    },
    '{}',
  );
  const open = new Set<Socket>();
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
  });
  const opened = (): Socket => {
    const socket = connect(Number(port), hostname);
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    return socket;
  };
  for (let count = 0; count < many; count += wave) {
    const sockets = Array.from({ length: Math.min(wave, many - count) }, opened);
    for (const socket of sockets) socket.write(request);
    await Promise.all(sockets.map(answered));
  }
  expect(open.size).toBe(many);

  const elsewhere = testHome(programs);
  const env = { MUSTER_HOST: daemon.url, MUSTER_TOKEN: token };
  expect(await elsewhere.muster(['project', 'ls'], { env })).toMatchObject({ status: 0 });
  // Each of them can still ask.
  const [one] = open;
  expect(one?.readyState).toBe('open');
  expect(open.size).toBe(many);
});

test.each(['application/json', 'application/proto', 'application/connect+proto', 'application/grpc'])(
  'a stranger’s call is refused before its body has come: %s',
  async type => {
    const home = testHome(programs);
    const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
    const session = http2Connect(daemon.url);
    onTestFinished(() => session.destroy());
    const isTheirs = type === 'application/grpc';
    const isStream = type === 'application/connect+proto';
    const stream = session.request({
      ':method': 'POST',
      ':path': isTheirs
        ? '/agentcompose.v2.ProjectService/ListProjects'
        : `/muster.v1.${isStream ? 'EventService/Watch' : 'ProjectService/ListProjects'}`,
      'content-type': type,
      ...(isTheirs || isStream ? {} : { 'content-length': '1000000' }),
    });
    // One byte of many, and nothing after it.
    stream.write('{');
    const said: string[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    stream.on('response', headers => said.push(JSON.stringify(headers)));
    stream.on('trailers', headers => said.push(JSON.stringify(headers)));
    await new Promise(resolve => stream.once('close', resolve));
    expect(said.join('\n')).toMatch(isTheirs ? /"grpc-status":"?16/ : /"code":"unauthenticated"/);
  },
);
