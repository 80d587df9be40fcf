import type { ModelProtocol } from '../modelProtocol.js';
import type { Conversation, Json } from './conversation.js';
import { chatDecoder, messagesDecoder, responsesDecoder, type Decoder } from './decodeAnswer.js';
import { chatEncoder, messagesEncoder, responsesEncoder, type AnswerHead, type Encoder } from './encodeAnswer.js';
import { readChat } from './readChat.js';
import { readMessages } from './readMessages.js';
import { readResponses } from './readResponses.js';
import { writeChat, writeMessages, writeResponses } from './writeRequests.js';

/** Protocols between which calls are translated. */
export type BridgedProtocol = Exclude<ModelProtocol, 'gemini'>;

/** True for a protocol that is translated from and into. */
export function isBridged(protocol: ModelProtocol): protocol is BridgedProtocol {
  return protocol !== 'gemini';
}

const readers: Readonly<Record<BridgedProtocol, (request: Json) => Conversation>> = {
  messages: readMessages,
  responses: readResponses,
  chat_completions: readChat,
};

const decoders: Readonly<Record<BridgedProtocol, () => Decoder>> = {
  messages: messagesDecoder,
  responses: responsesDecoder,
  chat_completions: chatDecoder,
};

const encoders: Readonly<Record<BridgedProtocol, (head: AnswerHead) => Encoder>> = {
  messages: messagesEncoder,
  responses: responsesEncoder,
  chat_completions: chatEncoder,
};

/** Reads a request of a client. */
export function readRequest(protocol: BridgedProtocol, request: Json): Conversation {
  return readers[protocol](request);
}

/** The request as the upstream gets it; it always streams its answer. */
export function writeRequest(
  protocol: BridgedProtocol,
  conversation: Conversation,
  options: { readonly isOpenAi: boolean },
): Json {
  switch (protocol) {
    case 'messages':
      return writeMessages(conversation);
    case 'responses':
      return writeResponses(conversation);
    case 'chat_completions':
      return writeChat(conversation, options);
  }
}

/** Understands the stream of an upstream. */
export function decoderOf(protocol: BridgedProtocol): Decoder {
  return decoders[protocol]();
}

/** Says an answer to a client. */
export function encoderOf(
  protocol: BridgedProtocol,
  head: Omit<AnswerHead, 'freeform'>,
  { tools }: Conversation,
): Encoder {
  const freeform = new Set(tools.filter(tool => tool.freeform).map(tool => tool.name));
  return encoders[protocol]({ ...head, freeform });
}
