import type { ModelProtocol } from '../modelProtocol.js';
import type { Conversation, Json } from './conversation.js';
import { chatDecoder, messagesDecoder, responsesDecoder, type Decoder } from './decodeAnswer.js';
import { geminiDecoder } from './decodeGemini.js';
import { chatEncoder, messagesEncoder, responsesEncoder, type AnswerHead, type Encoder } from './encodeAnswer.js';
import { geminiEncoder } from './encodeGemini.js';
import { readChat } from './readChat.js';
import { readGemini } from './readGemini.js';
import { readMessages } from './readMessages.js';
import { readResponses } from './readResponses.js';
import { writeGemini } from './writeGemini.js';
import { writeChat, writeMessages, writeResponses } from './writeRequests.js';

const readers: Readonly<Record<ModelProtocol, (request: Json) => Conversation>> = {
  messages: readMessages,
  responses: readResponses,
  chat_completions: readChat,
  gemini: readGemini,
};

const decoders: Readonly<Record<ModelProtocol, (answer: string) => Decoder>> = {
  messages: messagesDecoder,
  responses: responsesDecoder,
  chat_completions: chatDecoder,
  gemini: geminiDecoder,
};

const encoders: Readonly<Record<ModelProtocol, (head: AnswerHead) => Encoder>> = {
  messages: messagesEncoder,
  responses: responsesEncoder,
  chat_completions: chatEncoder,
  gemini: geminiEncoder,
};

/** Reads a request of a client. */
export function readRequest(protocol: ModelProtocol, request: Json): Conversation {
  return readers[protocol](request);
}

/** The request as the upstream gets it; it always streams its answer. */
export function writeRequest(
  protocol: ModelProtocol,
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
    case 'gemini':
      return writeGemini(conversation);
  }
}

/** Understands the stream of an upstream. `answer` names the answer: calls that come without an id get one that begins with it. */
export function decoderOf(protocol: ModelProtocol, answer: string): Decoder {
  return decoders[protocol](answer);
}

/** Says an answer to a client. */
export function encoderOf(
  protocol: ModelProtocol,
  head: Omit<AnswerHead, 'freeform'>,
  { tools }: Conversation,
): Encoder {
  const freeform = new Set(tools.filter(tool => tool.freeform).map(tool => tool.name));
  return encoders[protocol]({ ...head, freeform });
}
