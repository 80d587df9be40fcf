import { once } from 'node:events';
import { connect as http2Connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { createClient } from '@connectrpc/connect';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { RunService as TheirRuns } from '../../src/protocol/gen/agentcompose/v2/runs_pb.js';
import { HealthService } from '../../src/protocol/gen/health/v1/health_pb.js';
import { transportTo } from '../support/agentCompose/wires.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, testRepository, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const line = 'what an agent says goes on and on, and nobody listens to it for a long, long time';
const lines = 200_000;
const written = lines * (line.length + 1);
const file = `name: shop
providers:
  talker: {command: sh, args: ["-c", "yes '${line}' | head -n ${lines}"]}
agents:
  talker:
    provider: talker
    scheduler:
      triggers: [{name: nightly, cron: "0 3 29 2 *", prompt: Water}]
`;

/** Of each kind, while it is written and again afterwards: all of it for each of them would be a third of a gigabyte. */
const readers = 5;
const unread = 4 * readers * written;
const changes = 150;

test('who reads nothing of a stream is waited for: what is written meanwhile is not kept for them, and others are served', async () => {
  const home = testHome(programs);
  const repository = testRepository({ 'agent-compose.yml': file });
  const daemon = await startDaemon(home, '--listen', '127.0.0.1:0');
  expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
  const token = await daemon.token('--scope', 'operate');
  const client = await home.connect();
  const transport = transportTo({ url: daemon.url, token }, 'Connect with binary');
  const health = createClient(HealthService, transport);
  const memory = async (): Promise<number> => Number((await health.status({})).process?.rssBytes);
  const { projects } = await client.projects.listProjects({});
  const projectId = projects[0]?.id ?? '';
  const { runId, threadId } = await client.threads.dispatch({ project: projectId, agent: 'talker', prompt: 'Talk' });
  const before = await memory();

  const comes = (): ClientHttp2Session => {
    // A window of nothing: not one byte of an answer may be sent.
    const session = http2Connect(daemon.url, { settings: { initialWindowSize: 0 } });
    session.on('error', () => undefined);
    onTestFinished(() => session.destroy());
    return session;
  };
  const ask = (session: ClientHttp2Session, path: string, request: object) => asked(session, { path, token, request });
  const logs: ClientHttp2Stream[] = [];
  const allCome = async (): Promise<void> => {
    for (let reader = 0; reader < readers; reader += 1) {
      const session = comes();
      logs.push(await ask(session, 'muster.v1.RunService/ReadLog', { runId, follow: true }));
      await ask(session, 'agentcompose.v2.RunService/FollowRunLogs', { runId, follow: true });
    }
  };
  await allCome();
  const watching = await ask(comes(), 'muster.v1.EventService/Watch', {});

  expect(await home.muster(['wait', threadId, '--timeout', '120'])).toMatchObject({ status: 0 });
  await allCome();
  for (let change = 0; change <= changes; change += 1)
    await client.schedules.enableTrigger({
      project: projectId,
      agent: 'talker',
      name: 'nightly',
      enabled: change % 2 === 0,
    });
  let heard = 0;
  for await (const { data } of createClient(TheirRuns, transport).followRunLogs({ runId, follow: true }))
    heard += data.length;
  expect(heard).toBe(written);
  expect((await memory()) - before).toBeLessThan(unread);

  // They are told all the same, when they begin to read: all of a log, and of changes what they came to.
  const [log] = logs;
  if (!log) throw new Error('No reader');
  for (const stream of [log, watching]) stream.session?.settings({ initialWindowSize: 2 ** 20 });
  let read = 0;
  for await (const { chunk = '' } of messagesOf(log)) read += Buffer.from(String(chunk), 'base64').length;
  expect(read).toBe(written);
  const fresh = client.events.watch({})[Symbol.asyncIterator]();
  const now = (await fresh.next()).value?.sequence ?? 0n;
  await fresh.return?.();
  let told = 0;
  for await (const { sequence = 0 } of messagesOf(watching)) {
    told += 1;
    if (BigInt(String(sequence)) >= now) break;
  }
  expect(told).toBeLessThan(changes / 2);
});

/** A stream that the host has begun to answer, of which nothing is read. */
async function asked(
  session: ClientHttp2Session,
  { path, token, request }: { readonly path: string; readonly token: string; readonly request: object },
): Promise<ClientHttp2Stream> {
  const text = Buffer.from(JSON.stringify(request));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${path}`,
    'authorization': `Bearer ${token}`,
    'content-type': 'application/connect+json',
  });
  stream.on('error', () => undefined);
  stream.end(Buffer.concat([head, text]));
  const [headers] = await once(stream, 'response');
  expect((headers as Record<string, unknown>)[':status']).toBe(200);
  return stream;
}

/** The messages of an answer, as they are read. */
async function* messagesOf(stream: ClientHttp2Stream): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let bytes = Buffer.alloc(0);
  for await (const piece of stream) {
    bytes = Buffer.concat([bytes, piece as Buffer]);
    for (let end = endOf(bytes); end <= bytes.length; end = endOf(bytes)) {
      const isLast = bytes[0] === 2;
      const message = JSON.parse(bytes.subarray(5, end).toString()) as Readonly<Record<string, unknown>>;
      bytes = bytes.subarray(end);
      if (isLast) return;
      yield message;
    }
  }
}

function endOf(bytes: Buffer): number {
  return bytes.length < 5 ? Infinity : 5 + bytes.readUInt32BE(1);
}
