import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { anthropicWire } from './anthropicWire.ts';
import { chatWire } from './chatWire.ts';
import { geminiWire } from './geminiWire.ts';
import type { ModelRequest, ModelTurn } from './modelScript.ts';
import { findStep } from './modelScript.ts';
import { responsesWire } from './responsesWire.ts';
import { answerSideRequest } from './sideRequests.ts';
import type { Wire } from './wire.ts';

const wires: readonly Wire[] = [anthropicWire, responsesWire, chatWire, geminiWire];

/** A model provider whose answers are scripted, for all four wire APIs at once, on 127.0.0.1. */
export interface ModelServer {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  /** Every request that the script answered, in order. */
  readonly requests: readonly ModelRequest[];
  /** Throws, naming each request that the script did not foresee. */
  verify(): void;
  close(): Promise<void>;
}

export interface ModelServerOptions {
  /** Called when half of an answer was sent, with how many requests the script has answered; the rest waits for it. */
  readonly halfway?: ((answered: number) => Promise<void>) | undefined;
}

/** Starts the server on a free port. */
export async function startModelServer(
  script: readonly ModelTurn[],
  { halfway }: ModelServerOptions = {},
): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const unexpected: string[] = [];

  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const body = await readBody(request);
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const wire = wires.find(candidate => candidate.match(method, url));
    const modelRequest = wire?.read(body, flatHeaders(request), url);
    if (!wire || !modelRequest) {
      unexpected.push(`${method} ${url}: not a known API`);
      json(404, { error: { message: 'not a known API' } });
      return;
    }
    const side = answerSideRequest(modelRequest);
    if (side !== undefined) {
      stream(response, wire.answer({ text: side }, modelRequest, 0));
      return;
    }
    const found = findStep(script, modelRequest.messages);
    if ('problem' in found) {
      const last = modelRequest.messages.at(-1);
      unexpected.push(`${method} ${url}: ${found.problem}; last message: ${last?.role}: ${last?.text.slice(0, 300)}`);
      // 400 and not 500: no client tries that again.
      json(400, wire.error(400, `Not in the script: ${found.problem}`));
      return;
    }
    requests.push(modelRequest);
    const { step } = found;
    if (step.error) json(step.error.status, wire.error(step.error.status, step.error.message));
    else {
      const body = wire.answer(step, modelRequest, requests.length);
      if (halfway) await streamSlowly(response, body, () => halfway(requests.length));
      else stream(response, body);
    }
  };

  const server = createServer((request, response) => {
    reply(request, response).catch((error: unknown) => {
      unexpected.push(`${request.method} ${request.url}: ${String(error)}`);
      response.destroy();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The model server has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    verify() {
      if (unexpected.length > 0) throw new Error(`Requests that are not in the script:\n${unexpected.join('\n')}`);
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}

function stream(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }).end(body);
}

/** The first event, then whatever the test does, then the others. */
async function streamSlowly(response: ServerResponse, body: string, halfway: () => Promise<void>): Promise<void> {
  const cut = body.indexOf('\n\n') + 2;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write(body.slice(0, cut));
  await halfway();
  response.end(body.slice(cut));
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function flatHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}
