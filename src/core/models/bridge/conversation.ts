/** A request of any protocol, in one vocabulary. What only one protocol has (thinking, tools that its servers run) is left out. */
export interface Conversation {
  readonly model: string;
  readonly system: string;
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice | undefined;
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly stop: readonly string[];
  /** The client reads the answer while it is said. */
  readonly stream: boolean;
  /** JSON Schema that the answer must fit. */
  readonly schema?: Json | undefined;
}

export type Json = Readonly<Record<string, unknown>>;

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly parts: readonly Part[];
}

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | ImagePart
  /** `input`: JSON text of an object; of a free-form tool the text itself. */
  | { readonly kind: 'call'; readonly id: string; readonly tool: string; readonly input: string }
  | {
      readonly kind: 'result';
      readonly id: string;
      readonly text: string;
      readonly images: readonly ImagePart[];
      readonly failed: boolean;
    };

/** Its bytes in base 64, or where they are. */
export type ImagePart =
  | { readonly kind: 'image'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'image'; readonly url: string };

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Json;
  /** It takes text instead of JSON; where a protocol has no such tools it takes an object with that text. */
  readonly freeform: boolean;
}

export type ToolChoice = { readonly kind: 'auto' | 'none' | 'any' } | { readonly kind: 'tool'; readonly name: string };

/** An answer, piece by piece. */
export type AnswerEvent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly id: string; readonly tool: string }
  /** More of the input of the last call. */
  | { readonly kind: 'input'; readonly text: string }
  | { readonly kind: 'stopped'; readonly reason: StopReason }
  | { readonly kind: 'failed'; readonly message: string };

/** Why a model stopped. `end`: it was through; `tool`: it waits for a result; `length`: its limit; `refused`: it will not. */
export type StopReason = 'end' | 'tool' | 'length' | 'refused';

/** How a free-form tool looks where every tool takes an object. */
export const freeformParameters: Json = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
};

/** The images of a data address are their bytes. */
export function imageAt(url: string): ImagePart {
  const found = /^data:([\w.+-]+\/[\w.+-]+);base64,(.*)$/s.exec(url);
  return found ? { kind: 'image', mediaType: found[1] ?? '', data: found[2] ?? '' } : { kind: 'image', url };
}

/** The address under which an image can be sent. */
export function addressOf(image: ImagePart): string {
  return 'url' in image ? image.url : `data:${image.mediaType};base64,${image.data}`;
}
