import type { ModelRequest, ModelStep } from './modelScript.ts';

/** One model API: how its requests are read and how a scripted step is said in it. */
export interface Wire {
  /** Undefined when the path is not of this API. */
  match(method: string, path: string): boolean;
  read(body: unknown, headers: Readonly<Record<string, string>>, path: string): ModelRequest;
  /** The whole server-sent-events body of one answer. */
  answer(step: ModelStep, request: ModelRequest, sequence: number): string;
  error(status: number, message: string): unknown;
}

/** A value read from JSON, with access that never throws. */
export class Json {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
  get(key: string): Json {
    const { value } = this;
    return new Json(typeof value === 'object' && value !== null && key in value ? Reflect.get(value, key) : undefined);
  }
  get text(): string {
    return typeof this.value === 'string' ? this.value : '';
  }
  get items(): readonly Json[] {
    return Array.isArray(this.value) ? this.value.map(item => new Json(item)) : [];
  }
  has(key: string): boolean {
    return typeof this.value === 'object' && this.value !== null && key in this.value;
  }
}

/** One server-sent event. */
export function sse(data: unknown, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** The token of an `Authorization: Bearer` header. */
export function bearer(headers: Readonly<Record<string, string>>): string {
  return (headers['authorization'] ?? '').replace(/^Bearer /i, '');
}
