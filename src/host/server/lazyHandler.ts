import type { Handler } from './nodeHandler.js';

/** Requests that somebody else answers, whose code is read at the first of them. */
export interface Elsewhere {
  readonly answers: (path: string) => boolean;
  readonly load: () => Promise<Handler>;
  /** The code could not be read. */
  readonly onError: (error: unknown) => void;
}

/** Answers requests by `own`, or by whoever is meant. */
export function dispatched(own: Handler, { answers, load, onError }: Elsewhere): Handler {
  let loading: Promise<Handler> | undefined;
  return (request, response) => {
    if (!answers((request.url ?? '').split('?')[0] ?? '')) {
      own(request, response);
      return;
    }
    loading ??= load();
    loading.then(
      handler => handler(request, response),
      (error: unknown) => {
        onError(error);
        loading = undefined;
        response.statusCode = 500;
        response.end();
      },
    );
  };
}
