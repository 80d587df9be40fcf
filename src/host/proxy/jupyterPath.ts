import { isId, type ThreadId } from '../../base/ids.js';

/** A path of the proxy: the server of a thread, or what leads to its first page. */
export type JupyterPath =
  | { readonly kind: 'entry'; readonly thread: ThreadId }
  /** `target`: path and query as they go to the server, which is found under the same path. */
  | { readonly kind: 'inside'; readonly thread: ThreadId; readonly target: string }
  | { readonly kind: 'refused' };

const prefix = '/jupyter/';
/** Longer than any path of a file with its query. */
const longestTarget = 16 * 1024;

/** Whether a request is the proxy's business at all, allowed or not. */
export function isJupyterPath(target: string): boolean {
  return target === '/jupyter' || target.startsWith(prefix) || target.startsWith('/jupyter?');
}

/**
 * Which thread's server a request is for. Everything that could mean another path to somebody who reads it differently is
 * refused: segments of dots, encoded or not, backslashes, empty segments, control characters, a whole URL.
 */
export function parseJupyterPath(target: string): JupyterPath {
  const refused = { kind: 'refused' } as const;
  if (!target.startsWith(prefix) || target.length > longestTarget || !/^[\x21-\x7e]+$/.test(target)) return refused;
  const [path = ''] = target.split('?', 1);
  if (target.includes('#') || target.includes('\\')) return refused;
  const [id = '', ...rest] = path.slice(prefix.length).split('/');
  if (!isId<'thread'>(id)) return refused;
  if (rest.length === 0 || (rest.length === 1 && rest[0] === '')) return { kind: 'entry', thread: id };
  const last = rest.length - 1;
  if (!rest.every((segment, index) => isPlain(segment, index === last))) return refused;
  return { kind: 'inside', thread: id, target };
}

function isPlain(segment: string, isLast: boolean): boolean {
  if (segment === '') return isLast;
  // Twice: what decodes the path once more than it should would find these.
  const once = decoded(segment);
  const twice = once === undefined ? undefined : (decoded(once) ?? once);
  return [segment, once, twice].every(
    text =>
      text !== undefined &&
      text !== '.' &&
      text !== '..' &&
      !/[\\\u0000-\u001f\u007f]/.test(text) &&
      (text === segment || !text.includes('/')),
  );
}

/** Nothing for a stray `%`: such an address is refused. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
