import { createServer, request, Agent } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Passes requests and answers on and looks at nothing: what going through any process of this machine costs. */
const [, , upstream = ''] = process.argv;
const agent = new Agent({ keepAlive: true });
const server = createServer((incoming, response) => {
  const { method, url, headers } = incoming;
  const outgoing = request(`${upstream}${url}`, { ...(method && { method }), headers, agent }, answer => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  incoming.pipe(outgoing);
});
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
