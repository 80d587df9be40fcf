import type { StreamRequest, UnaryRequest } from '@connectrpc/connect';

/**
 * Whether a call names the Docker Engine that it is about. Whoever does so chooses what this machine connects to, and where ssh logs in:
 * that is for people, and over the network for those who may also apply a file that names one, whatever the call itself needs.
 */
export function namesEngine(request: UnaryRequest | StreamRequest): boolean {
  if (request.stream) return false;
  const { message } = request;
  return 'engine' in message && typeof message.engine === 'string' && message.engine !== '';
}
