/**
 * The wire APIs of models. `messages`: Anthropic’s; `responses` and `chat_completions`: OpenAI’s new and old one; `gemini`: Google’s
 * generateContent.
 */
export type ModelProtocol = 'messages' | 'responses' | 'chat_completions' | 'gemini';

export const modelProtocols: readonly ModelProtocol[] = ['messages', 'responses', 'chat_completions', 'gemini'];
