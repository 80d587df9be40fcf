/** The connection to whoever shows the page: every message that arrives is parsed, and dropped when it does not fit. */

interface WebviewApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): WebviewApi;

/** What messages go through. */
export interface Channel extends WebviewApi {
  /** Told of every message that arrives. */
  listen(listener: (message: unknown) => void): void;
}

let given: Channel | undefined;

/** The next page that connects goes through this channel. Without one it goes to VS Code. */
export function connectNextThrough(channel: Channel): void {
  given = channel;
}

function nextChannel(): Channel {
  const next = given ?? vscodeChannel();
  given = undefined;
  return next;
}

function vscodeChannel(): Channel {
  const api = acquireVsCodeApi();
  return {
    postMessage: message => api.postMessage(message),
    getState: () => api.getState(),
    setState: state => api.setState(state),
    listen: listener => window.addEventListener('message', event => listener(event.data)),
  };
}

/** As much of a zod schema as is needed here. */
interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false };
}

/** Both directions, and what VS Code keeps for the view while its document is gone. */
export interface MessagePort<Out, State> {
  post(message: Out): void;
  /** The state of an earlier document of the same view; undefined when there is none that fits. */
  readonly restored: State | undefined;
  save(state: State): void;
}

/** Connects once per document. Call `post({type: 'ready'})` when the view can draw. */
export function connectMessages<In, Out, State>(options: {
  readonly incoming: Schema<In>;
  readonly state: Schema<State>;
  readonly onMessage: (message: In) => void;
}): MessagePort<Out, State> {
  const channel = nextChannel();
  channel.listen(message => {
    const parsed = options.incoming.safeParse(message);
    if (parsed.success) options.onMessage(parsed.data);
    else console.warn('Muster: dropped a message that does not fit');
  });
  const restored = options.state.safeParse(channel.getState());
  return {
    post: message => channel.postMessage(message),
    restored: restored.success ? restored.data : undefined,
    save: state => channel.setState(state),
  };
}
