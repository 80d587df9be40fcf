import { AppError } from '../../base/errors.js';
import type { LoginEnvironment } from '../environment/loginSettings.js';
import type { ListenAddress } from './listenAddress.js';

/** Where and how a host listens for other machines. */
export interface NetworkOptions {
  readonly at: ListenAddress;
  /** Files with the certificate and its key, in PEM; both or none. */
  readonly certificate?: string;
  readonly key?: string;
  /** A person said that plain HTTP on an address that others reach is meant: something in front of it speaks TLS. */
  readonly plainHttp: boolean;
  /** Who logs in, as far as the environment says. */
  readonly people: LoginEnvironment;
}

/** Tokens and code would cross the network in clear. Errors: `request.invalid`. */
export function requireSafe({ at, certificate, key, plainHttp }: Omit<NetworkOptions, 'people'>): void {
  if ((certificate === undefined) !== (key === undefined))
    throw refused('a certificate needs its key, and a key its certificate: give --tls-cert and --tls-key');
  if (at.loopback || certificate !== undefined || plainHttp) return;
  throw refused(
    `other machines reach ${at.address}, and without TLS tokens and code would cross the network in clear. Give --tls-cert and --tls-key, listen on 127.0.0.1, or say --plain-http when something in front of it speaks TLS`,
  );
}

function refused(reason: string): AppError<'request.invalid'> {
  return new AppError('request.invalid', `Cannot listen: ${reason}.`, { field: 'listen', reason });
}
