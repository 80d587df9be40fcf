import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A model provider in a process of its own: a few events for the model `small`, some every moment for `paced`, as
 * many megabytes of them as it is asked for with `large`. */
const delta = `event: content_block_delta\ndata: ${JSON.stringify({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'some words that a model says ' },
})}\n\n`;
const start = `event: message_start\ndata: ${JSON.stringify({
  type: 'message_start',
  message: { usage: { input_tokens: 5000, output_tokens: 1 } },
})}\n\n`;
const end = `event: message_delta\ndata: ${JSON.stringify({ type: 'message_delta', usage: { output_tokens: 900 } })}\n\n`;
const piece = Buffer.from(delta.repeat(400));

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const { model, size } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { model: string; size: number };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(start);
    if (model === 'paced') {
      let pieces = 20;
      const timer = setInterval(() => {
        if (pieces-- > 0) return void response.write(piece);
        clearInterval(timer);
        response.end(delta + end);
      }, 100);
      return;
    }
    let left = model === 'large' ? Math.ceil((size * 1e6) / piece.length) : 0;
    const more = (): void => {
      while (left > 0) {
        left--;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end(delta + end);
    };
    more();
  });
});
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
