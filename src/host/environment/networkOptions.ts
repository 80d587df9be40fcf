import { defined } from '../../base/defined.js';
import { parseListenAddress } from '../server/listenAddress.js';
import type { NetworkOptions } from '../server/networkOptions.js';
import { takeLoginSettings } from './loginSettings.js';

type Environment = Record<string, string | undefined>;

/**
 * What `muster daemon --listen` and its kin hand to the host: `HTTP_LISTEN` (agent-compose's name), `MUSTER_TLS_CERT`,
 * `MUSTER_TLS_KEY`, `MUSTER_PLAIN_HTTP`, and who logs in. Undefined: the host has its socket alone. Errors: `request.invalid`.
 */
export function networkOptions(env: Environment): NetworkOptions | undefined {
  const people = takeLoginSettings(env);
  const listen = env['HTTP_LISTEN'] ?? '';
  if (listen === '') return undefined;
  return {
    at: parseListenAddress(listen),
    plainHttp: env['MUSTER_PLAIN_HTTP'] === '1',
    people,
    ...defined({ certificate: env['MUSTER_TLS_CERT'] || undefined, key: env['MUSTER_TLS_KEY'] || undefined }),
  };
}
