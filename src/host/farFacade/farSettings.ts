import { AppError } from '../../base/errors.js';
import { hostKeyOf, type HostKey } from '../facade/signedToken.js';
import { parseListenAddress, type ListenAddress } from '../server/listenAddress.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** What a facade elsewhere is told when it starts. */
export interface FarSettings {
  /** As tokens name it: `name.namespace` of its service. */
  readonly facade: string;
  readonly keys: readonly HostKey[];
  /** `models.json`; one that is not there is like an empty one. */
  readonly settingsFile: string;
  /** Of a mounted Secret. */
  readonly keysFolder: string | undefined;
  readonly models: ListenAddress;
  /** Of health and of what hosts ask. */
  readonly control: ListenAddress;
  /** How long calls that are at work may go on when it is to end. */
  readonly drainMs: number;
}

const longestDrainSeconds = 24 * 3600;

/** Reads them from the environment. Errors: `usage`, `request.invalid`. */
export function farSettings(variables: Variables): FarSettings {
  const facade = variables['MUSTER_FACADE_NAME'] ?? '';
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?\.[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(facade))
    throw wrong('MUSTER_FACADE_NAME', 'is the name of the service and its namespace, as in muster-facade.muster');
  const texts = (variables['MUSTER_FACADE_HOST_KEYS'] ?? '').split(/[\s,]+/).filter(text => text !== '');
  const keys = texts.map(hostKeyOf).filter(key => key !== undefined);
  if (keys.length === 0 || keys.length < texts.length)
    throw wrong('MUSTER_FACADE_HOST_KEYS', 'is what `muster facade key` prints, of one host or of several');
  const drain = variables['MUSTER_FACADE_DRAIN_SECONDS'] ?? '540';
  if (!/^\d{1,5}$/.test(drain) || Number(drain) > longestDrainSeconds)
    throw wrong('MUSTER_FACADE_DRAIN_SECONDS', `is a number of seconds up to ${longestDrainSeconds}`);
  return {
    facade,
    keys,
    settingsFile: variables['MUSTER_FACADE_SETTINGS'] ?? '/etc/muster/models.json',
    keysFolder: variables['MUSTER_FACADE_KEYS'],
    models: parseListenAddress(variables['MUSTER_FACADE_LISTEN'] ?? ':7411'),
    control: parseListenAddress(variables['MUSTER_FACADE_CONTROL'] ?? ':7412'),
    drainMs: Number(drain) * 1000,
  };
}

function wrong(name: string, what: string): AppError<'usage'> {
  const reason = `${name} ${what}`;
  return new AppError('usage', `${reason}.`, { reason });
}
