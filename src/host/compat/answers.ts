import type { DescService } from '@bufbuild/protobuf';
import { timestampFromMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';

/** agent-compose's lists hold at most this many. */
const maxPage = 500;
const defaultPage = 100;

/** One page of a list, and how many there are in all. */
export function paged<T>(
  all: readonly T[],
  { offset, limit }: { readonly offset: number; readonly limit: number },
): { readonly page: T[]; readonly total: number } {
  const size = Math.min(maxPage, limit > 0 ? limit : defaultPage);
  return { page: all.slice(offset, offset + size), total: all.length };
}

/** A list in pieces, the last of which says that it is the last: one piece for an empty list. */
export function* batches<T>(
  all: readonly T[],
  size: number,
): Generator<{ readonly batch: T[]; readonly emitted: number; readonly complete: boolean }> {
  const step = Math.min(maxPage, size > 0 ? size : defaultPage);
  for (let from = 0; from === 0 || from < all.length; from += step) {
    const batch = all.slice(from, from + step);
    const emitted = from + batch.length;
    yield { batch, emitted, complete: emitted === all.length };
  }
}

/** A time of ours, ms since the epoch with 0 for none, as theirs. */
export function time(ms: bigint): Timestamp | undefined {
  return ms > 0n ? timestampFromMs(Number(ms)) : undefined;
}

/** The error of a call, or of a field of one, that this version does not answer. */
export function notYet(what: string, instead: string): ConnectError {
  return new ConnectError(`${what} is not there in this version of Muster. ${instead}`, Code.Unimplemented);
}

export function invalid(reason: string): ConnectError {
  return new ConnectError(reason, Code.InvalidArgument);
}

export function notFound(what: string): ConnectError {
  return new ConnectError(`There is no ${what}.`, Code.NotFound);
}

/** A service that answers these calls, and says of every other one what to do instead. */
export function partly<S extends DescService>(
  service: S,
  answered: Partial<ServiceImpl<S>>,
  instead: string,
): Partial<ServiceImpl<S>> {
  const missing = service.methods.filter(({ localName }) => !Object.hasOwn(answered, localName));
  const refusing = missing.map(({ localName, name }) => [
    localName,
    () => {
      throw notYet(name, instead);
    },
  ]);
  return { ...Object.fromEntries(refusing), ...answered };
}
