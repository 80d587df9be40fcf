import type { ModelProtocol } from '../../core/models/modelProtocol.js';

/** An answer of the facade itself, with the status that clients of every protocol understand. */
export interface FacadeProblem {
  readonly status: number;
  readonly message: string;
  /** Seconds after which to try again. */
  readonly retryAfter?: number;
}

/** As the protocol's clients read it. Nothing in it comes from a key or a header. */
export function problemBody(protocol: ModelProtocol, { status, message }: FacadeProblem): string {
  switch (protocol) {
    case 'messages':
      return JSON.stringify({ type: 'error', error: { type: anthropicTypes.get(status) ?? 'api_error', message } });
    case 'responses':
    case 'chat_completions': {
      const code = openaiCodes.get(status) ?? 'muster_error';
      return JSON.stringify({ error: { message, type: code, param: null, code } });
    }
    case 'gemini':
      return JSON.stringify({ error: { code: status, message, status: geminiStatus.get(status) ?? 'INTERNAL' } });
  }
}

const anthropicTypes: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
]);

const openaiCodes: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'invalid_api_key'],
  [402, 'insufficient_quota'],
  [403, 'model_not_allowed'],
  [404, 'not_found'],
  [413, 'request_too_large'],
  [429, 'rate_limit_exceeded'],
  [502, 'upstream_unreachable'],
  [503, 'overloaded'],
]);

const geminiStatus: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [402, 'FAILED_PRECONDITION'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [413, 'INVALID_ARGUMENT'],
  [429, 'RESOURCE_EXHAUSTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
]);
