import { isIP } from 'node:net';
import { AppError } from '../../base/errors.js';

/** Where a host listens for other machines. */
export interface ListenAddress {
  /** An IP address. */
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Nobody but this machine reaches it. */
  readonly loopback: boolean;
}

/** Reads `127.0.0.1:7410`, `[::1]:7410`, `localhost:7410`, `:7410` (every address of the machine) or `7410` (this machine). Errors: `request.invalid`. */
export function parseListenAddress(text: string): ListenAddress {
  const [, host, digits = ''] = /^(?:(\[[^\]]*\]|[^:]*):)?(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) throw invalid(text);
  const name = (host ?? '127.0.0.1').replace(/^\[|\]$/g, '');
  const address = name === '' || name === '*' ? '0.0.0.0' : name === 'localhost' ? '127.0.0.1' : name;
  if (isIP(address) === 0) throw invalid(text);
  return { address, port, loopback: isLoopback(address) };
}

/** True for what names this machine alone. */
export function isLoopback(name: string): boolean {
  const bare = name.toLowerCase().replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

function invalid(text: string): AppError<'request.invalid'> {
  const reason = `${JSON.stringify(text.slice(0, 100))} is no address and port`;
  return new AppError(
    'request.invalid',
    `Cannot listen: ${reason}. Write 127.0.0.1:7410, or :7410 for every address.`,
    {
      field: 'listen',
      reason,
    },
  );
}
