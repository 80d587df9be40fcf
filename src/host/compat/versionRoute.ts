import { productVersion } from '../../protocol/productVersion.js';
import type { Handler } from '../server/nodeHandler.js';
import { startedDrivers } from '../../base/startedDrivers.js';

/** `GET /api/version` and `GET /api/null`, which agent-compose's `status` asks; 404 for everything else. */
export const answerVersion: Handler = (request, response) => {
  const path = (request.url ?? '').split('?')[0];
  const known = request.method === 'GET' && (path === '/api/version' || path === '/api/null');
  response.statusCode = known ? 200 : 404;
  response.setHeader('Content-Type', 'application/json');
  response.end(
    JSON.stringify(known ? envelope(path === '/api/version') : { err: 'not found', msg: 'not found', data: null }),
  );
};

function envelope(withVersion: boolean): object {
  const now = new Date();
  const data = {
    version: productVersion,
    timestamp: now.toISOString(),
    timezone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    timezone_offset: -now.getTimezoneOffset() * 60,
    os: process.platform,
    arch: process.arch,
    compiled_drivers: startedDrivers,
  };
  return { err: null, msg: 'OK', data: withVersion ? data : null };
}
