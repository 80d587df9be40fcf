/** The wire APIs of models: Anthropic Messages, OpenAI Responses, OpenAI Chat Completions, Gemini generateContent. */
export type ModelProtocol = 'messages' | 'responses' | 'chat_completions' | 'gemini';

/** Every protocol. */
export const modelProtocols: readonly ModelProtocol[] = ['messages', 'responses', 'chat_completions', 'gemini'];
