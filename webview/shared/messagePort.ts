/** The connection to the extension: every message that arrives is parsed, and dropped when it does not fit. */

interface WebviewApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): WebviewApi;

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
  const api = acquireVsCodeApi();
  window.addEventListener('message', event => {
    const parsed = options.incoming.safeParse(event.data);
    if (parsed.success) options.onMessage(parsed.data);
    else console.warn('Muster: dropped a message that does not fit');
  });
  const restored = options.state.safeParse(api.getState());
  return {
    post: message => api.postMessage(message),
    restored: restored.success ? restored.data : undefined,
    save: state => api.setState(state),
  };
}
