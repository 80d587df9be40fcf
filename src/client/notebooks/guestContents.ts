import { jsonValue } from '../../base/jsonObject.js';
import { numberField, recordsField, textField } from '../../base/unknownFields.js';
import { authority, callerHeaders, fetchOver, type GuestEndpoint } from './guestFetch.js';

/** A file or folder of a guest, as its server tells of it. */
export interface GuestEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly isWritable: boolean;
}

/** The server refused; `status` as HTTP has it. */
export class GuestRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The files below the root of a guest server. Paths are relative, with slashes; empty: the root. */
export class GuestContents {
  readonly #endpoint: GuestEndpoint;
  readonly #base: string;

  /** `path`: that of the server on the host's address, `/jupyter/<thread>/`. */
  constructor(endpoint: GuestEndpoint, path: string) {
    this.#endpoint = endpoint;
    this.#base = path;
  }

  async stat(path: string): Promise<GuestEntry> {
    return entryOf(await this.#json('GET', `${contents(path)}?content=0`));
  }

  async list(path: string): Promise<readonly GuestEntry[]> {
    const folder = await this.#json('GET', `${contents(path)}?type=directory&content=1`);
    return recordsField(folder, 'content').map(entryOf);
  }

  /** The file as it is, whatever is in it. */
  async read(path: string): Promise<Uint8Array> {
    const answer = await this.#ask('GET', `files/${encoded(path)}`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  /** Writes a whole file, new or in place of what it had. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const content = Buffer.from(bytes).toString('base64');
    await this.#json('PUT', contents(path), { type: 'file', format: 'base64', content });
  }

  async makeFolder(path: string): Promise<void> {
    await this.#json('PUT', contents(path), { type: 'directory' });
  }

  /** A file, or a folder with nothing in it. */
  async remove(path: string): Promise<void> {
    await this.#ask('DELETE', contents(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#json('PATCH', contents(from), { path: to });
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    return jsonValue(await (await this.#ask(method, path, body)).text());
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    const request = new Request(`http://${authority}${this.#base}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const answer = await fetchOver(this.#endpoint.socket, request, callerHeaders(this.#endpoint));
    if (answer.ok) return answer;
    const said = textField(jsonValue(await answer.text()), 'message');
    throw new GuestRefusal(answer.status, said === '' ? `The guest's server answered ${answer.status}.` : said);
  }
}

function contents(path: string): string {
  return path === '' ? 'api/contents' : `api/contents/${encoded(path)}`;
}

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function entryOf(model: unknown): GuestEntry {
  const at = (name: string): number => {
    const time = Date.parse(textField(model, name));
    return Number.isFinite(time) ? time : 0;
  };
  return {
    name: textField(model, 'name'),
    isFolder: textField(model, 'type') === 'directory',
    size: numberField(model, 'size') ?? 0,
    createdAt: at('created'),
    modifiedAt: at('last_modified'),
    isWritable: typeof model === 'object' && model !== null && Reflect.get(model, 'writable') !== false,
  };
}
